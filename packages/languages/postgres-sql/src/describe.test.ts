import { beforeAll, describe, expect, it } from 'vitest';
import { GrammarError } from './grammar.ts';
import { postgresSql } from './language.ts';

beforeAll(() => postgresSql.load());

const treeOf = (text: string): string => postgresSql.describe(text).tree;

describe('describe', () => {
  it('gives the same tree for the same statement, however it is written', () => {
    expect(treeOf('select  id /* x */ from CUSTOMERS where id=1')).toBe(
      treeOf('SELECT id\nFROM customers WHERE id = 1;'),
    );
    expect(treeOf("SELECT id FROM c WHERE a IN (1, 2) AND b = 'é'")).toBe(
      treeOf("SELECT id  FROM c WHERE a IN (1,2) AND b = E'\\u00e9'"),
    );
  });

  it('gives another tree for another literal, name, order or statement', () => {
    const texts = [
      "UPDATE users SET role = 'user' WHERE id = 1",
      "UPDATE users SET role = 'admin' WHERE id = 1",
      "UPDATE users SET role = 'user' WHERE id = 9",
      "UPDATE users SET role = 'user' WHERE id IN (1)",
      "UPDATE public.users SET role = 'user' WHERE id = 1",
      "UPDATE ONLY users SET role = 'user' WHERE id = 1",
      "UPDATE users SET role = 'user' WHERE id = 1; SELECT 1",
      "UPDATE users SET role = 'user' WHERE id = '1'",
      "UPDATE users SET role = 'user' WHERE id = $1",
      "SELECT set_config('role', 'x', false)",
      "SELECT set_config('search_path', 'x', false)",
    ];
    expect(new Set(texts.map(treeOf)).size).toBe(texts.length);
  });

  it('prints for people', () => {
    expect(postgresSql.describe('select   id from customers where id=1').canonical.replace(/\s+/g, ' ')).toBe(
      'SELECT id FROM customers WHERE id = 1',
    );
    expect(postgresSql.describe('begin; drop table c').canonical).toMatch(/BEGIN[\s\S]*DROP TABLE c/);
  });

  it('throws a GrammarError for what is not SQL', () => {
    expect(() => postgresSql.describe('SELEC')).toThrow(GrammarError);
  });
});

it('answers are JSON-safe', () => {
  const session = {
    database: 'd',
    role: null,
    searchPath: null,
    prepared: {},
    cursors: {},
    touched: [],
    temporaryObjectsKnown: false,
  };
  for (const text of ["SELECT c, f(1) FROM customers c WHERE a = 'x'", 'BEGIN', 'SELEC', 'DELETE FROM x']) {
    const outcome = postgresSql.read(text, { session, catalogue: null });
    expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
    expect(structuredClone(outcome)).toEqual(outcome);
  }
});

it.each([
  ['/* reason: fix it; ticket: OPS-1 */ update c set n = 1', 'reason: fix it; ticket: OPS-1'],
  ['-- reason: fix it\n  /* /* nested */ too */select 1', 'reason: fix it\n/* nested */ too'],
  ['select 1 /* reason: behind the first word */', null],
  ['/**/ select 1', ''],
  ["select '/* reason: a text */'", null],
])('the comment before %s is the requester’s own words', (text, comment) => {
  expect(postgresSql.describe(text).comment).toBe(comment);
});
