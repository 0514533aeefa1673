import { describe, expect, it } from 'vitest';
import { detectors } from './detectors/registry.ts';
import { scan } from './scan.ts';
import { hits, misses } from './testing/samples.ts';

function found(text: string): string[] {
  return scan(text, detectors).map(({ start, end, detector }) => `${detector.name}:${text.slice(start, end)}`);
}

describe('detectors', () => {
  for (const [name, text, value] of hits) {
    it(`${name} finds ${JSON.stringify(value).slice(0, 50)} in ${JSON.stringify(text).slice(0, 40)}`, () => {
      expect(found(text)).toEqual([`${name}:${value}`]);
    });
  }
  for (const text of misses) {
    it(`leaves ${JSON.stringify(text)}`, () => expect(found(text)).toEqual([]));
  }
});

const wide = (text: string): string => text.replace(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
const escaped = (text: string): string =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const percent = (text: string): string => [...text].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
const disguises: Readonly<Record<string, (text: string) => string>> = {
  'full-width digits': wide,
  'Arabic digits': (text) => text.replace(/[0-9]/g, (digit) => String.fromCodePoint(0x660 + Number(digit))),
  'zero-width characters': (text) => [...text].join('\u200b'),
  'soft hyphens': (text) => [...text].join('\u00ad'),
  'terminal colours': (text) => [...text].join('\x1b[31m'),
  backspaces: (text) => [...text].join('\x08'),
  'escapes of JSON': escaped,
  'URL encoding': percent,
  'HTML entities': (text) => [...text].map((letter) => `&#${letter.charCodeAt(0)};`).join(''),
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64 without padding': (text) => Buffer.from(text).toString('base64url'),
  'base64 in a longer text': (text) => Buffer.from(`{"name":"x","value":"${text}","and":"more"}`).toString('base64'),
  'base64 of UTF-16': (text) => Buffer.from(text, 'utf16le').toString('base64'),
  'wrapped base64': (text) =>
    Buffer.from(`${'some words before it '.repeat(5)}${text} and some after it`)
      .toString('base64')
      .replace(/.{76}/g, '$&\n'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex of bytea': (text) => `\\x${Buffer.from(text).toString('hex')}`,
  'hex of UTF-16': (text) => Buffer.from(text, 'utf16le').toString('hex'),
  'escaped full-width': (text) => escaped(wide(text)),
};

describe('disguises (MK09)', () => {
  for (const [name, disguise] of Object.entries(disguises)) {
    it(name, () => {
      for (const value of [
        '4111111111111111',
        '4111 1111 1111 1111',
        '123-45-6789',
        'alice@example.com',
        'DE89370400440532013000',
        '+44 20 7946 0958',
      ]) {
        const text = `before ${disguise(value)} after`;
        const rest = scan(text, detectors).reduceRight(
          (left, { start, end }) => left.slice(0, start) + left.slice(end),
          text,
        );
        expect(rest, `${value} as ${disguise(value)}`).toBe('before  after');
      }
    });
  }
  it('line ends inside a card number', () => expect(found('4111 1111\n1111 1111')).toHaveLength(1));
  it('dashes of typography', () => expect(found('123–45–6789')).toHaveLength(1));
});
