import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rewrap, Rewraps as RewrapsAnswer } from '@sluice/domain';
import { Secret } from '@sluice/domain';
import { confirmMemberKeys, fingerprint, generateSigningKeys, newConfirmationCode } from '@sluice/keys';
import { generateSealingKeys, openCredential, type SealingKeys, sealCredential } from '@sluice/keys/sealing';
import { compileFloor, type Floor } from '@sluice/policy';
import { toyConnection } from '@sluice/testkit/toy-echo';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rewraps, type RewrapsParts } from './rewraps.ts';
import { StateStore } from './state-store.ts';

const connection = toyConnection(5432);
const credential = { username: 'app', password: 'secret-of-the-target' };
let folder: string;
let store: StateStore;
let own: SealingKeys;
let member: SealingKeys;
let answer: RewrapsAnswer;
let sent: Rewrap[];
const signingKey = generateSigningKeys().publicKey;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-rewraps-'));
  store = new StateStore(folder);
  own = await generateSealingKeys();
  member = await generateSealingKeys();
  sent = [];
  const one = { gatewayId: 'new', name: 'new', signingKey, sealingKey: member.publicKey, confirmation: null };
  const missing = { connectionId: connection.id, purpose: 'writer', gatewayId: 'new' } as const;
  answer = { groupId: 'group', members: [one], missing: [missing], outdated: [] };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function rewraps(more: Partial<RewrapsParts> = {}): Rewraps {
  return new Rewraps({
    gatewayId: 'own',
    sealingKey: own.publicKey,
    formerSealing: [],
    store,
    floor: () => null,
    list: () => Promise.resolve(answer),
    send: (rewrap) => Promise.resolve(void sent.push(rewrap)),
    connection: (id) => (id === connection.id ? connection : undefined),
    open: () => Promise.resolve(new Secret(credential)),
    log: () => undefined,
    ...more,
  });
}

function printCode(lifeMs = 60_000): string {
  const code = newConfirmationCode();
  store.keepConfirmationCode(code, new Date(Date.now() + lifeMs));
  return code;
}

/** The member as the control plane tells of it. */
function told(change: Partial<RewrapsAnswer['members'][number]>): void {
  answer = { ...answer, members: answer.members.map((one) => ({ ...one, ...change })) };
}

const confirmed = (code: string, sealingKey = member.publicKey) =>
  confirmMemberKeys(code, { groupId: 'group', gatewayId: 'new', signingKey, sealingKey });

function floorWith(keys: readonly string[]): Floor {
  const result = compileFloor(`version: 1\nmembers: ${JSON.stringify(keys.map(fingerprint))}`, { detectors: [] });
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.floor;
}

test('a member that was confirmed with this gateway’s code gets the credential for the same connection, once the code and later without', async () => {
  told({ confirmation: await confirmed(printCode()) });
  await rewraps().run();
  const [given] = sent;
  expect(given).toMatchObject({ connectionId: connection.id, purpose: 'writer', gatewayId: 'new' });
  if (given === undefined) throw new Error('nothing was sent');
  expect(await openCredential(member.privateKey, connection.address, connection.id, given.envelope, 'writer')).toEqual(
    credential,
  );
  expect(store.confirmationCode(Date.now())).toBeNull();
  await rewraps().run();
  expect(sent).toHaveLength(2);
});

test('a stolen control plane gets nothing for a key of its own: no code, another code, another key, an expired code', async () => {
  const thief = await generateSealingKeys();
  await rewraps().run();
  printCode();
  told({ confirmation: await confirmed(newConfirmationCode()) });
  await rewraps().run();
  const code = printCode();
  told({ sealingKey: thief.publicKey, confirmation: await confirmed(code) });
  await rewraps().run();
  expect(store.confirmationCode(Date.now())).toBe(code);
  const old = printCode(-1);
  told({ sealingKey: member.publicKey, confirmation: await confirmed(old) });
  await rewraps().run();
  expect(sent).toEqual([]);
});

test('a member that has another key now, and a code that was spent, start over', async () => {
  const code = printCode();
  told({ confirmation: await confirmed(code) });
  await rewraps().run();
  const next = await generateSealingKeys();
  told({ sealingKey: next.publicKey, confirmation: await confirmed(code, next.publicKey) });
  await rewraps().run();
  expect(sent).toHaveLength(1);
});

test('a floor’s list of keys decides alone: a code does not help, a listed key needs none', async () => {
  told({ confirmation: await confirmed(printCode()) });
  await rewraps({ floor: () => floorWith([own.publicKey]) }).run();
  expect(sent).toEqual([]);
  told({ confirmation: null });
  await rewraps({ floor: () => floorWith([member.publicKey]) }).run();
  expect(sent).toHaveLength(1);
});

test('envelopes for a key from before are sealed to the new one by the gateway itself', async () => {
  const former = await generateSealingKeys();
  const { address, id: connectionId } = connection;
  const envelope = await sealCredential({ recipientKey: former.publicKey, address, connectionId, credential });
  answer = { ...answer, members: [], missing: [], outdated: [{ connectionId, purpose: 'writer', envelope }] };
  await rewraps({ formerSealing: [former] }).run();
  const [given] = sent;
  expect(given?.gatewayId).toBe('own');
  if (given === undefined) throw new Error('nothing was sent');
  expect(await openCredential(own.privateKey, address, connectionId, given.envelope, 'writer')).toEqual(credential);
});
