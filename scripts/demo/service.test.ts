import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processIdentity } from '../postgres.mjs';
import { createService } from './service.ts';

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'sluice-service-'));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function program(name: string, text: string): string {
  const file = join(base, `${name}.cjs`);
  writeFileSync(file, text);
  return file;
}

/** Lines as they come, for tests that wait for one. */
function listener(): { take: (line: string) => void; next: (pattern: RegExp) => Promise<string> } {
  const lines: string[] = [];
  const waiting: { pattern: RegExp; done: (line: string) => void }[] = [];
  return {
    take: (line) => {
      const at = waiting.findIndex(({ pattern }) => pattern.test(line));
      if (at === -1) lines.push(line);
      else waiting.splice(at, 1)[0]?.done(line);
    },
    next: (pattern) => {
      const at = lines.findIndex((line) => pattern.test(line));
      if (at !== -1) return Promise.resolve(lines.splice(0, at + 1).at(-1) ?? '');
      return new Promise((done) => waiting.push({ pattern, done }));
    },
  };
}

const serves = `
  const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  console.log(JSON.stringify({ ready: true, pid: process.pid, child: child.pid }));
  console.log('up ' + process.pid + ' ' + child.pid);
  process.on('SIGTERM', () => process.exit(0));
  setInterval(() => {}, 1000);`;

test('a service that dies is started again, and its children die with it', async () => {
  const heard = listener();
  const service = createService({
    name: 'sample',
    args: [program('serves', serves)],
    env: () => ({}),
    onLine: heard.take,
    onNews: heard.take,
    graceMs: 5_000,
  });
  try {
    const ready = await service.start();
    expect(ready).toMatchObject({ ready: true, pid: service.pid() });
    const first = await heard.next(/^up /);
    process.kill(Number(ready.pid), 'SIGKILL');
    await heard.next(/sample ended \(SIGKILL\)/);
    const second = await heard.next(/^up /);
    expect(second).not.toBe(first);
    await expect.poll(() => processIdentity(Number(first.split(' ')[2]))).toBeNull();
    await service.stop();
    for (const pid of second.split(' ').slice(1)) await expect.poll(() => processIdentity(Number(pid))).toBeNull();
    expect(service.pid()).toBeNull();
  } finally {
    await service.stop();
  }
});

test('a service that never serves says why', async () => {
  const service = createService({
    name: 'broken',
    args: [program('broken', 'console.error("the key file is missing"); process.exit(3);')],
    env: () => ({}),
    onLine: () => {},
    onNews: () => {},
    graceMs: 1_000,
  });
  await expect(service.start()).rejects.toThrow(/broken does not start \(3\)[\s\S]*key file is missing/);
  await service.stop();
});

test('one that ignores the request to end is ended', async () => {
  const service = createService({
    name: 'deaf',
    args: [
      program('deaf', `process.on('SIGTERM', () => {}); console.log('{"ready":true}'); setInterval(() => {}, 1000);`),
    ],
    env: () => ({}),
    onLine: () => {},
    onNews: () => {},
    graceMs: 200,
  });
  await service.start();
  const pid = service.pid();
  await service.stop();
  expect(processIdentity(Number(pid))).toBeNull();
});
