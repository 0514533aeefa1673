import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evidenceText, excessFinding, inspectText, type TextPiece } from './suspicious-text.ts';

const marks = (text: string) =>
  inspectText(text).pieces.filter((piece): piece is Extract<TextPiece, { type: 'mark' }> => piece.type === 'mark');

describe('inspectText', () => {
  test('leaves ordinary statements alone', () => {
    for (const text of [
      "UPDATE customers\n\tSET phone = '•••• 4422'\r\nWHERE id = 1;",
      "SELECT 'Москва', 'Ελλάδα', 'naïve café', '東京', '👍🏽' -- ok",
      "INSERT INTO t VALUES ('façade', 'Ångström', 'Straße')",
    ]) {
      expect(inspectText(text).findings.filter((finding) => !finding.includes('invisible'))).toEqual([]);
    }
  });

  test.each([
    ['a\u200bb', 'invisible', 'ZWSP'],
    ['a\u{e0041}b', 'invisible', 'U+E0041'],
    ['a\u3164b', 'invisible', 'HF'],
    ['a\u202eb', 'bidi', 'RLO'],
    ['a\u2066b', 'bidi', 'LRI'],
    ['a\u0008b', 'control', 'BS'],
    ['a\rb', 'control', 'CR'],
    ['a\u2028b', 'control', 'LS'],
    ['a\u00a0b', 'space', 'NBSP'],
    ['a\ud800b', 'invisible', 'U+D800'],
  ])('%j is marked as %s', (text, kind, label) => {
    expect(marks(text)).toEqual([expect.objectContaining({ kind, label, start: 1 })]);
  });

  test('marks the Cyrillic letters of a word that mixes scripts, and only those', () => {
    const found = marks('SELECT * FROM p\u0430yments');
    expect(found).toEqual([expect.objectContaining({ kind: 'look-alike', text: '\u0430', start: 15 })]);
    expect(found[0]?.explanation).toBe('U+0430 looks like a (U+0061) but is not');
  });

  test('marks a word made of look-alikes alone', () => {
    expect(marks('\u0441\u043e\u0441\u043e').length).toBe(4);
    expect(marks('DROP \uff35\uff33\uff25\uff32').length).toBe(4);
  });

  test('marks signs that look like quotes, semicolons and dashes', () => {
    expect(marks('x = \u2019a\u2019\uff1b \u2013\u2013 comment').map((mark) => mark.text)).toEqual([
      '\u2019',
      '\u2019',
      '\uff1b',
      '\u2013',
      '\u2013',
    ]);
  });

  test('each look-alike sign names its ASCII twin', () => {
    expect(marks('\uff1b')[0]?.explanation).toContain('looks like ; ');
    expect(marks('\u2215')[0]?.explanation).toContain('looks like / ');
    expect(marks('\u2212')[0]?.explanation).toContain('looks like - ');
    expect(marks('\uff1d')[0]?.explanation).toContain('looks like = ');
    expect(marks('\u2223')[0]?.explanation).toContain('looks like | ');
    expect(marks('\u201c')[0]?.explanation).toContain('looks like " ');
  });

  test('folds long padding and keeps what follows it in sight', () => {
    const text = `DELETE FROM t WHERE id = 1${' '.repeat(312)}OR true`;
    const { pieces, findings } = inspectText(text);
    expect(pieces.map((piece) => (piece.type === 'padding' ? `<${piece.label}>` : piece.text)).join('')).toBe(
      'DELETE FROM t WHERE id = 1<312 spaces>OR true',
    );
    expect(findings).toEqual(['1 stretch of padding folded']);
  });

  test('folds empty lines, also where they hold spaces, and keeps the next line’s indent', () => {
    const { pieces } = inspectText(`SELECT 1;${'\n \t'.repeat(49)}\n  DROP TABLE t`);
    expect(pieces.map((piece) => (piece.type === 'padding' ? `<${piece.label}>` : piece.text)).join('')).toBe(
      'SELECT 1;<49 empty lines>  DROP TABLE t',
    );
  });

  test('marks piles of combining marks', () => {
    expect(marks(`z${'\u0301'.repeat(6)}`)).toEqual([expect.objectContaining({ kind: 'combining' })]);
  });

  test('the most dangerous finding comes first', () => {
    expect(inspectText('a\u00a0\u200b\u202e').findings).toEqual([
      '1 character that turns the reading direction',
      '1 invisible character',
      '1 unusual space',
    ]);
  });

  test('nothing is lost, whatever the text', () => {
    const nasty = fc.constantFrom(
      '\u200b',
      '\u202e',
      ' '.repeat(50),
      '\n'.repeat(9),
      '\u0430',
      'a',
      '\ud800',
      '\u0301',
      '\r',
      '\u{1f600}',
      ';',
      '\u2019',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(nasty, fc.string({ unit: 'binary' }))), (parts) => {
        const text = parts.join('');
        const { pieces } = inspectText(text);
        expect(pieces.map((piece) => piece.text).join('')).toBe(text);
        let at = 0;
        for (const piece of pieces) {
          expect(piece.start).toBe(at);
          at += piece.text.length;
        }
      }),
    );
  });

  test('no invisible or direction character is left in a plain piece', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const piece of inspectText(text).pieces) {
          if (piece.type === 'plain')
            expect(piece.text).not.toMatch(/[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u);
        }
      }),
    );
  });
});

describe('MC10: text that deceives', () => {
  test.each([
    [
      'a right-to-left override',
      'SELECT 1 /*\u202e*/',
      'SELECT 1 /*⟨RLO⟩*/',
      '1 character that turns the reading direction',
    ],
    ['a zero width space', 'DROP\u200bTABLE', 'DROP⟨ZWSP⟩TABLE', '1 invisible character'],
    ['a tag character', 'a\u{E0041}b', 'a⟨U+E0041⟩b', '1 invisible character'],
    ['an ANSI escape', '\u001b[2J\u001b[Hok', '⟨ESC⟩[2J⟨ESC⟩[Hok', '2 control characters'],
    ['an eight-bit ANSI escape', '\u009b31mred', '⟨U+009B⟩31mred', '1 control character'],
    ['a carriage return that overwrites', 'DROP\rSELECT', 'DROP⟨CR⟩SELECT', '1 control character'],
    ['a backspace', 'DROP\b\b', 'DROP⟨BS⟩⟨BS⟩', '2 control characters'],
    ['a Cyrillic letter', 'custоmers', 'custо⟨U+043E⟩mers', '1 character that looks like another'],
    ['a full-width semicolon', 'a；b', 'a；⟨U+FF1B⟩b', '1 character that looks like another'],
    ['a no-break space', 'a\u00a0b', 'a⟨NBSP⟩b', '1 unusual space'],
    ['padding', `a${' '.repeat(300)}b`, 'a ⟨300 spaces⟩ b', '1 stretch of padding folded'],
    ['10,000 blank lines', `a${'\n'.repeat(10_001)}b`, 'a\n⟨10,000 empty lines⟩\nb', '1 stretch of padding folded'],
  ])('%s is named', (_name, text, shown, finding) => {
    expect(evidenceText(text)).toBe(shown);
    expect(inspectText(text).findings).toEqual([finding]);
  });

  test('a long trailing comment is told by its length', () => {
    expect(
      excessFinding(`UPDATE c SET n = 1 WHERE id = 1 /* ${'reviewed and safe '.repeat(200)}*/`, 'UPDATE c'),
    ).toContain('characters more than what will run');
    expect(excessFinding('update c set n=1', 'UPDATE c\nSET n = 1')).toBeNull();
  });

  test('nothing that drives a terminal is left, whatever the text', () => {
    expect(evidenceText('a\r\nb\rc')).toBe('a\nb⟨CR⟩c');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(evidenceText(text)).not.toMatch(
          /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u,
        );
      }),
    );
  });
});
