import { describe, expect, it } from 'vitest';
import { age, printable, printCsv, printTable } from './output.ts';

describe('what the CLI prints', () => {
  it('shows control and bidirectional characters instead of obeying them', () => {
    expect(printable('a\u001b[31mb\u202ec')).toBe('a\u241b[31mb\ufffdc');
  });

  it('aligns tables and keeps a row on one line', () => {
    expect(
      printTable(
        ['id', 'name'],
        [
          ['1', 'a\nb'],
          ['20', null],
        ],
      ),
    ).toBe('id  name\n──  ────\n1   a↵b\n20\n');
  });

  it('quotes CSV and defuses formulas but not numbers', () => {
    expect(
      printCsv(
        ['a', 'b'],
        [
          ['=1+1', 'x,"y"'],
          ['-5', null],
        ],
      ),
    ).toBe(`a,b\r\n'=1+1,"x,""y"""\r\n-5,\r\n`);
  });

  it('says ages as people do', () => {
    expect(age(new Date(0), new Date(3_600_000))).toBe('60 min');
  });
});
