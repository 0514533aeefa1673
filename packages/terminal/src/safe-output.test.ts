import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText } from './plain-text.ts';
import { maxStringLength, SafeOutput } from './safe-output.ts';
import { restoreModes } from './screen-modes.ts';

function safe(text: string): string {
  return new SafeOutput().write(text);
}

test('what draws and moves stays as it is', () => {
  for (const text of [
    'hello\r\n\tworld\b',
    '\x1b[1;31mred\x1b[0m\x1b[38;2;1;2;3m\x1b[38:5:9m',
    '\x1b[H\x1b[2J\x1b[3;4H\x1b[10A\x1b[K\x1b[1P\x1b[2@\x1b[5;20r\x1bM\x1b7\x1b8',
    '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[4h\x1b[!p\x1b[2 q',
    '\x1b(0lqqk\x1b(B\x0e\x0f\x1b#8\x1bc',
    '日本 🦉 é',
  ])
    expect(safe(text)).toBe(text);
});

test('what is aimed at the terminal instead of its screen is taken out and counted', () => {
  const cases: Record<string, readonly [string, string]> = {
    '\x1b]52;c;cm0gLXJmIC8=\x07': ['clipboard', ''],
    '\x1b]52;c;cm0gLXJmIC8=\x1b\\': ['clipboard', ''],
    '\x9d52;c;cm0gLXJmIC8=\x9c': ['clipboard', ''],
    '\x1b]0;title\x07': ['titles', ''],
    '\x1b]2;title\x1b\\': ['titles', ''],
    '\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07': ['links', 'link'],
    '\x1bP$q"p\x1b\\': ['strings', ''],
    '\x1bPq#0;2;0;0;0#0~~@@\x1b\\': ['strings', ''],
    '\x1b_Gf=100;AAAA\x1b\\': ['strings', ''],
    '\x1b^private\x1b\\': ['strings', ''],
    '\x1bXstart\x1b\\': ['strings', ''],
    '\x1b]1337;File=inline=1:AAAA\x07': ['strings', ''],
    '\x1b]4;1;?\x07': ['strings', ''],
    '\x1b[c': ['queries', ''],
    '\x1b[>0c': ['queries', ''],
    '\x1b[6n': ['queries', ''],
    '\x1b[?6n': ['queries', ''],
    '\x1b[?2004$p': ['queries', ''],
    '\x1b[>q': ['queries', ''],
    '\x1bZ': ['queries', ''],
    '\x1b[8;100;100t': ['windows', ''],
    '\x1b[21t': ['windows', ''],
    'a\u202eb\u2066c': ['directions', 'abc'],
  };
  for (const [text, [counted, shown]] of Object.entries(cases)) {
    const output = new SafeOutput();
    expect([text, output.write(text)]).toEqual([text, shown]);
    expect([text, output.removed[counted as keyof typeof output.removed]]).not.toEqual([text, 0]);
  }
  expect(safe('\x05\x07\0\x7f\x1b[?1000h\x1b[?1006;1004h\x1b[?3h\x1b[i\x1b=\x1b%G')).toBe('');
});

test('parameters are bounded, and modes are kept one by one', () => {
  expect(safe('\x1b[2147483647b\x1b[99999999999999999999L\x1b[1;5000H')).toBe('\x1b[1000b\x1b[1000L\x1b[1;1000H');
  expect(safe('\x1b[?1000;1049;1006h')).toBe('\x1b[?1049h');
  expect(safe(`\x1b[${'1;'.repeat(10_000)}mafter`)).toBe('after');
});

test('an interrupted sequence goes, controls within one work, and a C1 control is its ESC form', () => {
  expect(safe('\x1b[1\x18a\x1b[2\x1b[3Kb')).toBe('a\x1b[3Kb');
  expect(safe('\x1b[1\r\nm')).toBe('\r\n\x1b[1m');
  expect(safe('\x9b1m\x84\x90q\x9cz')).toBe('\x1b[1m\x1bDz');
  expect(safe('\x1b]0;a\x1b[1mb')).toBe('\x1b[1mb');
});

test('nothing hides behind a string without an end for ever', () => {
  expect(safe(`\x1b]0;${'x'.repeat(maxStringLength)}shown`)).toContain('shown');
});

test('however the output is cut, the result is the same, and is safe again as it is', () => {
  const part = fc.constantFrom(
    'text',
    '\x1b',
    '[',
    ']',
    '52;c;AAAA',
    '\x07',
    '\x1b\\',
    '1;31m',
    '?1049h',
    '6n',
    '\x9b',
    '\x9d',
    'P',
    '\x18',
    '(0',
    '\r\n',
    '\u202e',
    'é',
    '8;1;1t',
    '\x90',
    '_',
    '#8',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), fc.array(fc.nat(400), { maxLength: 10 }), (parts, cuts) => {
      const text = parts.join('');
      const whole = new SafeOutput();
      const expected = whole.write(text);
      const pieces = new SafeOutput();
      const places = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
      const got = places.map((place, index) => pieces.write(text.slice(place, places[index + 1] ?? place))).join('');
      expect(got).toBe(expected);
      expect(pieces.removed).toEqual(whole.removed);
      expect(pieces.modes).toEqual(whole.modes);
      expect(safe(expected)).toBe(expected);
      expect(expected).not.toMatch(/\x1b[\]P_^X]|[\x80-\x9f\x07]|\x1b\[[^@-~]*[cnt]/);
    }),
    { numRuns: 2_000 },
  );
});

test('modes that the screen does not show are kept, per screen', () => {
  const output = new SafeOutput();
  output.write('\x1b[2;10r\x1b[?6h\x1b(0\x1b[?1049h');
  expect(output.modes).toMatchObject({ alternate: true, region: null, normalRegion: { top: 2, bottom: 10 } });
  output.write('\x1b[?1049l\x1b[?25l');
  expect(restoreModes(output.modes, { column: 4, row: 5 })).toBe('\x1b[2;10r\x1b[?6h\x1b[5;5H\x1b[?25l\x1b(0');
  output.write('\x1bc');
  expect(restoreModes(output.modes, { column: 4, row: 5 })).toBe('');
});

test('the words of an output are found without what draws them', () => {
  expect(plainText('\x1b[1mpass\x1b[0mword\r\n\x1b[5;3Hnext\x1b(0q\x1b[Kx')).toBe('password\n\nnextqx');
});
