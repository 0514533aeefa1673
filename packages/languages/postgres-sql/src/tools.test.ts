/** What real tools send: recorded from PostgreSQL 15's own log while psql, pg_dump and pgbench ran. */
import type { StatementFacts } from '@sluice/domain';
import { beforeAll, describe, expect, it } from 'vitest';
import { allFacts } from './fixtures/demo-target.ts';
import recorded from './fixtures/server-tools.json' with { type: 'json' };
import { postgresSql } from './language.ts';

beforeAll(() => postgresSql.load());

/** Reads a tool's statements as one session, with what it has prepared. */
function session(texts: readonly string[]): readonly (StatementFacts & { readonly text: string })[] {
  const prepared: Record<string, string> = {};
  return texts.flatMap((text) => {
    const facts = allFacts(text, { session: { prepared: { ...prepared } } });
    for (const effect of facts.flatMap((item) => item.sessionEffects)) {
      if (effect.type === 'prepare') prepared[String(effect.name)] = String(effect.text);
    }
    return facts.map((item) => ({ ...item, text }));
  });
}

describe('tools', () => {
  it('psql’s backslash commands are complete reads with known lineage', () => {
    for (const facts of session(recorded.psql)) {
      expect([facts.text, facts.incompleteBecause]).toEqual([facts.text, null]);
      // \deu+ reads the options of user mappings, which hold passwords.
      expect([facts.text, facts.kind]).toEqual([
        facts.text,
        /pg_user_mappings/.test(facts.text) ? 'privilege' : 'read',
      ]);
      expect(facts.outputs?.every((output) => output.known)).toBe(true);
    }
  });

  it('pg_dump’s statements are complete reads and session statements', () => {
    for (const facts of session(recorded.pgDump)) {
      expect([facts.text, facts.incompleteBecause]).toEqual([facts.text, null]);
      expect(['read', 'session']).toContain(facts.kind);
    }
  });

  it('pgbench’s statements are complete', () => {
    for (const facts of session(recorded.pgbench))
      expect([facts.text, facts.incompleteBecause]).toEqual([facts.text, null]);
  });

  it.each([
    // postgres.js fetches the array types when it connects.
    "select b.oid, b.typarray from pg_catalog.pg_type a left join pg_catalog.pg_type b on b.oid = a.typelem where a.typcategory = 'A' group by b.oid, b.typarray order by b.oid",
    // node-pg, Prisma and JDBC.
    'SELECT version()',
    'SHOW server_version',
    'SET extra_float_digits = 3',
    'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED',
    'BEGIN ISOLATION LEVEL SERIALIZABLE',
    'DEALLOCATE ALL',
    'SELECT "public"."customers"."id", "public"."customers"."email" FROM "public"."customers" WHERE ("public"."customers"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3',
    'SELECT t.typname, n.nspname FROM pg_type t INNER JOIN pg_namespace n ON t.typnamespace = n.oid WHERE t.oid = $1',
    "SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version(), current_setting('server_version_num')::integer AS numeric_version",
    'SELECT (information_schema._pg_expandarray(i.indkey)).n FROM pg_catalog.pg_index i',
    "SELECT pg_catalog.pg_get_constraintdef(oid, true) FROM pg_catalog.pg_constraint WHERE conrelid = 'customers'::regclass",
  ])('%s', (text) => {
    for (const facts of allFacts(text)) {
      expect(facts.incompleteBecause).toBeNull();
      expect(['read', 'session']).toContain(facts.kind);
    }
  });
});
