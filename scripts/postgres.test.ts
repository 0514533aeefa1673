import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from './postgres.mjs';

let base: string;
const placed: string[] = [];

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'sluice-launcher-'));
  chmodSync(base, 0o755);
});

afterAll(() => {
  for (const dir of [base, ...placed]) rmSync(dir, { recursive: true, force: true });
});

async function ask(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('a second start keeps the data, and SCRAM refuses a wrong password', async () => {
  const dataDir = join(base, 'kept');
  const first = await startPostgres({ dataDir, version: '15', password: 'p w%', fsync: false });
  expect(first.fresh).toBe(true);
  await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS n');
  await first.stop();
  const second = await startPostgres({ dataDir, version: '15', password: 'p w%', fsync: false });
  try {
    expect(second.fresh).toBe(false);
    expect(await ask(second.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    await expect(ask(second.url.replace(/:[^:@]*@/, ':wrong@'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  } finally {
    await second.stop();
  }
  expect(await second.exited).toMatchObject({ code: 0 });
});

test('below a folder that is closed to others, the cluster lies outside with a link in its place', async () => {
  const closed = join(base, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const dataDir = join(closed, 'data');
  const server = await startPostgres({ dataDir, fsync: false });
  placed.push(server.dataDir);
  try {
    expect(realpathSync(dataDir)).toBe(server.dataDir);
    expect(await ask(server.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  } finally {
    await server.stop();
  }
  // Deleting the link means deleting the data: a later start begins afresh.
  rmSync(dataDir, { recursive: true, force: true });
  const again = await startPostgres({ dataDir, fsync: false });
  expect(again.fresh).toBe(true);
  await again.stop();
});

test('a server that outlived its launcher is ended; one whose launcher lives is refused', async () => {
  const dataDir = join(base, 'left');
  const launcher = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { startPostgres } from ${JSON.stringify(new URL('postgres.mjs', import.meta.url).href)};
     const server = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, fsync: false });
     console.log(server.port); setInterval(() => {}, 1_000);`,
  ]);
  const port = await new Promise<number>((done, fail) => {
    createInterface({ input: launcher.stdout }).once('line', (line) => done(Number(line)));
    launcher.once('exit', () => fail(new Error('the launcher ended')));
  });
  await expect(startPostgres({ dataDir, fsync: false })).rejects.toThrow(/in use by process/);
  await ask(`postgresql://postgres@127.0.0.1:${port}/postgres`, 'CREATE TABLE before AS SELECT 1 AS n');
  const gone = new Promise((done) => launcher.once('exit', done));
  launcher.kill('SIGKILL');
  await gone;
  expect(await connects(port)).toBe(true);
  const server = await startPostgres({ dataDir, fsync: false });
  try {
    expect(await ask(server.url, 'SELECT n FROM before')).toEqual([{ n: 1 }]);
  } finally {
    await server.stop();
  }
});

test('a folder with other files is left alone', async () => {
  const dataDir = join(base, 'foreign');
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'diary.txt'), 'mine');
  await expect(startPostgres({ dataDir })).rejects.toThrow(/not empty/);
  expect(existsSync(join(dataDir, 'diary.txt'))).toBe(true);
});

function connects(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
