import { readdirSync, readFileSync } from 'node:fs';
import { startTestDatabase, type TestDatabase } from '@sluice/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readActivePolicy } from './policy-versions.ts';

/** An installation of before: people are `engineer`, and so is what its policy tests. */
let at: TestDatabase;
const idOf = (index: number) => `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`;
const oldPolicy = `version: 1
rules:
  - name: hold-engineer-unproven
    action: hold
    when: actor.role == 'engineer' && !statement.complete
    approvers: [reviewer, engineer]
  - name: deny-others
    action: deny
    when: "!(actor.role in ['admin', \\"engineer\\"]) && actor.name != 'engineer'"
    approvers:
      - engineer
tests:
  - name: an engineer waits
    as: { role: engineer, name: engineer }
`;

beforeAll(async () => {
  at = await startTestDatabase();
  await at.query(`INSERT INTO "Installation" ("signingKeyId", "signingPublicKey", "signingKeySealed", "caCertificate", "caKeySealed", "activePolicyVersion")
    VALUES ('k', 'k', 'k', 'k', 'k', 3)`);
  await at.query(
    `INSERT INTO "Person" ("id", "name", "email", "role") VALUES ($1, 'engineer', 'e@test', 'engineer'), ($2, 'a', 'a@test', 'admin')`,
    [idOf(1), idOf(2)],
  );
  await at.query(
    `INSERT INTO "PolicyVersion" ("id", "version", "source", "note", "authorId") VALUES ($1, 3, $2, 'ours', $3)`,
    [idOf(3), oldPolicy, idOf(2)],
  );
  const migrations = new URL('../../../prisma/migrations/', import.meta.url);
  const [folder] = readdirSync(migrations).filter((name) => name.endsWith('_member_role'));
  await at.query(readFileSync(new URL(`${folder}/migration.sql`, migrations), 'utf8'));
});
afterAll(() => at.stop());

test('people keep their role under its new name', async () => {
  expect(await at.query('SELECT name, role FROM "Person" ORDER BY name')).toEqual([
    { name: 'a', role: 'admin' },
    { name: 'engineer', role: 'member' },
  ]);
  await expect(at.query(`UPDATE "Person" SET role = 'agent'`)).rejects.toThrow('Person_role');
});

test('the active policy goes on testing them, as a version of its own', async () => {
  const active = await readActivePolicy(at.database.db);
  expect(active).toMatchObject({ version: 4, basedOn: 3 });
  expect(active?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(active?.source).toBe(`version: 1
rules:
  - name: hold-engineer-unproven
    action: hold
    when: actor.role == 'member' && !statement.complete
    approvers: [reviewer, member]
  - name: deny-others
    action: deny
    when: "!(actor.role in ['admin', \\"member\\"]) && actor.name != 'engineer'"
    approvers:
      - member
tests:
  - name: an engineer waits
    as: { role: member, name: engineer }
`);
  const [counters] = await at.query('SELECT "bundleVersion", "revocationEpoch" FROM "Installation"');
  expect(counters).toEqual({ bundleVersion: 2, revocationEpoch: 1 });
});
