/** The rotations of docs/runbook-keys.md as they stand there, with the real commands, while a session goes on. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from '@sluice/keys';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Installation } from './installation.ts';
import { eventually, run } from './stack.ts';

const installation = new Installation();
/** Open from before the first rotation to behind the last that it can outlive. */
let session: pg.Client;

beforeAll(async () => {
  await installation.start();
  session = await installation.client();
}, 300_000);
afterAll(async () => {
  await session?.end();
  await installation.stop();
});

const goesOn = async () => expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
const roots = (pem: string) => pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
/** A statement through both ways in, and a policy that the gateway takes: what is signed and sealed is still believed. */
async function everythingWorks(): Promise<void> {
  await eventually('the gateway’s port serves', () => installation.works(), 60_000);
  await eventually('the relay serves', () => installation.works({ via: 'relay' }), 60_000);
  const { policies } = installation.api();
  const { version, source } = await policies.showActivePolicy.query();
  const rule = `  - name: closed
    description: Nothing for now.
    when: statement.objects.exists(o, o == "public.orders")
    action: deny
`;
  const closed = source.replace(/rules:\n/, `rules:\n${rule}`);
  await policies.publishPolicy.mutate({ source: closed, note: 'closed', basedOn: version.version });
  await eventually('the gateway has the new policy', async () => !(await installation.works()), 30_000);
  await policies.rollBack.mutate({ to: version.version, note: 'open' });
  await eventually('the gateway has the old one again', () => installation.works(), 30_000);
}
const marks = async () => {
  const rows = JSON.parse(await installation.command('keys', 'list', '--json')) as {
    kind: string;
    fingerprint: string;
  }[];
  return new Map(rows.map(({ kind, fingerprint }) => [kind, fingerprint]));
};

/** Fingerprints of the keys whose bundles the gateway believes, as they stand on its disk. */
function believed(): string[] {
  const kept = (file: string) => {
    const path = join(installation.gatewayFolder('one'), file);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : null;
  };
  const keys = [kept('enrolment.json')?.bundleKey, kept('next-bundle-key.json')] as ({ publicKey: string } | null)[];
  return keys.flatMap((key) => (key?.publicKey === undefined ? [] : [fingerprint(key.publicKey)]));
}

it('the master key', async () => {
  const before = await marks();
  const next = join(installation.dataDir, 'master-next.key');
  const made = await run('sh', ['-c', `openssl rand 32 | basenc --base64url -w0 | tr -d = > ${next}`]);
  expect(made).toMatchObject({ code: 0, err: '' });
  const old = installation.masterKeyFile;
  await installation.restartWeb({ SLUICE_MASTER_KEY_FILE: next, SLUICE_OLD_MASTER_KEY_FILE: old });
  await goesOn();
  await installation.restartWeb({ SLUICE_MASTER_KEY_FILE: next });
  await everythingWorks();
  await goesOn();
  const after = await marks();
  expect(after.get('master')).not.toBe(before.get('master'));
  expect(after.get('signing')).toBe(before.get('signing'));
  writeFileSync(old, readFileSync(next)); // from here on the only one
});

it('the bundle-signing key, and the CA', async () => {
  const before = await marks();
  const old = readFileSync(installation.caFile, 'utf8');
  await installation.command('keys', 'rotate', 'signing');
  await installation.command('keys', 'rotate', 'ca');
  await installation.restartWeb();
  expect(roots(await installation.command('ca'))).toBe(2);
  await installation.keepCa();
  const both = readFileSync(installation.caFile, 'utf8');
  await eventually('every gateway has pinned the next key', async () => {
    const rows = JSON.parse(await installation.command('keys', 'list', '--json')) as { waitingFor: string[] }[];
    return rows.every(({ waitingFor }) => waitingFor.length === 0);
  });
  await installation.command('keys', 'finish', 'signing');
  await installation.command('keys', 'finish', 'ca');
  // Between the two the gateway takes a bundle that the old key signs, and must not forget the one that comes next.
  await eventually('the gateway has the newest bundle', async () => {
    const [one] = await installation.api().gateways.listGateways.query();
    return one?.bundleVersion === one?.wantedBundleVersion;
  });
  await installation.restartWeb();
  // Nothing else changes: the same bundle, signed again, ends the belief in the former key.
  const inForce = (await marks()).get('signing');
  await eventually('the gateway believes the new key alone', () => Promise.resolve(believed().join() === inForce));
  await everythingWorks();
  await goesOn();
  expect((await marks()).get('signing')).not.toBe(before.get('signing'));
  expect((await marks()).get('ca')).not.toBe(before.get('ca'));
  // Leaves of the old root last until the gateway asks for new ones: at its start, and within a day. Pinned keys last for good.
  await session.end();
  await installation.restartGateway('one');
  expect(roots(await installation.command('ca'))).toBe(1);
  await installation.keepCa();
  await everythingWorks();
  writeFileSync(installation.caFile, old);
  expect(await installation.works()).toBe(false);
  writeFileSync(installation.caFile, both);
  session = await installation.client();
});

it('a target’s credential', async () => {
  const login = { ...installation.targetLogin(), password: installation.secrets.targetRolePassword };
  const known = new pg.Client(login);
  await known.connect();
  await known.end();
  expect(await installation.command('connections', 'rotate', 'orders')).toMatch(/\S/);
  await goesOn();
  await everythingWorks();
  await expect(new pg.Client(login).connect()).rejects.toMatchObject({ code: '28P01' });
});

it('a gateway’s keys: another gateway takes its place, and the old one’s recordings still verify', async () => {
  const rows = await installation.api().gateways.listGateways.query();
  const groupId = rows[0]?.group.id ?? '';
  const { token } = await installation.api().gateways.createEnrolment.mutate({ name: 'next', groupId });
  await installation.startGateway('next', { SLUICE_ENROL_TOKEN: token, SLUICE_LISTEN_HOST: '127.0.0.2' });
  const code = (await installation.gatewayCommand('one', 'confirmation-code')).out.trim();
  const next = async () => (await installation.api().gateways.listGateways.query()).find(({ name }) => name === 'next');
  const fingerprint = (await next())?.sealingFingerprint ?? '';
  await installation.command('gateways', 'confirm', 'next', '--fingerprint', fingerprint, '--code', code);
  await eventually('the new one serves', () => installation.works({ at: '127.0.0.2' }), 60_000);
  await goesOn();
  await session.end();
  await eventually('the old one’s spool is empty', async () => {
    const old = (await installation.api().gateways.listGateways.query()).find(({ name }) => name === 'one');
    return old?.openSessions === 0 && old.spoolChunks === 0;
  });
  await installation.stopGateway('one');
  expect(await installation.works({ via: 'relay' })).toBe(true);
  const out = join(installation.dataDir, 'one.sluice');
  const from = new Date(Date.now() - 3_600_000).toISOString();
  await installation.command('recordings', 'export', '--gateway', 'one', '--from', from, '--out', out);
  const old = rows.find(({ name }) => name === 'one');
  await installation.api().gateways.revokeGateway.mutate({ id: old?.id ?? '' });
  expect(await installation.works({ via: 'relay' })).toBe(true);
  const verified = await installation.sluice(['recordings', 'verify', out], { SLUICE_URL: '', SLUICE_TOKEN: '' });
  expect(verified).toMatchObject({ code: 0, err: '' });
});
