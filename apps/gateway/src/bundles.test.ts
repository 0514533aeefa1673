import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, SignedBundle } from '@sluice/domain';
import { bundleContext, generateSigningKeys, signJson, ticketContext } from '@sluice/keys';
import { compileFloor } from '@sluice/policy';
import { defaultPolicySource } from '@sluice/testkit/sessions';
import { toyConnection } from '@sluice/testkit/toy-echo';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bundles, capabilities } from './bundles.ts';
import { StateStore } from './state-store.ts';

const keys = generateSigningKeys();
let folder: string;
let bundles: Bundles;
let versions: number[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-gateway-'));
  bundles = opened();
  versions = [];
  bundles.onChange(({ bundle }) => versions.push(bundle.version));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const opened = () => new Bundles(new StateStore(folder), 'gateway-1', keys);

function bundle(version: number, more: Partial<Bundle> = {}): Bundle {
  return {
    format: 1,
    version,
    gatewayId: 'gateway-1',
    issuedAt: new Date(0).toISOString(),
    capabilities: ['policy-1'],
    policy: { version, source: defaultPolicySource },
    connections: [toyConnection(1)],
    passkeys: [],
    publicUrl: 'https://sluice.test',
    ...more,
  };
}

const signed = (...args: Parameters<typeof bundle>): SignedBundle => signJson(keys, bundleContext, bundle(...args));

describe('a bundle takes force', () => {
  test('newer ones follow each other; the same version again is no harm', () => {
    bundles.accept(signed(3));
    bundles.accept(signed(4));
    bundles.accept(signed(4));
    expect(versions).toEqual([3, 4, 4]);
    expect(bundles.current?.policy.version).toBe(4);
    expect(bundles.current?.connections.get('connection-1')?.name).toBe('toy');
  });

  test('the last one is kept on disk, readable by its owner only, and in force at the next start', () => {
    bundles.accept(signed(4));
    expect(readdirSync(folder)).toEqual(['bundle.json']);
    const again = opened();
    expect(again.version).toBe(4);
    expect(() => again.accept(signed(3))).toThrow('older');
  });

  test('capabilities that this gateway lacks are named', () => {
    bundles.accept(signed(1, { capabilities: ['policy-1', 'floor-9'] }));
    expect(bundles.current?.missing).toEqual(['floor-9']);
  });
});

describe('CP08: an older gateway and what it does not know', () => {
  const older = ['policy-1', 'mask-1', 'hold-1', 'limit-1', 'recording-1'];
  const old = () => new Bundles(new StateStore(folder), 'gateway-1', keys, { declared: older });
  const newer = (more: object) => signJson(keys, bundleContext, { ...bundle(7), ...more });

  test('a policy with a rule key that it lacks refuses every connection, whatever the rules said before', () => {
    const gateway = old();
    gateway.accept(signed(6));
    expect(gateway.problemOf('connection-1')).toBeNull();
    const source = 'version: 1\nrules: [{ name: a, description: a, action: hold, when: true, stages: [x] }]';
    gateway.accept(newer({ capabilities: ['policy-1', 'hold-9'], policy: { version: 7, source, more: 1 }, news: 1 }));
    expect(gateway.version).toBe(7);
    expect(gateway.problemOf('connection-1')).toMatch(/too old.*hold-9/);
    expect(gateway.current?.policy.policy.rules.map((rule) => rule.action)).toEqual(['deny']);
  });

  test('a connection that needs more is refused, its neighbour is not; one without a known form is not served', () => {
    const gateway = old();
    const more = { ...toyConnection(2), id: 'connection-2', capabilities: ['synced-9'], later: 'said' };
    const silent = { ...toyConnection(3), id: 'connection-3', later: 'said' };
    gateway.accept(newer({ connections: [toyConnection(1), more, silent, { id: 'connection-4', over: 'again' }] }));
    expect(gateway.problemOf('connection-1')).toBeNull();
    expect(gateway.problemOf('connection-2')).toMatch(/too old.*synced-9/);
    expect(gateway.problemOf('connection-3')).toMatch(/does not understand/);
    expect([...(gateway.current?.connections.keys() ?? [])]).toEqual(['connection-1', 'connection-2', 'connection-3']);
  });

  test('a policy that names nothing it lacks and still cannot be read stops all sessions until one can', () => {
    const gateway = old();
    gateway.accept(signed(6));
    const source = 'version: 1\nrules: [{ name: a, description: a, action: deny, when: "actor.shoeSize > 4" }]';
    expect(() => gateway.accept(newer({ policy: { version: 7, source } }))).toThrow('does not compile');
    expect(gateway.problemOf('connection-1')).toMatch(/cannot obey the newest policy/);
    gateway.accept(signed(8));
    expect(gateway.problemOf('connection-1')).toBeNull();
  });

  test('this build declares what it enforces, its protocols included', () => {
    expect(capabilities).toEqual(expect.arrayContaining(['policy-1', 'reader-1', 'protocol-postgres']));
  });
});

describe('the gateway’s own floor', () => {
  const floorOf = (text: string) => {
    const result = compileFloor(`version: 1\n${text}`, { detectors: [] });
    if (!result.ok) throw new Error(result.problems[0]?.message);
    return result.floor;
  };
  const rulesOf = (gateway: Bundles) => gateway.current?.policy.policy.rules.map(({ name }) => name) ?? [];

  test('lies under every bundle, the kept one too, and a new one lies under the policy that is in force', () => {
    const gateway = new Bundles(new StateStore(folder), 'gateway-1', keys, { floor: floorOf('never: [schema]') });
    gateway.accept(signed(1));
    expect(rulesOf(gateway)).toContain('floor:never-schema');
    const again = new Bundles(new StateStore(folder), 'gateway-1', keys, { floor: floorOf('never: [write]') });
    expect(rulesOf(again)).toContain('floor:never-write');
    again.floorIs(floorOf('never: [privilege]'), null);
    expect(rulesOf(again).filter((name) => name.startsWith('floor:'))).toEqual(['floor:never-privilege']);
  });

  test('one that is not usable closes everything until one is', () => {
    bundles.accept(signed(1));
    bundles.floorIs(null, 'broken');
    expect(bundles.problemOf('connection-1')).toBe('broken');
    bundles.accept(signed(2));
    expect(bundles.problemOf('connection-1')).toBe('broken');
    bundles.floorIs(null, null);
    expect(bundles.problemOf('connection-1')).toBeNull();
  });
});

describe('the control plane’s key is changed', () => {
  const next = generateSigningKeys();
  const byNext = (version: number) => signJson(next, bundleContext, bundle(version));

  test('a bundle by the pinned key hands over; once the next one signed, the one before is believed no more', () => {
    expect(() => bundles.accept(byNext(1))).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
    bundles.accept(signed(1, { nextKey: { keyId: next.keyId, publicKey: next.publicKey } }));
    bundles.accept(signed(2, { nextKey: { keyId: next.keyId, publicKey: next.publicKey } }));
    expect(bundles.publicKeyOf(next.keyId)).toBe(next.publicKey);
    expect(opened().publicKeyOf(next.keyId)).toBe(next.publicKey);
    bundles.accept(byNext(3));
    expect(bundles.publicKeyOf(keys.keyId)).toBeNull();
    expect(() => bundles.accept(signed(4))).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
    expect(() => bundles.accept(byNext(2))).toThrow('older');
  });

  test('the bundle in force, signed again by the next key, ends the belief in the former one: now and at the next start', () => {
    expect(bundles.signedBy).toBeNull();
    bundles.accept(signed(1, { nextKey: { keyId: next.keyId, publicKey: next.publicKey } }));
    expect([bundles.signedBy, opened().signedBy]).toEqual([keys.keyId, keys.keyId]);
    bundles.accept(byNext(1));
    // What a start reads as the pinned key is what was kept by then.
    const store = new StateStore(folder);
    for (const which of [bundles, new Bundles(store, 'gateway-1', next)]) {
      expect(which.signedBy).toBe(next.keyId);
      expect(which.publicKeyOf(keys.keyId)).toBeNull();
      expect(() => which.accept(signed(2))).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
    }
  });

  test('a rotation that was given up is forgotten with the next bundle', () => {
    bundles.accept(signed(1, { nextKey: { keyId: next.keyId, publicKey: next.publicKey } }));
    bundles.accept(signed(2));
    expect(() => bundles.accept(byNext(3))).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  });
});

describe('a bundle is refused and the last one stays', () => {
  const stranger = generateSigningKeys();
  test.each<[string, () => SignedBundle, object]>([
    ['an older version', () => signed(4), { code: 'conflict' }],
    ['another key', () => signJson(stranger, bundleContext, bundle(9)), { code: 'unauthenticated' }],
    [
      'another key under the pinned id',
      () => ({ ...signJson(stranger, bundleContext, bundle(9)), keyId: keys.keyId }),
      { code: 'unauthenticated' },
    ],
    ['a signature for something else', () => signJson(keys, ticketContext, bundle(9)), { code: 'unauthenticated' }],
    [
      'a changed byte',
      () => ({ ...signed(9), payload: Buffer.from(JSON.stringify(bundle(10))).toString('base64url') }),
      { code: 'unauthenticated' },
    ],
    ['another gateway', () => signed(9, { gatewayId: 'gateway-2' }), { code: 'forbidden' }],
    [
      'a policy with a typo',
      () => signed(9, { policy: { version: 9, source: 'version: 1\nrules: [{ name: a, actoin: deny }]' } }),
      { code: 'policy-invalid' },
    ],
    ['another shape', () => signJson(keys, bundleContext, { version: 9 }), { code: 'bad-request' }],
  ])('%s', (_name, make, error) => {
    bundles.accept(signed(5));
    expect(() => bundles.accept(make())).toThrow(expect.objectContaining(error));
    expect(bundles.version).toBe(5);
    expect(versions).toEqual([5]);
    expect(opened().version).toBe(5);
  });

  test('a file that somebody changed on disk is not obeyed', () => {
    bundles.accept(signed(5));
    const file = join(folder, 'bundle.json');
    const kept = JSON.parse(readFileSync(file, 'utf8')) as SignedBundle;
    const payload = Buffer.from(JSON.stringify(bundle(6))).toString('base64url');
    writeFileSync(file, JSON.stringify({ ...kept, payload }));
    expect(opened).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  });
});
