/**
 * Texts → facts: never anything but facts or a refusal, the same each time, within the text; and what does not change a statement's
 * meaning (comments, case, neighbours) does not change its facts, while what wraps it (EXPLAIN ANALYZE, a CTE) does not make it milder.
 */
import type { ReadOutcome, StatementFacts } from '@sluice/domain';
import { demoCatalogue, demoSession } from '../../../packages/languages/postgres-sql/src/fixtures/demo-target.ts';
import { GrammarBroken } from '../../../packages/languages/postgres-sql/src/grammar.ts';
import { postgresSql } from '../../../packages/languages/postgres-sql/src/index.ts';
import { tokensOf } from '../../../packages/languages/postgres-sql/src/lexer.ts';
import { type Fuzzed, type FuzzTarget, must } from '../target.ts';

await postgresSql.load();

type Read = (text: string) => ReadOutcome;

const read: Read = (text) => postgresSql.read(text, { session: demoSession, catalogue: demoCatalogue });

const seeds = [
  'SELECT id, email FROM customers WHERE id = 1',
  "UPDATE customers SET email = E'o\\'b' WHERE id IN (1, 2) RETURNING *",
  'DELETE FROM orders USING customers c WHERE c.id = orders.customer_id AND true',
  'WITH d AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM d',
  "INSERT INTO customers (id, email) VALUES (1, $$a$$), (2, U&'d\\0061t') ON CONFLICT DO NOTHING",
  'SELECT 1 /* c /* n */ */; DROP TABLE orders CASCADE -- end',
  "COPY (SELECT * FROM customers) TO STDOUT WITH (FORMAT csv); SET search_path = pg_catalog, 'x'",
  'EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM customers',
  'PREPARE p AS SELECT $1::int; EXECUTE p(1); DEALLOCATE p',
  'DECLARE k CURSOR WITH HOLD FOR SELECT * FROM orders; FETCH ALL FROM k; CLOSE k',
  "DO $$BEGIN EXECUTE 'DR' || 'OP TABLE customers'; END$$",
  'MERGE INTO customers c USING orders o ON c.id = o.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING',
  'CREATE TABLE t AS SELECT * FROM customers; ALTER TABLE t DROP COLUMN id; TRUNCATE t',
  'GRANT SELECT ON customers TO PUBLIC; BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT',
  "SELECT c.*, lower(email) || 'x', row_to_json(c) FROM customers c LEFT JOIN LATERAL (SELECT 1) l ON true ORDER BY 1 LIMIT 5",
  'CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $f$ DELETE FROM orders; SELECT 1 $f$',
  'TABLE customers UNION ALL (VALUES (1, 2) EXCEPT SELECT 1, 2) FETCH FIRST ROW ONLY FOR UPDATE',
];
const words =
  "SELECT FROM WHERE UPDATE DELETE INSERT INTO VALUES SET WITH AS RETURNING UNION ALL ( ) , ; * = AND OR NOT NULL true 1 1.5 $1 'a' E'\\n' $$x$$ U&'\\0061' \"Q\" -- /* */ \n :: [ ] CASE WHEN THEN END customers orders id email pg_catalog. count(*) EXPLAIN ANALYZE COPY TO STDOUT EXECUTE PREPARE BEGIN COMMIT TRUNCATE DROP TABLE LATERAL GROUP BY HAVING ORDER LIMIT é 𝄞 \ufeff".split(
    ' ',
  );

/** Everything of facts that must not depend on how the statement is written. */
function meaning(facts: StatementFacts): unknown {
  const { kind, complete, command, effects, reads, writes, columns, functions, filter, destructive, outputs } = facts;
  return {
    kind,
    complete,
    command,
    effects,
    reads,
    writes,
    columns,
    functions,
    filter,
    destructive,
    outputs,
    nested: facts.nested.map(meaning),
  };
}

const same = (one: readonly StatementFacts[], other: readonly StatementFacts[]): boolean =>
  JSON.stringify(one.map(meaning)) === JSON.stringify(other.map(meaning));

function check(text: string, facts: Read): void {
  const outcome = facts(text);
  must(JSON.stringify(facts(text)) === JSON.stringify(outcome), () => 'read twice, two answers');
  must(
    JSON.stringify(structuredClone(outcome)) === JSON.stringify(outcome),
    () => 'facts that do not cross to another thread',
  );
  if (!outcome.ok) return;
  const { statements } = outcome;
  spans(text, statements);
  written(text, statements, facts);
  neighbours(text, statements, facts);
  if (statements.length === 1) wrapped(text, statements[0]!, facts);
}

function spans(text: string, statements: readonly StatementFacts[]): void {
  let at = 0;
  for (const { start, end, literals } of statements) {
    must(
      at <= start && start <= end && end <= text.length,
      () => `a statement from ${start} to ${end} of ${text.length}, after ${at}`,
    );
    at = end;
    let literalAt = 0;
    for (const literal of literals) {
      must(
        literalAt <= literal.start && literal.start < literal.end && literal.end <= text.length,
        () => `a literal from ${literal.start} to ${literal.end}`,
      );
      literalAt = literal.end;
    }
  }
}

/** Comments where there is white space, and keywords in the other case. */
function written(text: string, statements: readonly StatementFacts[], facts: Read): void {
  const tokens = tokensOf(text);
  let commented = '';
  let at = 0;
  for (const token of tokens) {
    const gap = text.slice(at, token.start);
    commented += gap.trim() === '' && gap !== '' ? `${gap}/* ; DROP TABLE x -- */${gap}` : gap;
    commented += text.slice(token.start, token.end);
    at = token.end;
  }
  unchanged(commented + text.slice(at), statements, facts, 'with comments');
  const turned = tokens.reduce((changed, token) => {
    const word = text.slice(token.start, token.end);
    return token.kind === 'word' && /^[a-zA-Z]+$/.test(word)
      ? changed.slice(0, token.start) +
          (word === word.toLowerCase() ? word.toUpperCase() : word.toLowerCase()) +
          changed.slice(token.end)
      : changed;
  }, text);
  unchanged(turned, statements, facts, 'in the other case');
}

function unchanged(text: string, statements: readonly StatementFacts[], facts: Read, how: string): void {
  const outcome = facts(text);
  if (!outcome.ok && outcome.reason === 'oversize') return;
  must(outcome.ok && same(outcome.statements, statements), () => `other facts ${how}: ${JSON.stringify(text)}`);
}

/** What stands before or behind it does not make a statement's facts milder. */
function neighbours(text: string, statements: readonly StatementFacts[], facts: Read): void {
  const before = facts(`SELECT 1;${text}`);
  must(before.ok && same(before.statements.slice(1), statements), () => 'other facts behind SELECT 1');
  const behind = facts(`${text}\n;SELECT 1`);
  must(
    behind.ok && same(behind.statements.slice(0, statements.length), statements),
    () => 'other facts before SELECT 1',
  );
}

/** EXPLAIN ANALYZE runs what it explains, and so does a query what its CTE holds. */
function wrapped(text: string, one: StatementFacts, facts: Read): void {
  const statement = text.slice(one.start, one.end);
  for (const outer of [`EXPLAIN ANALYZE ${statement}`, `WITH fuzzed AS (${statement}\n) SELECT 1`]) {
    const outcome = facts(outer);
    if (!outcome.ok || outcome.statements.length !== 1) continue;
    const [wrapping] = outcome.statements;
    const missing = one.writes.filter(
      (object) => !wrapping!.writes.some((found) => found.name === object.name && found.schema === object.schema),
    );
    must(!wrapping!.complete || missing.length === 0, () => `a write was lost in ${JSON.stringify(outer)}`);
  }
}

function target(name: string, facts: Read): FuzzTarget {
  return {
    name,
    checks:
      'facts or a refusal, the same each time; comments, case and neighbours change nothing; wrapping loses no write',
    seeds: seeds.map((text) => Buffer.from(text)),
    words: words.map((word) => Buffer.from(`${word === '\n' ? '' : ' '}${word} `)),
    run: (input) => {
      try {
        check(input.toString('utf8'), facts);
      } catch (error) {
        // The pool throws the worker away then: the grammar said so itself.
        if (!(error instanceof GrammarBroken)) throw error;
      }
    },
  };
}

/** The bug: what stands in a comment is taken for the statement, as readers by pattern do. */
const gullible: Read = (text) => {
  const outcome = read(text);
  if (!outcome.ok || !/\bTRUNCATE\b/i.test(text) || !text.includes('/*')) return outcome;
  return { ...outcome, statements: outcome.statements.map((one) => ({ ...one, destructive: true })) };
};

export const facts: Fuzzed = { real: target('facts', read), planted: target('facts (planted)', gullible) };
