import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Actor, type BundlePasskey, decisionText, passkeyText, type StatusDecision } from '@sluice/domain';
import { challengeOf, fingerprint, newId } from '@sluice/keys';
import { type Signing, SoftPasskey } from '@sluice/testkit/soft-passkey';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StateStore } from './state-store.ts';
import { openStepUp, type StepUpCheck } from './step-up.ts';

const publicUrl = 'https://sluice.example';
const site = { origin: publicUrl, rpId: 'sluice.example' };
const gatewayId = 'gateway-1';
const agent: Actor = {
  id: 'agent-1',
  kind: 'service',
  name: 'coder',
  role: 'agent',
  groups: [],
  onBehalfOf: { id: 'owner-1', name: 'owner' },
  runId: null,
};

let folder: string;
let logged: { message: string; fields: Record<string, unknown> }[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-step-up-'));
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(trust: { mode?: 'first-use' | 'listed'; listed?: string[]; always?: string[] } = {}): StepUpCheck {
  return openStepUp(new StateStore(folder), {
    gatewayId,
    always: trust.always ?? [],
    trust: { mode: trust.mode ?? 'first-use', listed: new Set(trust.listed) },
    publicUrl: () => publicUrl,
    log: (_level, message, fields) => logged.push({ message, fields }),
  });
}

const offer = (passkey: SoftPasskey, personId: string, more: Partial<BundlePasskey> = {}): BundlePasskey => ({
  credentialId: passkey.credentialId,
  publicKey: passkey.publicKey,
  personId,
  personName: personId,
  vouch: null,
  removed: false,
  ...more,
});

function vouched(passkey: SoftPasskey, personId: string, by: SoftPasskey, more: Partial<BundlePasskey> = {}) {
  const offered = offer(passkey, personId, more);
  return { ...offered, vouch: by.assert({ ...site, challenge: challengeOf(passkeyText(offered)) }) };
}

interface Subject {
  readonly gatewayId: string;
  readonly approvalId: string;
  readonly effectDigest: string;
  readonly outcome: 'approve' | 'deny';
  readonly personId: string;
}
function decide(passkey: SoftPasskey, subject: Subject, signing: Partial<Signing> = {}): StatusDecision {
  const assertion = passkey.assert({ ...site, challenge: challengeOf(decisionText(subject)), ...signing });
  return { personId: subject.personId, name: subject.personId, outcome: 'approve', assertion };
}

const subjectOf = (approvalId: string, personId: string): Subject => ({
  gatewayId,
  approvalId,
  effectDigest: 'digest',
  outcome: 'approve',
  personId,
});
const request = (approvalId: string, decisions: readonly StatusDecision[], count = 1, ownerCounts = false) => ({
  connection: { name: 'orders', stepUp: 'passkey' as const },
  approvalId,
  effectDigest: 'digest',
  actor: agent,
  count,
  ownerCounts,
  decisions,
});

describe('a decision', () => {
  const alice = new SoftPasskey();
  const bob = new SoftPasskey('eddsa');
  let check: StepUpCheck;
  let id: string;
  beforeEach(() => {
    check = open();
    check.update({ passkeys: [offer(alice, 'alice'), offer(bob, 'bob'), offer(new SoftPasskey(), 'eve')], publicUrl });
    id = newId();
  });

  test('that its passkey signed counts, once', () => {
    const decisions = [decide(alice, subjectOf(id, 'alice'))];
    expect(check.use(request(id, decisions))).toBeNull();
    expect(check.use(request(id, decisions))).toBe('the approval was used before');
    // Also after a restart, with the state of the folder.
    expect(open().use(request(id, decisions))).toBe('the approval was used before');
  });

  test.each<[string, (id: string) => StatusDecision]>([
    ['another approval', () => decide(alice, subjectOf(newId(), 'alice'))],
    ['another effect', (at) => decide(alice, { ...subjectOf(at, 'alice'), effectDigest: 'other' })],
    ['another gateway', (at) => decide(alice, { ...subjectOf(at, 'alice'), gatewayId: 'gateway-2' })],
    ['a denial passed off as an approval', (at) => decide(alice, { ...subjectOf(at, 'alice'), outcome: 'deny' })],
    ['another person', (at) => ({ ...decide(alice, subjectOf(at, 'bob')), personId: 'bob' })],
    ['a key that nobody registered', (at) => decide(new SoftPasskey(), subjectOf(at, 'alice'))],
    ['another site', (at) => decide(alice, subjectOf(at, 'alice'), { rpId: 'evil', origin: 'https://evil' })],
    ['no user verification', (at) => decide(alice, subjectOf(at, 'alice'), { flags: 1 })],
    ['nothing', () => ({ personId: 'alice', name: 'alice', outcome: 'approve', assertion: null })],
  ])('signed for %s does not', (_name, forged) => {
    expect(check.use(request(id, [forged(id)]))).toMatch(/^0 of 1 decisions carry/);
    // Nothing of it was spent: the true decision still counts.
    expect(check.use(request(id, [decide(alice, subjectOf(id, 'alice'))]))).toBeNull();
  });

  test('of one person is one, and two people are two', () => {
    const mine = decide(alice, subjectOf(id, 'alice'));
    expect(check.use(request(id, [mine, mine], 2))).toMatch(/^1 of 2 .*one person counts once/);
    expect(check.use(request(id, [mine], 2))).toMatch(/^1 of 2 /);
    expect(check.use(request(id, [mine, decide(bob, subjectOf(id, 'bob'))], 2))).toBeNull();
  });

  test('of who asked, or of the agent’s owner, is none', () => {
    const keys = { owner: new SoftPasskey(), self: new SoftPasskey() };
    check.update({ passkeys: [offer(keys.owner, 'owner-1'), offer(keys.self, 'agent-1')], publicUrl });
    const owner = [decide(keys.owner, subjectOf(id, 'owner-1'))];
    expect(check.use(request(id, owner))).toMatch(/owner does not count/);
    expect(check.use(request(id, [decide(keys.self, subjectOf(id, 'agent-1'))]))).toMatch(/who asked does not count/);
    expect(check.use(request(id, owner, 1, true))).toBeNull();
  });

  test('with a counter that another use had already means two of the key', () => {
    const other = newId();
    expect(check.use(request(id, [decide(alice, subjectOf(id, 'alice'), { counter: 9 })]))).toBeNull();
    expect(check.use(request(other, [decide(alice, subjectOf(other, 'alice'), { counter: 9 })]))).toMatch(/counter/);
    expect(check.use(request(other, [decide(alice, subjectOf(other, 'alice'), { counter: 0 })]))).toMatch(/counter/);
    // Two decisions may be used in another order than they were signed in.
    expect(check.use(request(other, [decide(alice, subjectOf(other, 'alice'), { counter: 8 })]))).toBeNull();
  });

  test('on an approval that is older than any hold is not looked at', () => {
    const old = `01000000-0000-7000-8000-000000000000`;
    expect(check.use(request(old, [decide(alice, subjectOf(old, 'alice'))]))).toBe('the approval is too old');
    expect(check.use(request('x', [decide(alice, subjectOf('x', 'alice'))]))).toBe('the approval is too old');
  });
});

describe('a stolen control plane', () => {
  const alice = new SoftPasskey();
  const use = (check: StepUpCheck, passkey: SoftPasskey) => {
    const id = newId();
    return check.use(request(id, [decide(passkey, subjectOf(id, 'alice'))]));
  };

  test('cannot give a known person another key, whatever it says of the first one', () => {
    const check = open();
    check.update({ passkeys: [offer(alice, 'alice')], publicUrl });
    const forged = new SoftPasskey();
    check.update({ passkeys: [offer(alice, 'alice'), offer(forged, 'alice')], publicUrl });
    expect(use(check, forged)).toMatch(/does not trust/);
    check.update({ passkeys: [offer(alice, 'alice', { removed: true }), offer(forged, 'alice')], publicUrl });
    expect(use(check, forged)).toMatch(/does not trust/);
    check.update({ passkeys: [offer(forged, 'alice')], publicUrl });
    expect(use(open(), forged)).toMatch(/does not trust/);
    expect(logged.map(({ message }) => message)).toContain('a passkey is not trusted');
  });

  test('cannot bring back a passkey that was removed, or put another key under its id', () => {
    const check = open();
    check.update({ passkeys: [offer(alice, 'alice')], publicUrl });
    const forged = new SoftPasskey();
    check.update({ passkeys: [offer(alice, 'alice', { publicKey: forged.publicKey })], publicUrl });
    expect(use(check, alice)).toBeNull();
    check.update({ passkeys: [offer(alice, 'alice', { removed: true })], publicUrl });
    check.update({ passkeys: [offer(alice, 'alice')], publicUrl });
    expect(use(check, alice)).toMatch(/was removed/);
  });

  test('cannot vouch: not with another’s key, not for another key', () => {
    const check = open();
    const [bob, forged] = [new SoftPasskey(), new SoftPasskey()];
    check.update({ passkeys: [offer(alice, 'alice'), offer(bob, 'bob')], publicUrl });
    const stolen = vouched(new SoftPasskey(), 'alice', alice).vouch;
    check.update({
      passkeys: [vouched(forged, 'alice', bob), offer(new SoftPasskey(), 'alice', { vouch: stolen })],
      publicUrl,
    });
    expect(use(check, forged)).toMatch(/does not trust/);
  });

  test('where only listed passkeys are trusted, cannot invent a person', () => {
    const check = open({ mode: 'listed', listed: [fingerprint(alice.publicKey)] });
    const invented = new SoftPasskey();
    check.update({ passkeys: [offer(alice, 'alice'), offer(invented, 'mallory')], publicUrl });
    const id = newId();
    expect(check.use(request(id, [decide(invented, subjectOf(id, 'mallory'))]))).toMatch(/does not trust/);
    expect(use(check, alice)).toBeNull();
  });
});

test('a connection that asks for nothing needs nothing, unless the gateway’s own list names it', () => {
  const plain = { ...request(newId(), []), connection: { name: 'orders', stepUp: 'none' as const } };
  expect(open().use(plain)).toBeNull();
  for (const always of [['orders'], ['*']]) expect(open({ always }).use(plain)).toMatch(/^0 of 1/);
});

test('a chain of vouching is followed through passkeys that are gone by now', () => {
  const [first, second, third] = [new SoftPasskey(), new SoftPasskey(), new SoftPasskey()];
  const check = open();
  check.update({
    passkeys: [
      offer(first, 'alice', { removed: true }),
      vouched(second, 'alice', first, { removed: true }),
      vouched(third, 'alice', second),
    ],
    publicUrl,
  });
  const id = newId();
  expect(check.use(request(id, [decide(third, subjectOf(id, 'alice'))]))).toBeNull();
  const again = newId();
  expect(check.use(request(again, [decide(second, subjectOf(again, 'alice'))]))).toMatch(/was removed/);
});

test('somebody who lost every passkey comes back by the gateway’s own list', () => {
  const [lost, found] = [new SoftPasskey(), new SoftPasskey()];
  open().update({ passkeys: [offer(lost, 'alice')], publicUrl });
  const check = open({ listed: [fingerprint(found.publicKey)] });
  check.update({ passkeys: [offer(lost, 'alice', { removed: true }), offer(found, 'alice')], publicUrl });
  const id = newId();
  expect(check.use(request(id, [decide(found, subjectOf(id, 'alice'))]))).toBeNull();
});
