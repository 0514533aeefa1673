import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toyConnection } from '@sluice/testkit/toy-echo';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { resolveReference } from './credential-references.ts';
import { readFloorFile } from './floor-file.ts';
import { TargetDialer } from './target-dialer.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-floor-'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function floor(text: string) {
  const file = join(folder, 'floor.yaml');
  writeFileSync(file, `version: 1\n${text}\n`);
  return readFloorFile(file).floor;
}

describe('the floor file', () => {
  test('none is none; one that is broken or cannot be read stops whoever asks', () => {
    expect(readFloorFile(null)).toEqual({ floor: null, shown: null });
    expect(() => readFloorFile(join(folder, 'absent.yaml'))).toThrow(/not usable.*cannot be read/);
    expect(() => readFloorFile(folder)).toThrow('not usable');
    expect(() => floor('never: [everything]')).toThrow(/floor\.yaml:2:\d+/);
  });

  test('it is shown by its digest and its sentences', () => {
    const file = join(folder, 'shown.yaml');
    writeFileSync(file, 'version: 1\nnever: [schema]\n');
    const { shown } = readFloorFile(file);
    expect(shown?.digest).toMatch(/^[\w-]{43}$/);
    expect(shown?.summary.join()).toContain('floor:never-schema');
  });
});

describe('a credential that stands where the gateway runs', () => {
  const connection = toyConnection(5432, {
    address: { protocol: 'toy-echo', host: 'db.internal', port: 5432, tls: { mode: 'disable', ca: null } },
  });
  const secretFile = () => join(folder, 'password');
  const lists = () =>
    floor(`references: { "env:DB_PASSWORD": ["db.internal:5432"], "file:${secretFile()}": ["*.internal:*"] }`);

  test('is read for a target that its list names', () => {
    vi.stubEnv('DB_PASSWORD', 'from the environment');
    writeFileSync(secretFile(), 'from a file\n');
    const reference = { username: 'app', password: 'env:DB_PASSWORD' };
    expect(resolveReference(connection, reference, lists()).reveal()).toEqual({
      username: 'app',
      password: 'from the environment',
    });
    const file = { username: 'app', password: `file:${secretFile()}` };
    expect(resolveReference(connection, file, lists()).reveal().password).toBe('from a file');
  });

  test('is read for nothing else: another target, another reference, no floor, nothing there', () => {
    vi.stubEnv('DB_PASSWORD', 'secret words');
    vi.stubEnv('OTHER', 'secret words');
    const reference = { username: 'app', password: 'env:DB_PASSWORD' };
    const moved = { ...connection, address: { ...connection.address, host: 'evil.example' } };
    const tries = [
      () => resolveReference(moved, reference, lists()),
      () => resolveReference(connection, { ...reference, password: 'env:OTHER' }, lists()),
      () => resolveReference(connection, reference, null),
      () => resolveReference(connection, { ...reference, password: 'file:/etc/passwd' }, lists()),
    ];
    for (const attempt of tries) expect(attempt).toThrow(expect.objectContaining({ code: 'target-auth' }));
    for (const attempt of tries) expect(attempt).not.toThrow(/secret words/);
    vi.stubEnv('DB_PASSWORD', undefined);
    expect(() => resolveReference(connection, reference, lists())).toThrow('no credential');
  });
});

describe('targets of the floor', () => {
  const at = (host: string) =>
    toyConnection(1, { address: { protocol: 'toy-echo', host, port: 1, tls: { mode: 'disable', ca: null } } });
  const dial = (allowed: string[], text: string, host: string) =>
    new TargetDialer(allowed, () => floor(text)).dial(at(host), AbortSignal.timeout(5_000));

  test.each<[string, string[], string, string, RegExp]>([
    ['both lists must allow', ['*'], 'targets: ["db.internal:1"]', '127.0.0.1', /does not allow/],
    ['the environment still closes', ['db.internal:1'], 'targets: ["127.0.0.1:1"]', '127.0.0.1', /does not allow/],
    ['a name outside every subnet', [], 'targets: ["10.0.0.0/8:1"]', 'localhost', /does not allow/],
    ['the floor alone allows', [], 'targets: ["127.0.0.0/8:1"]', '127.0.0.1', /refused/],
    ['a name whose address a subnet holds', [], 'targets: ["127.0.0.0/8:1"]', 'localhost', /refused/],
    ['no targets in it leave the environment’s', ['127.0.0.1:1'], 'never: [schema]', '127.0.0.1', /refused/],
  ])('%s', async (_name, allowed, text, host, words) => {
    await expect(dial(allowed, text, host)).rejects.toThrow(words);
  });
});
