import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ReadOutcome } from '@sluice/domain';
import type { FactsRequest } from '@sluice/wire-kit';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FactsPool, maxTextCharacters } from './facts-pool.ts';
import type { HostileText } from './testing/hostile-parser.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-parser-'));
const workerFile = join(folder, 'parser.cjs');
let pool: FactsPool;
let failures: string[];
let spawned: number;

beforeAll(async () => {
  const entry = fileURLToPath(new URL('./testing/hostile-parser.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile: workerFile, bundle: true, platform: 'node', format: 'cjs' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  failures = [];
  spawned = 0;
  pool = newPool(() => new Worker(workerFile));
});
afterEach(() => pool.close());

function newPool(spawn: () => Worker): FactsPool {
  return new FactsPool({
    size: 1,
    spawn: () => {
      spawned++;
      return spawn();
    },
    onFailure: (message) => failures.push(message),
  });
}

/** Always a promise, also on a cache hit. */
async function read(wanted: FactsRequest): Promise<ReadOutcome> {
  return pool.read(wanted);
}

function request(text: string, more: Partial<FactsRequest> = {}): FactsRequest {
  return { language: 'hostile', text, session: {}, sessionKey: '', catalogue: null, ...more };
}

function because(outcome: ReadOutcome): unknown {
  return outcome.ok ? JSON.parse(outcome.statements[0]?.incompleteBecause ?? 'null') : outcome.reason;
}

describe('a hostile text hurts nobody else', () => {
  test('one that hangs is timed out; those that waited behind it are answered by a new thread', async () => {
    const reading = [read(request('hang')), read(request('a')), read(request('b'))];
    const described = pool.describe('hostile', 'c');
    const [hung, a, b] = await Promise.all(reading);
    expect(hung).toMatchObject({ ok: false, reason: 'timed-out' });
    expect(a).toMatchObject({ ok: true });
    expect(b).toMatchObject({ ok: true });
    expect(await described).toEqual({ canonical: 'C', tree: '"c"', comment: null });
    expect(spawned).toBe(2);
    expect(failures).toHaveLength(1);
  });

  test.each<HostileText>(['throw', 'exit'])(
    'one that breaks the thread (%s) is unreadable, and the thread is replaced',
    async (text) => {
      const [broken, next] = await Promise.all([read(request(text)), read(request('a'))]);
      expect(broken).toMatchObject({ ok: false, reason: 'broken' });
      expect(next).toMatchObject({ ok: true });
      expect(spawned).toBe(2);
    },
  );

  test('a description that hangs is an error, not an endless wait', async () => {
    await expect(pool.describe('hostile', 'hang')).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a text beyond the cap is not even handed over', () => {
    const outcome = pool.read(request('x'.repeat(maxTextCharacters + 1)));
    expect(outcome).toMatchObject({ ok: false, reason: 'oversize' });
  });

  test('too many waiting texts are refused at once; those before them are answered', async () => {
    const waiting = Array.from({ length: 1_100 }, (_, i) => read(request(`t${i}`)));
    const outcomes = await Promise.all(waiting);
    const refused = outcomes.filter((outcome) => !outcome.ok);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(100);
    expect(refused[0]).toMatchObject({ reason: 'broken' });
  });

  test('no text waits for a parser that does not start', async () => {
    const dead = newPool(() => new Worker('process.exit(1)', { eval: true }));
    expect(await dead.read(request('a'))).toMatchObject({ ok: false, reason: 'broken' });
    await dead.close();
  });

  test('closing answers what waits', async () => {
    const reading = [read(request('hang')), read(request('a'))];
    await pool.close();
    for (const outcome of await Promise.all(reading)) expect(outcome).toMatchObject({ ok: false, reason: 'broken' });
    expect(await read(request('b'))).toMatchObject({ ok: false, reason: 'broken' });
  });
});

describe('the cache', () => {
  test('a hit is synchronous and the same object', async () => {
    const first = await read(request('a'));
    expect(pool.read(request('a'))).toBe(first);
  });

  test('session state, catalogue and language are part of the key', async () => {
    await read(request('a'));
    for (const other of [{ sessionKey: 's' }, { catalogue: { id: 'c', data: 1 } }]) {
      const again = pool.read(request('a', other));
      expect(again).toBeInstanceOf(Promise);
      expect(await again).toMatchObject({ ok: true });
    }
    expect(await read(request('a', { language: 'none' }))).toMatchObject({ ok: false, reason: 'broken' });
  });

  test('the grammar’s own word is remembered, a failure is not', async () => {
    const syntax = await read(request('syntax'));
    expect(pool.read(request('syntax'))).toBe(syntax);
    await read(request('throw'));
    expect(pool.read(request('throw'))).toBeInstanceOf(Promise);
  });

  test('a text of the gateway’s own takes nobody’s place', async () => {
    await read(request('syntax', { once: true }));
    const again = pool.read(request('syntax'));
    expect(again).toBeInstanceOf(Promise);
    await again;
    expect(pool.read(request('syntax', { once: true }))).not.toBeInstanceOf(Promise);
  });

  test('a long text is read anew each time', async () => {
    const text = 'x'.repeat(20_000);
    await read(request(text));
    expect(pool.read(request(text))).toBeInstanceOf(Promise);
  });
});

describe('catalogues', () => {
  test('each is sent once per thread, and again to the thread that replaces it', async () => {
    const catalogue = { id: 'c1', data: { tables: ['t'] } };
    expect(because(await read(request('a', { catalogue })))).toMatchObject({ catalogue: catalogue.data });
    expect(because(await read(request('b', { catalogue })))).toMatchObject({ catalogue: catalogue.data });
    await read(request('throw'));
    expect(because(await read(request('c', { catalogue })))).toMatchObject({ catalogue: catalogue.data });
  });

  test('more catalogues than a thread keeps still reach it', async () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 70; i++) {
        const outcome = await read(request(`r${round}`, { catalogue: { id: `c${i}`, data: i } }));
        expect(because(outcome)).toMatchObject({ catalogue: i });
      }
    }
  });
});
