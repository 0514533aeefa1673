import { expect, test } from 'vitest';
import { SafeOutput } from './safe-output.ts';
import { styledLines } from './styled-lines.ts';

const shown = (text: string) => styledLines(new SafeOutput().write(text));
const texts = (text: string) => shown(text).map((line) => line.map((run) => run.text).join(''));

test('lines keep their words, and what moves a cursor is gone', () => {
  expect(texts('a\r\nb\n\nc\n')).toEqual(['a', 'b', '', 'c']);
  expect(texts('10 %\r50 %\r100 %\n')).toEqual(['100 %']);
  expect(texts('ab\bc\x1b[2K\x1b[5;5Hd\tx')).toEqual(['acd\tx']);
  expect(texts('\x1b]52;c;QQ==\x07x<img src=x onerror=1>')).toEqual(['x<img src=x onerror=1>']);
  expect(texts('')).toEqual(['']);
});

test('colours and weights stay with their text', () => {
  const [line] = shown(
    '\x1b[1;31mred\x1b[39m bold\x1b[0m\x1b[38;5;10mten\x1b[38;2;1;2;3mrgb\x1b[91;4mb\x1b[38:2::1:2:3mc',
  );
  expect(line?.map(({ text, bold, underline, colour }) => [text, bold, underline, colour])).toEqual([
    ['red', true, false, 1],
    [' bold', true, false, null],
    ['ten', false, false, 10],
    ['rgb', false, false, null],
    ['b', false, true, 9],
    ['c', false, true, 9],
  ]);
});
