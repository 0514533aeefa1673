/** Texts that are made to hurt. What may break the grammar runs in a process of its own, so that nothing else here is touched. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { allFacts, factsOf, readText } from './fixtures/demo-target.ts';
import { maxTextBytes, postgresSql } from './language.ts';

beforeAll(() => postgresSql.load());

describe('texts without statements', () => {
  it.each(['', ' ', ';', ';;', '-- x', '/* x */', ' ; -- x\n;'])('%j holds none', (text) => {
    expect(readText(text)).toEqual({ ok: true, statements: [] });
  });
});

describe('texts that are refused before the grammar sees them', () => {
  it('a NUL, which would end the text for the grammar only', () => {
    expect(readText('SELECT 1;\u0000DROP TABLE customers')).toMatchObject({ ok: false, reason: 'refused' });
  });

  it('a lone surrogate', () => {
    expect(readText("SELECT '\ud800'")).toMatchObject({ ok: false, reason: 'refused' });
  });

  it('more bytes than the cap, counted in UTF-8', () => {
    expect(readText(`SELECT '${'x'.repeat(maxTextBytes)}'`)).toMatchObject({ ok: false, reason: 'oversize' });
    expect(readText(`SELECT '${'é'.repeat(maxTextBytes / 2)}'`)).toMatchObject({ ok: false, reason: 'oversize' });
    expect(readText(`SELECT '${'é'.repeat(maxTextBytes / 2 - 50)}'`)).toMatchObject({ ok: true });
  });
});

describe('syntax errors', () => {
  it.each([
    ['SELEC 1', 1],
    ["SELECT 'é€𝄞' FRM x y", 19],
    ["SELECT 'x", 8],
  ] as const)('%s is at %i', (text, position) => {
    expect(readText(text)).toMatchObject({ ok: false, reason: 'syntax', position });
  });
});

describe('big but honest', () => {
  it('a long IN list and many rows', () => {
    const list = Array.from({ length: 10_000 }, (_, index) => index).join(', ');
    expect(factsOf(`SELECT id FROM customers WHERE id IN (${list})`)).toMatchObject({ complete: true, kind: 'read' });
    const rows = Array.from({ length: 3_000 }, (_, index) => `(${index}, 'x')`).join(', ');
    expect(factsOf(`INSERT INTO customers (id, email) VALUES ${rows}`)).toMatchObject({
      complete: true,
      kind: 'write',
    });
  });

  it('many statements', () => {
    expect(allFacts('SELECT 1;'.repeat(2_000))).toHaveLength(2_000);
  });

  it('a filter with many arms', () => {
    const arms = Array.from({ length: 2_000 }, (_, index) => `id = ${index}`).join(' OR ');
    expect(factsOf(`DELETE FROM customers WHERE ${arms}`)).toMatchObject({ filter: 'present', complete: true });
  });
});

describe('texts that may break the grammar', () => {
  /** As much as a thread of the parse pool has (KB); a test's own thread has less. */
  const stack = '--stack-size=3900';
  const program = fileURLToPath(new URL('./fixtures/hostile-process.mjs', import.meta.url));

  const readApart = (attack: string) =>
    spawnSync(process.execPath, [stack, '--import', 'tsx', program, attack], { encoding: 'utf8', timeout: 50_000 });

  it.each(['parentheses', 'terms', 'subqueries', 'arrays', 'unary', 'joins'])(
    '%s end in a refusal or a thrown error',
    (attack) => {
      const run = readApart(attack);
      expect(run.stdout.trim(), run.stderr).toMatch(/^(threw|syntax|refused|oversize|incomplete)$/);
    },
  );

  it.each([
    ['nesting beyond the reading’s own bound is incomplete, not an error', 'deep', /^incomplete$/],
    ['nested recursive queries cannot multiply the work without end', 'recursive', /^(complete|incomplete)$/],
  ])('%s', (_name, attack, expected) => {
    const run = readApart(attack);
    expect(run.stdout.trim(), run.stderr).toMatch(expected);
  });
});
