import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DemoConnection, DemoIdentity } from './report.ts';

/** A gateway has its bundle within a heartbeat or two; a loaded machine takes longer. */
const PORT_WAIT_MS = 90_000;
const ATTEMPT_MS = 10_000;
const PAUSE_MS = 200;

async function selectOnce(
  connection: DemoConnection,
  identity: DemoIdentity,
  host: string,
  port: number,
  ca: string,
): Promise<void> {
  const client = new pg.Client({
    host,
    port,
    user: connection.username,
    database: connection.database,
    password: identity.nativeSecret,
    application_name: 'sluice start check',
    ssl: { ca, rejectUnauthorized: true },
    connectionTimeoutMillis: ATTEMPT_MS,
    query_timeout: ATTEMPT_MS,
  });
  client.on('error', () => {}); // the query or the connection attempt reports it
  try {
    await client.connect();
    const { rows } = await client.query<{ ready: number }>('SELECT 1 AS ready');
    if (rows[0]?.ready !== 1) throw new Error('the answer to SELECT 1 was not 1');
  } finally {
    await client.end().catch(() => {});
  }
}

/** Resolves when a SELECT through the port has succeeded over TLS that verifies name and authority; throws with the last error when it never does. */
async function selectThrough(
  connection: DemoConnection,
  identity: DemoIdentity,
  host: string,
  port: number,
  ca: string,
  signal: AbortSignal,
): Promise<void> {
  for (const until = Date.now() + PORT_WAIT_MS; ; await sleep(PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      return await selectOnce(connection, identity, host, port, ca);
    } catch (cause) {
      if (Date.now() < until) continue;
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `no SELECT through ${connection.name} at ${host}:${port} within ${PORT_WAIT_MS / 1000} s: ${said}`,
        { cause },
      );
    }
  }
}

/** Every connection, through the gateway's listener and through the control plane's relay. */
export async function selectThroughEveryPort(
  connections: readonly DemoConnection[],
  identity: DemoIdentity,
  ca: string,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    connections.flatMap((connection) => [
      selectThrough(connection, identity, connection.host, connection.port, ca, signal),
      selectThrough(connection, identity, connection.relayHost, connection.relayPort, ca, signal),
    ]),
  );
}
