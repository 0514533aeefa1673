import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileMasks } from '../compile.ts';
import { detectorNames } from '../index.ts';
import { hits, misses } from '../testing/samples.ts';
import type { ByteText } from './byte-text.ts';
import { maskInPlace } from './in-place.ts';

const bytes: ByteText<Buffer> = {
  toText: (buffer) => buffer.toString('latin1'),
  fromText: (text) => Buffer.from(text, 'latin1'),
  encode: (text) => Buffer.from(text, 'utf8').toString('latin1'),
};
const rule = { rule: 'r', columns: [], detectors: [...detectorNames], strategy: 'partial', dataClass: 'test' } as const;
const masks = compileMasks([rule], () => 'a'.repeat(40));

it('masks every value and keeps every place', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...hits), { minLength: 1, maxLength: 5 }),
      fc.uint8Array({ maxLength: 40 }),
      (list, noise) => {
        const input = Buffer.concat([
          noise,
          Buffer.from(list.map(([, text]) => `\nbefore\n${text}\nafter\n`).join('')),
        ]);
        const output = maskInPlace(masks, bytes, input);
        expect(output).toHaveLength(input.length);
        for (const [, , value] of list) expect(output.toString()).not.toContain(value);
        expect(output.subarray(0, noise.length).equals(Buffer.from(noise))).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

it('gives back the very same bytes where nothing is found', () => {
  const input = Buffer.from(`${misses[0] ?? ''} and words`);
  expect(maskInPlace(masks, bytes, input)).toBe(input);
});

it('finds a value in a code whose beginning is not there, at each of its places', () => {
  const code = Buffer.from(
    `some words before it ${'and more '.repeat(20)} alice@example.com and some after it`,
  ).toString('base64');
  for (const skipped of [0, 1, 2, 3, 4, 5]) {
    const output = maskInPlace(masks, bytes, Buffer.from(code.slice(skipped))).toString();
    expect(Buffer.from(`${'A'.repeat(skipped)}${output}`, 'base64').toString('latin1')).not.toContain(
      'alice@example.com',
    );
  }
});

it('takes the shortest addresses between bytes that are no text for chance, and no others', () => {
  const noise = Buffer.from('ff00fe80c041', 'hex');
  const between = (text: string) => Buffer.concat([noise, Buffer.from('qwertz'), noise, Buffer.from(text), noise]);
  expect(maskInPlace(masks, bytes, between('q@x.io')).includes('q@x.io')).toBe(true);
  expect(maskInPlace(masks, bytes, between('alice@example.com')).includes('alice')).toBe(false);
  expect(maskInPlace(masks, bytes, Buffer.from('q@x.io')).includes('q@x.io')).toBe(false);
});
