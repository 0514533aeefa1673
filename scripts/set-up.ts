/**
 * Sets a new installation up: its keys, the default policy and the first admin, whose password is printed once. Asks for nothing and
 * changes nothing that is there already.
 *
 *   DATABASE_URL=… SLUICE_MASTER_KEY_FILE=… node --import tsx scripts/set-up.ts admin@example.com
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  appendAuditEvent,
  bumpBundleVersion,
  createPerson,
  findPerson,
  openDatabase,
  publishPolicyVersion,
  readActivePolicy,
} from '@sluice/database';
import { Secret } from '@sluice/domain';
import { openInstallation } from '@sluice/identity';
import { hashPassword, newId } from '@sluice/keys';

const PASSWORD_BYTES = 15;
const system = { kind: 'system', name: 'set-up' } as const;

async function setUp(databaseUrl: string, masterKey: Secret, email: string): Promise<string> {
  const database = openDatabase(databaseUrl);
  try {
    await openInstallation(database, masterKey, new Date());
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    const passwordHash = await hashPassword(password);
    return await database.transaction(async (tx) => {
      const event = { at: new Date(), actor: system, before: null, after: null, address: null };
      const found = await findPerson(tx, { email });
      const name = email.split('@')[0] ?? email;
      const admin =
        found ?? (await createPerson(tx, { id: newId<'Person'>(), name, email, role: 'admin', passwordHash }));
      if (found === null) {
        const subject = { type: 'person', id: admin.id, name };
        const sentence = `set-up added ${name} as admin`;
        await appendAuditEvent(tx, {
          ...event,
          id: newId<'AuditEvent'>(),
          action: 'identities.createPerson',
          sentence,
          subject,
        });
      }
      if ((await readActivePolicy(tx)) === null) {
        const source = readFileSync(
          createRequire(import.meta.url).resolve('@sluice/policy/default-policy.yaml'),
          'utf8',
        );
        const version = { id: newId<'PolicyVersion'>(), source, note: 'the default policy', authorId: admin.id };
        await publishPolicyVersion(tx, { ...version, basedOn: null, rollbackOf: null });
        await bumpBundleVersion(tx);
        const sentence = 'set-up published the default policy';
        await appendAuditEvent(tx, {
          ...event,
          id: newId<'AuditEvent'>(),
          action: 'policies.publishPolicy',
          sentence,
          subject: null,
        });
      }
      return found === null
        ? `${email} may sign in with the password ${password}`
        : `${email} is here already; nothing was changed`;
    });
  } finally {
    await database.close();
  }
}

const email = process.argv[2]?.toLowerCase();
const { DATABASE_URL, SLUICE_MASTER_KEY_FILE } = process.env;
if (email === undefined || !email.includes('@') || DATABASE_URL === undefined || SLUICE_MASTER_KEY_FILE === undefined) {
  process.stderr.write('usage: DATABASE_URL=… SLUICE_MASTER_KEY_FILE=… node --import tsx scripts/set-up.ts EMAIL\n');
  process.exitCode = 2;
} else {
  const masterKey = new Secret(readFileSync(SLUICE_MASTER_KEY_FILE, 'utf8').trim());
  process.stdout.write(`${await setUp(DATABASE_URL, masterKey, email)}\n`);
}
