/**
 * scp of a file and the echo of single bytes: through a gateway (without masks, and with every mask on) and through OpenSSH's own
 * ProxyJump, in one run on one machine. Prints ratios. `npm run bench:ssh -- --mebibytes 1024 --keys 500 --rounds 3`
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { removeData, run, type Stack, startStack } from '../e2e/stack.ts';
import { startOpenssh } from '../packages/wire/ssh/src/testing/openssh.ts';

const { values } = parseArgs({
  options: {
    mebibytes: { type: 'string', default: '256' },
    keys: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
  },
});
const size = Number(values.mebibytes) * 1_048_576;

interface Road {
  readonly name: string;
  readonly options: readonly string[];
  readonly host: string;
  readonly env: NodeJS.ProcessEnv;
}

async function main(): Promise<void> {
  const stack = await startStack();
  const jump = await startOpenssh();
  const here = mkdtempSync(join(tmpdir(), 'sluice-bench-ssh-'));
  try {
    const file = join(stack.report.dataDir, 'ssh-target/home/bench.bin');
    writeFileSync(file, Buffer.alloc(size, randomBytes(1_048_576)));
    const roads = roadsOf(stack, here, jump);
    const throughput: Record<string, number[]> = {};
    const echo: Record<string, number[]> = {};
    // Round by round, so that a slow minute of the machine falls on every road.
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const road of roads) {
        throughput[road.name] = [...(throughput[road.name] ?? []), await download(road, file, here)];
        echo[road.name] = [...(echo[road.name] ?? []), ...(await echoes(road))];
      }
    }
    report(roads, throughput, echo);
  } finally {
    rmSync(here, { recursive: true, force: true });
    await jump.stop();
    await stack.stop();
    removeData(stack);
  }
}

/** The jump host is a server of its own beside the target; the gateway stands in its place. */
function roadsOf(
  stack: Stack,
  here: string,
  jump: { readonly port: number; readonly folder: string },
): readonly Road[] {
  const askpass = join(here, 'askpass');
  writeFileSync(askpass, '#!/bin/sh\nprintf %s "$SLUICE_BENCH_SECRET"\n', { mode: 0o700 });
  const target = new URL(stack.target('demo-ssh'));
  const plain = [
    '-F',
    '/dev/null',
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'LogLevel=ERROR',
  ];
  const key = join(stack.report.dataDir, 'ssh-target/client');
  const proxy = `ssh ${plain.join(' ')} -i ${join(jump.folder, 'client')} -p ${jump.port} -W %h:%p ${target.username}@127.0.0.1`;
  const through = (who: string): Omit<Road, 'name'> => ({
    options: [...plain, '-o', `Port=${stack.connection('demo-ssh').port}`, '-o', 'PreferredAuthentications=password'],
    host: 'me@127.0.0.1',
    env: {
      ...process.env,
      SSH_ASKPASS: askpass,
      SSH_ASKPASS_REQUIRE: 'force',
      SLUICE_BENCH_SECRET: stack.who(who).nativeSecret,
    },
  });
  return [
    {
      name: 'ProxyJump',
      options: [...plain, '-i', key, '-o', `Port=${target.port}`, '-o', `ProxyCommand=${proxy}`],
      host: `${target.username}@${target.hostname}`,
      env: process.env,
    },
    { name: 'gateway, no masks', ...through('admin') },
    { name: 'gateway, masked', ...through('coding-agent') },
  ];
}

/** MiB per second of `scp` over SFTP. */
async function download(road: Road, file: string, here: string): Promise<number> {
  const start = performance.now();
  const { code, err } = await run('scp', ['-q', '-s', ...road.options, `${road.host}:${file}`, join(here, 'got')], {
    env: road.env,
    limitMs: 900_000,
  });
  if (code !== 0) throw new Error(`scp through ${road.name} ended with ${code}: ${err}`);
  return size / 1_048_576 / ((performance.now() - start) / 1_000);
}

/** How long single bytes take to come back from `cat` (ms). */
async function echoes(road: Road): Promise<number[]> {
  const child = spawn('ssh', [...road.options, '-T', road.host, 'cat'], {
    env: road.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const took: number[] = [];
  let came: () => void = () => undefined;
  child.stdout.on('data', () => came());
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', () => reject(new Error(`ssh through ${road.name} ended`))),
  );
  ended.catch(() => undefined);
  for (let key = 0; key <= Number(values.keys); key += 1) {
    const start = performance.now();
    const back = new Promise<void>((resolve) => {
      came = resolve;
    });
    child.stdin.write('\n');
    await Promise.race([back, ended]);
    // The first one waits for the session itself.
    if (key > 0) took.push(performance.now() - start);
  }
  child.stdin.end();
  await ended.catch(() => undefined);
  return took;
}

function report(roads: readonly Road[], throughput: Record<string, number[]>, echo: Record<string, number[]>): void {
  const at = (list: readonly number[], share: number): number =>
    [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))] ?? 0;
  const base = roads[0]?.name ?? '';
  console.table(
    roads.map(({ name }) => ({
      road: name,
      'MiB/s': Math.round(at(throughput[name] ?? [], 0.5)),
      'of ProxyJump': (at(throughput[name] ?? [], 0.5) / at(throughput[base] ?? [], 0.5)).toFixed(2),
      'echo p50 ms': at(echo[name] ?? [], 0.5).toFixed(2),
      'echo p99 ms': at(echo[name] ?? [], 0.99).toFixed(2),
      'added at p99 ms': (at(echo[name] ?? [], 0.99) - at(echo[base] ?? [], 0.99)).toFixed(2),
    })),
  );
}

await main();
