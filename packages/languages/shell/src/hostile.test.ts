/** Texts that are made to hurt: each ends in facts or a refusal, and the next text is read as if nothing had been. */
import { beforeAll, describe, expect, it } from 'vitest';
import onceBroken from './fixtures/once-broken.json' with { type: 'json' };
import { allFacts, everythingKnown, isCompleteRead, nothingKnown, readText } from './fixtures/read.ts';
import { maxTextBytes, shell } from './language.ts';

beforeAll(() => shell.load());

describe('texts that are refused before the grammar sees them', () => {
  it.each([
    ['a NUL', 'ls\u0000; rm x'],
    ['a lone surrogate', "echo '\ud800'"],
    ['a carriage return', 'ls\r; rm x'],
    ['many brackets', `${'('.repeat(3_000)}a${')'.repeat(3_000)}`],
    ['many substitutions', `${'$('.repeat(20_000)}a${')'.repeat(20_000)}`],
    ['many braces', `${'{ '.repeat(3_000)}a${'; }'.repeat(3_000)}`],
  ])('%s', (_, text) => {
    expect(readText(text)).toMatchObject({ ok: false, reason: 'refused' });
    expect(isCompleteRead('ls')).toBe(true);
  });

  it('more bytes than the cap, counted in UTF-8', () => {
    expect(readText(`echo '${'x'.repeat(maxTextBytes)}'`)).toMatchObject({ ok: false, reason: 'oversize' });
    expect(readText(`echo '${'é'.repeat(maxTextBytes / 2)}'`)).toMatchObject({ ok: false, reason: 'oversize' });
    expect(readText('x'.repeat(1_048_576))).toMatchObject({ ok: false, reason: 'oversize' });
    expect(readText(`echo '${'é'.repeat(maxTextBytes / 2 - 50)}'`)).toMatchObject({ ok: true });
  });
});

describe('nesting without brackets', () => {
  it.each([
    ['if', `${'if a; then '.repeat(2_000)}b${'; fi'.repeat(2_000)}`],
    ['while', `${'while a; do '.repeat(2_000)}b${'; done'.repeat(2_000)}`],
    ['not and', `${'a && '.repeat(10_000)}b`],
    ['pipelines', `${'a | '.repeat(10_000)}b`],
    ['backquotes', `${'`'.repeat(1_001)}`],
    ['quotes', `${'"$(echo '.repeat(400)}x${')"'.repeat(400)}`],
  ])('%s', (_, text) => {
    const outcome = readText(text);
    if (outcome.ok) expect(outcome.statements.every(({ complete }) => complete)).toBe(false);
    else expect(['syntax', 'refused', 'oversize']).toContain(outcome.reason);
    expect(isCompleteRead('ls')).toBe(true);
  });

  it('of texts in texts is followed or given up', () => {
    expect(isCompleteRead(nested(5))).toBe(true);
    expect(readText(nested(20)).ok).toBe(true);
  });

  it('many statements are many facts', () => {
    expect(allFacts('ls; '.repeat(2_000))).toHaveLength(2_000);
    expect(isCompleteRead('ls | wc -l; '.repeat(500))).toBe(true);
  });

  it('loops in loops are not followed without end', () => {
    const text = `${'for i in 1 2 3; do f() { ls; }; '.repeat(20)}ls${'; done'.repeat(20)}`;
    expect(readText(text).ok).toBe(true);
  });
});

/** `sh -c "sh -c …"` by `eval`, each with its quotes escaped once more. */
function nested(depth: number): string {
  let text = 'ls';
  for (let level = 0; level < depth && text.length < 8_000; level += 1)
    text = `eval '${text.replaceAll("'", `'\\''`)}'`;
  return text;
}

describe('texts that once broke it, or might', () => {
  it.each(onceBroken.map((text) => [text]))('%j', (text) => {
    for (const session of [nothingKnown, everythingKnown]) {
      const outcome = readText(text, session);
      if (outcome.ok) for (const facts of outcome.statements) expect(facts.language).toBe('shell');
      else expect(['syntax', 'refused', 'oversize']).toContain(outcome.reason);
      if (outcome.ok && text !== '') expect(typeof shell.describe(text).tree).toBe('string');
    }
  });
});

describe('reasons', () => {
  it('never quote what was written', () => {
    for (const text of [
      'secretword x',
      './secretword',
      'python3 -c secretword',
      'cat "$secretword"',
      'sed secretword x',
    ])
      expect(JSON.stringify(allFacts(text).map((facts) => facts.incompleteBecause))).not.toContain('secretword');
  });
});
