import { describe, expect, it } from 'vitest';
import { detectors } from './detectors/registry.ts';
import { flagsOf, Subject } from './detectors/subject.ts';
import { scan } from './scan.ts';

/** Texts that make a careless pattern start over at each place. */
const seeds: readonly string[] = [
  'a',
  'SCRAM-SHA-256$4096:',
  '$2b$10$',
  '$argon2id$',
  '$6$',
  'A',
  '1',
  '@',
  '-',
  '=',
  ':',
  ' ',
  '\n',
  '\\',
  '%',
  '"',
  "'",
  '•',
  '\u200b',
  '１',
  'eyJ',
  'eyJa.',
  'eyJ.',
  'eyJ-',
  'a@',
  'a.',
  'a@a.',
  '@a.',
  '1 ',
  '1-',
  '11 ',
  '111-',
  '4 ',
  '4-',
  '41111 ',
  '123-45-',
  '+1',
  '+1 ',
  '(1) ',
  'DE89 ',
  'DE89',
  'D9',
  'sk-',
  'ghp_',
  'sl',
  'slp_',
  'SG.',
  'SG.-',
  'xoxb-',
  'AccountKey=',
  'hooks.slack.com/services/',
  '-----BEGIN',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN RSA ',
  '://',
  ':///',
  '://:',
  '://a:',
  '://a:b',
  'a:a@',
  'password=',
  'password="',
  "pwd='",
  'password ',
  'a_',
  'pass',
  'bearer ',
  'basic a',
  'Bearer aaaaaaaaaaaaaaaaaaaa ',
  '\\u0031',
  '\\u',
  '%31',
  '%3',
  '&#',
  '&#49;',
  '\x1b[',
  '\x1b[31m1',
  'MTIz',
  '3132',
  '0x',
  'aaaaaaaaaaaaaa ',
  'phone 1 ',
  'ssn 1',
  'x1 ',
  'ext',
  '1.1.',
  '1/',
  '22 ',
  '555-',
  '212-555-',
  '212 ',
  '.',
];
const length = 100_000;
const fill = (seed: string, size: number): string => seed.repeat(Math.ceil(size / seed.length)).slice(0, size);
const elapsed = (run: () => void): number => {
  const start = performance.now();
  run();
  return performance.now() - start;
};

describe('time', () => {
  // A quadratic walk of 100,000 characters takes 10^10 steps, well over ten seconds; a linear one some milliseconds.
  it('is linear for every detector over hostile texts', () => {
    for (const detector of detectors) {
      for (const seed of seeds) {
        const text = fill(seed, length);
        const took = elapsed(() => detector.find(new Subject(text, flagsOf(text)), () => undefined));
        expect(took, `${detector.name} over ${JSON.stringify(seed)}`).toBeLessThan(3_000);
      }
    }
  });

  it('is linear for the whole scan over pairs of hostile seeds', () => {
    for (const [index, seed] of seeds.entries()) {
      const text = fill(seed, length / 2) + fill(seeds[(index * 7 + 3) % seeds.length] ?? 'a', length / 2);
      expect(
        elapsed(() => scan(text, detectors)),
        JSON.stringify(seed),
      ).toBeLessThan(5_000);
    }
  });
});
