/**
 * pgbench direct, through pgbouncer, through a connection's own port and through the relay, in one run on one machine. Prints
 * ratios: single figures of a shared machine mean little. `npm run bench -- --seconds 10 --rounds 3`
 */
import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { removeData, run, type Stack, startStack } from '../e2e/stack.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
  },
});

const modes = ['simple', 'extended', 'prepared'] as const;
interface Road {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
}

async function main(): Promise<void> {
  const stack = await startStack();
  const bouncer = await startPgbouncer(stack);
  try {
    const roads: Road[] = [
      { name: 'direct', env: directEnvironment(stack) },
      ...(bouncer === null ? [] : [{ name: 'pgbouncer', env: bouncer.env }]),
      { name: 'gateway port', env: stack.clientEnvironment('coding-agent') },
      { name: 'relay', env: stack.clientEnvironment('coding-agent', { via: 'relay' }) },
    ];
    if (bouncer === null) console.error('pgbouncer is not installed: its row is left out');
    const table: Record<string, Record<string, number[]>> = {};
    // Round by round, so that a slow minute of the machine falls on every road.
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const mode of modes) {
        for (const road of roads) {
          const byMode = table[road.name] ?? {};
          table[road.name] = byMode;
          byMode[mode] = [...(byMode[mode] ?? []), await pgbench(road, mode)];
        }
      }
    }
    report(table);
  } finally {
    bouncer?.stop();
    await stack.stop();
    removeData(stack);
  }
}

function report(table: Record<string, Record<string, number[]>>): void {
  const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  const rows = Object.entries(table).map(([name, byMode]) => ({
    name,
    ...Object.fromEntries(modes.map((mode) => [mode, median(byMode[mode] ?? [])])),
    ...Object.fromEntries(
      modes.map((mode) => {
        const ratios = (byMode[mode] ?? []).map((tps, i) => tps / (table.direct?.[mode]?.[i] ?? Number.NaN));
        return [`${mode} / direct`, Math.round(median(ratios) * 1_000) / 1_000];
      }),
    ),
  }));
  if (values.json) console.log(JSON.stringify(rows));
  else {
    console.log(
      `pgbench -n -S -c ${values.clients} -j 2 -T ${values.seconds}, median of ${values.rounds} rounds (transactions/s, and ratio to direct)`,
    );
    console.table(rows);
  }
}

async function pgbench(road: Road, mode: string): Promise<number> {
  const { code, out, err } = await run(
    'pgbench',
    ['-n', '-S', '-c', values.clients, '-j', '2', '-T', values.seconds, '-M', mode],
    { env: road.env },
  );
  const tps = /tps = ([\d.]+)/.exec(out)?.[1];
  if (code !== 0 || tps === undefined) throw new Error(`pgbench through ${road.name} failed: ${err}`);
  return Math.round(Number(tps));
}

function directEnvironment(stack: Stack): NodeJS.ProcessEnv {
  const target = new URL(stack.target());
  return {
    ...process.env,
    PGHOST: target.hostname,
    PGPORT: target.port,
    PGUSER: decodeURIComponent(target.username),
    PGPASSWORD: decodeURIComponent(target.password),
    PGDATABASE: target.pathname.slice(1),
  };
}

/** pgbouncer in session mode, as the nearest peer: it reads no statement and masks nothing. */
async function startPgbouncer(stack: Stack): Promise<{ readonly env: NodeJS.ProcessEnv; stop(): void } | null> {
  if ((await run('sh', ['-c', 'command -v pgbouncer'])).code !== 0) return null;
  const direct = directEnvironment(stack);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bouncer-'));
  const port = await freePort();
  writeFileSync(join(folder, 'users.txt'), `"${direct.PGUSER}" "${direct.PGPASSWORD}"\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
* = host=${direct.PGHOST} port=${direct.PGPORT}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
pool_mode = session
`,
  );
  const asRoot = process.getuid?.() === 0;
  const nobody = 65_534;
  if (asRoot)
    for (const path of [folder, join(folder, 'users.txt'), join(folder, 'pgbouncer.ini')])
      chownSync(path, nobody, nobody);
  const child = spawn('pgbouncer', [join(folder, 'pgbouncer.ini')], {
    stdio: 'ignore',
    ...(asRoot ? { uid: nobody, gid: nobody } : {}),
  });
  const env = { ...direct, PGHOST: '127.0.0.1', PGPORT: String(port) };
  for (let i = 0; i < 50; i++) {
    if ((await run('psql', ['-XAt', '-c', 'SELECT 1'], { env })).code === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    env,
    stop() {
      child.kill('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

await main();
