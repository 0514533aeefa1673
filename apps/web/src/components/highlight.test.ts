import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highlight } from './highlight.ts';

const shown = (text: string) => highlight(text, 'sql').map(({ start, end, token }) => [token, text.slice(start, end)]);

test('colours SQL by kind of token', () => {
  expect(shown("SELECT lower(a), 'it''s', E'\\'x', $1, 1.5e3 FROM \"Select\" -- end")).toEqual([
    ['keyword', 'SELECT'],
    ['function', 'lower'],
    ['string', "'it''s'"],
    ['string', "E'\\'x'"],
    ['number', '$1'],
    ['number', '1.5e3'],
    ['keyword', 'FROM'],
    ['comment', '-- end'],
  ]);
});

test('dollar quotes and nested comments are one token each', () => {
  expect(shown('DO $x$ DROP $$ TABLE $x$; /* a /* b */ c */ x')).toEqual([
    ['keyword', 'DO'],
    ['string', '$x$ DROP $$ TABLE $x$'],
    ['comment', '/* a /* b */ c */'],
  ]);
});

test('an unknown language has no colour', () => {
  expect(highlight('SELECT 1', 'plain')).toEqual([]);
});

test('spans lie in order inside the text, whatever it is', () => {
  const sqlish = fc.constantFrom(
    "'",
    '"',
    '$',
    '$$',
    '/*',
    '*/',
    '--',
    '\n',
    'E',
    '\\',
    'select',
    '1',
    '.',
    ' ',
    '\ud800',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(sqlish, fc.string({ unit: 'binary' }))), (parts) => {
      const text = parts.join('');
      let at = 0;
      for (const { start, end } of highlight(text, 'sql')) {
        expect(start).toBeGreaterThanOrEqual(at);
        expect(end).toBeGreaterThan(start);
        at = end;
      }
      expect(at).toBeLessThanOrEqual(text.length);
    }),
  );
});
