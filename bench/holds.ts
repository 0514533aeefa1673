/**
 * What many holds cost, with every process as it runs for users: PostgreSQL sessions through a gateway's port, the inbox over HTTP
 * while all of them wait, and what a waiting session adds to the heap of the gateway and of the control plane beside the same
 * sessions idle. Prints figures and judges none: `npm run bench:holds -- --sessions 1000 --looks 100`. Needs `npm run build`.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Installation } from '../e2e/installation.ts';
import { freePort } from '../scripts/postgres.mjs';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '1000' },
    looks: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(values.sessions);
const looks = Number(values.looks);
/** Sessions that are opened at once. */
const together = 20;
/** What was only needed to get there is given this long to go (ms): sockets that idle, caches of a second. */
const settleMs = 15_000;
/** A connection takes so many sessions at once. */
const perConnection = 500;

type Client = Awaited<ReturnType<Installation['client']>>;

interface Heaps {
  readonly gateway: number;
  readonly controlPlane: number;
}

async function main(): Promise<void> {
  const connections = Array.from({ length: Math.max(1, Math.ceil(count / perConnection)) }, (_, at) => `orders-${at}`);
  const targetSettings = { max_connections: String(count + 100), shared_buffers: '16MB' };
  const installation = new Installation({ connections, targetSettings });
  try {
    await installation.start();
    const heaps = await probed(installation);
    const clients: Client[] = [];
    for (let from = 0; from < count; from += together) {
      const opened = Array.from({ length: Math.min(together, count - from) }, (_, at) => open(installation, from + at));
      clients.push(...(await Promise.all(opened)));
    }
    const idle = await heaps();
    clients.forEach((client, at) => {
      // Ends when the session does; until then nobody answers.
      client.query(`UPDATE orders SET note = 'x' WHERE id = ${at + 1}`).catch(() => undefined);
    });
    await waiting(installation.databaseUrl);
    const holding = await heaps();
    const inbox = await timed(() => installation.api('reviewer').approvals.listApprovals.query({ scope: 'mine' }));
    report(idle, holding, inbox);
    for (const client of clients) client.end().catch(() => undefined);
  } finally {
    await installation.stop();
  }
}

/** Both processes anew, each with the probe. What is returned waits until things have settled, then reads both. */
async function probed(installation: Installation): Promise<() => Promise<Heaps>> {
  const ports = { controlPlane: await freePort(), gateway: await freePort() };
  const probe = (port: number) => ({
    NODE_OPTIONS: `--require ${fileURLToPath(new URL('heap-probe.cjs', import.meta.url))}`,
    HEAP_PROBE_PORT: String(port),
  });
  await installation.stopGateway('one');
  await installation.restartWeb(probe(ports.controlPlane));
  await installation.startGateway('one', probe(ports.gateway));
  while (!(await installation.works())) await pause(500);
  return async () => {
    await pause(settleMs);
    return { gateway: await heapAt(ports.gateway), controlPlane: await heapAt(ports.controlPlane) };
  };
}

async function heapAt(port: number): Promise<number> {
  const { bytes } = (await (await fetch(`http://127.0.0.1:${port}`)).json()) as { bytes: number };
  return bytes;
}

async function open(installation: Installation, at: number): Promise<Client> {
  const client = await installation.client({ who: 'coding-agent', connection: Math.floor(at / perConnection) });
  await client.query('SELECT 1');
  return client;
}

async function waiting(databaseUrl: string): Promise<void> {
  const control = new pg.Client({ connectionString: databaseUrl });
  await control.connect();
  try {
    for (let seen = 0; seen < count; await pause(500)) {
      const { rows } = await control.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM "Approval" WHERE state = 'waiting'`,
      );
      seen = rows[0]?.n ?? 0;
    }
  } finally {
    await control.end();
  }
}

async function timed(look: () => Promise<unknown>): Promise<{ p50: number; p95: number }> {
  for (let round = 0; round < 5; round += 1) await look();
  const times: number[] = [];
  for (let round = 0; round < looks; round += 1) {
    const from = performance.now();
    await look();
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}

function report(idle: Heaps, holding: Heaps, inbox: { readonly p50: number; readonly p95: number }): void {
  const added = {
    gateway: (holding.gateway - idle.gateway) / count,
    controlPlane: (holding.controlPlane - idle.controlPlane) / count,
  };
  if (values.json) {
    console.log(JSON.stringify({ sessions: count, idle, holding, added, inbox }));
    return;
  }
  console.log(`${count} sessions, each holding a statement`);
  console.log(
    `  the inbox over HTTP    p50 ${inbox.p50.toFixed(1)} ms   p95 ${inbox.p95.toFixed(1)} ms of ${looks} looks`,
  );
  for (const [name, bytes] of Object.entries(added))
    console.log(`  ${name.padEnd(22)} ${(bytes / 1_000).toFixed(2)} kB more for each than the same sessions idle`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await main();
