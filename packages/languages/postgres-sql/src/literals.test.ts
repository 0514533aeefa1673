import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { allFacts, factsOf } from './fixtures/demo-target.ts';
import { parseStatements } from './grammar.ts';
import { postgresSql } from './language.ts';
import { literalsOf } from './literals.ts';
import { sourceText } from './source-text.ts';
import { isTree, type Tree, textAt, treeAt } from './tree.ts';

beforeAll(() => postgresSql.load());

/** Written form, decoded value and column of each literal. */
function literals(text: string): readonly (readonly [written: string, value: string, column: string | null])[] {
  return factsOf(text).literals.map((literal) => [
    text.slice(literal.start, literal.end),
    literal.value,
    literal.column?.column ?? null,
  ]);
}

describe('literals', () => {
  it.each([
    ["SELECT 'a''b'", [["'a''b'", "a'b", null]]],
    ["SELECT E'a\\n\\x41\\101\\u00e9\\'b'", [["E'a\\n\\x41\\101\\u00e9\\'b'", "a\nAAé'b", null]]],
    ["SELECT E'\\xc3\\xa9'", [["E'\\xc3\\xa9'", 'é', null]]],
    ["SELECT U&'d\\0061t\\+000061'", [["U&'d\\0061t\\+000061'", 'data', null]]],
    ["SELECT U&'d!0061!!' UESCAPE '!'", [["U&'d!0061!!' UESCAPE '!'", 'da!', null]]],
    [
      "SELECT $$a'b$$, $tag$a$$b$tag$",
      [
        ["$$a'b$$", "a'b", null],
        ['$tag$a$$b$tag$', 'a$$b', null],
      ],
    ],
    [
      "SELECT B'01', X'fF', N'x'",
      [
        ["B'01'", '01', null],
        ["X'fF'", 'fF', null],
        ["N'x'", 'x', null],
      ],
    ],
    [
      'SELECT 1, 1.5, .5, 1e10, 0xFF, 1_000',
      ['1', '1.5', '.5', '1e10', '0xFF', '1_000'].map((number) => [number, number, null]),
    ],
    ["SELECT 'a'\n \n 'b'", [["'a'\n \n 'b'", 'ab', null]]],
    ["SELECT 'a' /* 'x' */ -- 'y'", [["'a'", 'a', null]]],
    ['SELECT "a\'b", $1', []],
    [
      "SELECT foo$bar$ FROM (SELECT 1 AS foo$bar$) x WHERE 'q' = 'q'",
      [
        ['1', '1', null],
        ["'q'", 'q', null],
        ["'q'", 'q', null],
      ],
    ],
    [
      "SELECT 'é€𝄞', 'x'",
      [
        ["'é€𝄞'", 'é€𝄞', null],
        ["'x'", 'x', null],
      ],
    ],
    [
      "SELECT 1 FROM customers WHERE email = 'x'",
      [
        ['1', '1', null],
        ["'x'", 'x', 'email'],
      ],
    ],
    [
      "SELECT 'é' FROM customers WHERE email = 'x' AND ssn LIKE '1%'",
      [
        ["'é'", 'é', null],
        ["'x'", 'x', 'email'],
        ["'1%'", '1%', 'ssn'],
      ],
    ],
    [
      "SELECT id FROM customers WHERE ssn IN ('a', 'b'::text) OR lower(email) = lower('X')",
      [
        ["'a'", 'a', 'ssn'],
        ["'b'", 'b', 'ssn'],
        ["'X'", 'X', 'email'],
      ],
    ],
    [
      "SELECT id FROM customers WHERE ssn = ANY (ARRAY['a', 'b'])",
      [
        ["'a'", 'a', 'ssn'],
        ["'b'", 'b', 'ssn'],
      ],
    ],
    [
      'SELECT id FROM orders WHERE total BETWEEN -5 AND 7',
      [
        ['5', '5', 'total'],
        ['7', '7', 'total'],
      ],
    ],
    [
      "SELECT id FROM customers WHERE (ssn, email) = ('a', 'b')",
      [
        ["'a'", 'a', 'ssn'],
        ["'b'", 'b', 'email'],
      ],
    ],
    [
      "INSERT INTO customers (ssn, email) VALUES ('a', 'b'), ('c', 'd')",
      [
        ["'a'", 'a', 'ssn'],
        ["'b'", 'b', 'email'],
        ["'c'", 'c', 'ssn'],
        ["'d'", 'd', 'email'],
      ],
    ],
    [
      "INSERT INTO payments VALUES (1, 2, '4111', 3)",
      [
        ['1', '1', 'id'],
        ['2', '2', 'order_id'],
        ["'4111'", '4111', 'card_number'],
        ['3', '3', 'amount'],
      ],
    ],
    ["INSERT INTO customers (ssn) SELECT 'a'", [["'a'", 'a', 'ssn']]],
    [
      "UPDATE customers SET ssn = 'a', (email, phone) = ('b', 'c') WHERE id = 1",
      [
        ["'a'", 'a', 'ssn'],
        ["'b'", 'b', 'email'],
        ["'c'", 'c', 'phone'],
        ['1', '1', 'id'],
      ],
    ],
    ["ALTER ROLE app PASSWORD 'secret'", [["'secret'", 'secret', null]]],
    ["COMMENT ON TABLE customers IS 'x'", [["'x'", 'x', null]]],
    ["NOTIFY ch, 'x'", [["'x'", 'x', null]]],
    ["DO $x$BEGIN PERFORM 'y'; END$x$", [["$x$BEGIN PERFORM 'y'; END$x$", "BEGIN PERFORM 'y'; END", null]]],
  ] as const)('%s', (text, expected) => {
    expect(literals(text)).toEqual(expected);
  });

  it('may be written over lines with comments between, which the server takes and the grammar refuses', () => {
    const text = "SELECT 'a' -- x\n -- y\n 'b'";
    expect(literalsOf(sourceText(text, text.length)).map((literal) => literal.value)).toEqual(['ab']);
  });

  it('belong to their own statement, at offsets of the whole message', () => {
    const text = "SELECT 'é'; /* x */ SELECT 'b' ;";
    const [first, second] = allFacts(text);
    expect(text.slice(first?.start, first?.end)).toBe("SELECT 'é'");
    expect(text.slice(second?.start, second?.end)).toBe("SELECT 'b'");
    expect(second?.literals.map((literal) => text.slice(literal.start, literal.end))).toEqual(["'b'"]);
  });
});

/** Decoded values of string constants by the grammar itself. */
function grammarStrings(node: unknown, found: string[] = []): readonly string[] {
  if (Array.isArray(node)) for (const item of node) grammarStrings(item, found);
  else if (isTree(node)) {
    const constant = node.A_Const;
    const string = isTree(constant) ? treeAt(constant as Tree, 'sval') : null;
    if (string !== null) found.push(textAt(string, 'sval'));
    for (const key in node) grammarStrings(node[key], found);
  }
  return found;
}

describe('the lexer agrees with the grammar', () => {
  const plain = fc.string({
    unit: fc.constantFrom('a', "'", '"', '\\', '$', 'é', '𝄞', '\n', '-', '*', '/', ' ', 'E', 'U', '&', '0', ';'),
  });
  const written = fc.oneof(
    plain.map((value) => `'${value.replaceAll("'", "''")}'`),
    plain.map((value) => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
    plain.filter((value) => !value.includes('$q$') && !value.endsWith('$q')).map((value) => `$q$${value}$q$`),
    plain.map((value) => `U&'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`),
  );
  const gap = fc.constantFrom(' ', '\n', ' /* /* \' */ " */ ', " -- it's\n", '\t');

  it('about every string of random statements', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(written, gap), { minLength: 1, maxLength: 6 }), (parts) => {
        const text = `SELECT ${parts.map(([literal, space]) => `${space}${literal}${space}`).join(', "q\'w" || ')}`;
        const expected = grammarStrings(parseStatements(text).map((statement) => statement.stmt));
        const facts = factsOf(text);
        expect(facts.literals.map((literal) => literal.value).sort()).toEqual([...expected].sort());
        for (const literal of facts.literals)
          expect(text.slice(literal.start, literal.end)).toMatch(/^(E|U&)?'|^\$q\$/);
      }),
      { numRuns: 300 },
    );
  });

  it('and never throws on anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const outcome = postgresSql.read(text, {
          session: {
            database: '',
            role: null,
            searchPath: null,
            prepared: {},
            cursors: {},
            touched: [],
            temporaryObjectsKnown: false,
          },
          catalogue: null,
        });
        expect(typeof outcome.ok).toBe('boolean');
      }),
      { numRuns: 300 },
    );
  });
});
