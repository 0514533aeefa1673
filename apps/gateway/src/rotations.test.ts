/** Rotation after a crash: whatever moment the gateway died in, the next start finds out what the target takes and has that in force. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BundleConnection, type Rotation, type SealedEnvelope, Secret, SluiceError } from '@sluice/domain';
import { generateSealingKeys, openCredential, type SealingKeys, sealCredential } from '@sluice/keys/sealing';
import { testConnection } from '@sluice/wire-kit/testing';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startPostgres } from '../../../scripts/postgres.mjs';
import { Rotations } from './rotations.ts';

const account = 'app_writer';
const id = '01990000-0000-7000-8000-0000000000aa';
let folder: string;
let server: Awaited<ReturnType<typeof startPostgres>>;
let admin: pg.Client;
let keys: SealingKeys;
let old: SealedEnvelope;
let next: SealedEnvelope;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-rotations-'));
  server = await startPostgres({ dataDir: join(folder, 'data'), version: '15', password: 'superuser', fsync: false });
  admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`CREATE ROLE ${account} LOGIN PASSWORD 'old-password'`);
  keys = await generateSealingKeys();
  old = await sealed('old-password');
  next = await sealed('next-password');
});
afterAll(async () => {
  await admin?.end();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => targetTakes('old-password'));

const address = (): BundleConnection['address'] => ({
  protocol: 'postgres',
  host: '127.0.0.1',
  port: server.port,
  tls: { mode: 'disable', ca: null },
});

function sealed(password: string): Promise<SealedEnvelope> {
  const credential = { username: account, password };
  return sealCredential({ recipientKey: keys.publicKey, address: address(), connectionId: id, credential });
}

async function targetTakes(password: string): Promise<void> {
  await admin.query(`ALTER ROLE ${account} PASSWORD '${password}'`);
}

const connection = (credential: SealedEnvelope): BundleConnection => ({
  ...testConnection('postgres', { database: 'postgres' }),
  id,
  address: address(),
  credential,
});

interface Start {
  readonly rotations: Rotations;
  readonly told: string[];
  kept(): Rotation | null;
}

/** A gateway that starts with what the last one left on its disk. `away`: the control plane does not answer. */
function start(left: Rotation | null, options: { readonly reachable?: boolean; readonly away?: boolean } = {}): Start {
  let kept = left;
  const told: string[] = [];
  const open = async (of: BundleConnection, envelope: SealedEnvelope) =>
    new Secret(await openCredential(keys.privateKey, of.address, of.id, envelope));
  const rotations = new Rotations({
    ports: {
      credential: (of) => open(of, of.credential ?? old),
      connect: (of, signal) =>
        new Promise((resolve, reject) => {
          if (options.reachable === false) {
            reject(new SluiceError('target-unreachable', 'the target is away'));
            return;
          }
          const socket = connect({ host: of.address.host, port: of.address.port, signal });
          socket.once('error', reject).once('connect', () => resolve(socket));
        }),
      allowWeakAuthentication: () => false,
      noteSession: () => () => undefined,
    },
    sealingKey: keys.publicKey,
    store: {
      rotation: () => kept,
      keepRotation: (rotation) => {
        kept = rotation;
      },
    },
    tell: async ({ stage }) => {
      if (options.away === true) throw new SluiceError('unavailable', 'the control plane is away');
      told.push(stage);
    },
    open: (of, _purpose, envelope) => open(of, envelope),
    connection: () => connection(old),
    log: () => undefined,
  });
  return { rotations, told, kept: () => kept };
}

const pending = (): Rotation => ({
  requestId: 'r',
  connectionId: id,
  purpose: 'writer',
  stage: 'pending',
  envelope: next,
});

test('killed before the target was asked: the old password stays, and the new one is dropped', async () => {
  const { rotations, told, kept } = start(pending());
  await rotations.recover();
  expect([told, kept(), rotations.override(id, 'writer')]).toEqual([['dropped'], null, null]);
});

test('killed after the target took it: the new password is put in force', async () => {
  await targetTakes('next-password');
  const { rotations, told, kept } = start(pending());
  await rotations.recover();
  expect([told, kept(), rotations.override(id, 'writer')]).toEqual([['active'], null, next]);
});

test('the target is away: nothing is decided, and the next try decides it', async () => {
  await targetTakes('next-password');
  const away = start(pending(), { reachable: false });
  await away.rotations.recover();
  expect([away.told, away.kept(), away.rotations.override(id, 'writer')]).toEqual([[], pending(), null]);
  const back = start(away.kept());
  await back.rotations.recover();
  expect([back.told, back.kept()]).toEqual([['active'], null]);
});

test('the control plane is away: sessions open with what the target takes, and the envelope stays on disk', async () => {
  await targetTakes('next-password');
  const away = start(pending(), { away: true });
  await away.rotations.recover();
  expect([away.kept(), away.rotations.override(id, 'writer')]).toEqual([pending(), next]);
  // Killed once more: the next start settles it.
  const back = start(away.kept());
  await back.rotations.recover();
  expect([back.told, back.kept(), back.rotations.override(id, 'writer')]).toEqual([['active'], null, next]);
});

test('while one is not settled no other is begun, and nothing to settle is nothing to do', async () => {
  await targetTakes('a third password');
  const open = start(pending());
  await open.rotations.recover();
  expect([open.told, open.kept()]).toEqual([[], pending()]);
  const [step] = await open.rotations.rotate('r2', connection(old), 'writer');
  expect(step).toMatchObject({ ok: false, message: expect.stringMatching(/not settled/) });
  const none = start(null);
  await none.rotations.recover();
  expect(none.told).toEqual([]);
});
