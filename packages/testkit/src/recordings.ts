import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChunkUpload } from '@sluice/api';
import { newId, type SigningKeys, sha256 } from '@sluice/keys';
import { type ChainPlace, fileSpool, type NewEvent, SpoolPusher, SpoolWriter } from '@sluice/recording';
import type { Name, World } from './world.ts';

type Judged = Extract<NewEvent, { readonly type: 'statement.judged' }>;

/** A judged statement, allowed unless said otherwise. */
export function judged(index: number, text: string, more: Partial<Judged> = {}): Judged {
  return {
    type: 'statement.judged',
    statementId: newId(),
    index,
    phase: 'run',
    origin: 'client',
    text,
    truncatedChars: 0,
    binds: [],
    command: 'SELECT',
    kind: 'read',
    complete: true,
    objects: ['public.customers'],
    functions: [],
    filter: 'absent',
    destructive: false,
    fingerprint: 'f',
    action: 'allow',
    rule: null,
    reason: 'Reading is allowed.',
    matched: [],
    approvalId: null,
    ...more,
  };
}

export function resultOf(statementId: string, rows: readonly (readonly (string | null)[])[]): NewEvent {
  const columns = [{ name: 'email', type: 'text', masked: 'mask-contact', dataClass: 'contact' }];
  const counts = { rowCount: rows.length, omittedRows: 0, omittedDigest: null };
  const rest = { resultIndex: 0, columns, rows, ...counts, tag: `SELECT ${rows.length}`, durationMs: 3 };
  return { type: 'statement.result', statementId, ...rest };
}

/** A session's chunks as the gateway's own recorder and pusher make them: one per group of events, then the end. */
export async function recordSession(
  world: World,
  name: Name,
  groups: readonly (readonly NewEvent[])[],
  more: { readonly connectionId?: string; readonly sessionId?: string } = {},
): Promise<{ readonly sessionId: string; readonly chunks: readonly ChunkUpload[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-spool-'));
  const sessionId = more.sessionId ?? newId();
  const store = fileSpool(dir);
  const onFault = (message: string, error: unknown) => {
    throw new Error(message, { cause: error });
  };
  const writer = new SpoolWriter({
    store,
    gatewayId: world.gateway.id,
    keys: world.gatewayKeys,
    onFault,
    onChunk: () => undefined,
  });
  const recorder = writer.openSession(sessionId);
  recorder.append(openedBy(world, name, sessionId, more.connectionId), { durable: true });
  for (const group of groups) {
    for (const event of group) recorder.append(event, { durable: false });
    recorder.flush();
  }
  recorder.close(closed);
  writer.stop();
  const chunks: ChunkUpload[] = [];
  const pusher = new SpoolPusher({
    store,
    push: (id, index, bytes) => {
      chunks.push({ sessionId: id, index, bytes });
      return Promise.resolve();
    },
    onFault,
  });
  pusher.wake();
  while (store.sessions.size > 0) await new Promise((resolve) => setImmediate(resolve));
  await pusher.stop();
  rmSync(dir, { recursive: true, force: true });
  return { sessionId, chunks };
}

const closed = {
  type: 'session.closed',
  reason: 'clean',
  message: 'the client said goodbye',
  statements: 0,
  held: 0,
  denied: 0,
} as const;

function openedBy(world: World, name: Name, sessionId: string, connectionId = world.connectionId): NewEvent {
  return {
    type: 'session.opened',
    sessionId,
    connection: { id: connectionId, name: 'orders', protocol: 'postgres', revision: 1, labels: {} },
    actor: world.actors[name],
    gateway: { id: world.gateway.id, startId: newId() },
    client: { address: '192.0.2.9:4000', startup: { application_name: 'psql' } },
    policyVersion: 1,
    path: 'native',
  };
}

/** What a gateway sends of that many sessions that one spool recorded: their chunks, and its checkpoints' lines. */
export async function recordGateway(
  world: World,
  name: Name,
  sessions: number,
  more: { readonly keys?: SigningKeys; readonly gatewayId?: string; readonly place?: ChainPlace } = {},
): Promise<{ readonly chunks: readonly ChunkUpload[]; readonly checkpoints: readonly string[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-spool-'));
  const store = fileSpool(dir);
  const onFault = (message: string, error: unknown) => {
    throw new Error(message, { cause: error });
  };
  let now = Date.now();
  const { gatewayId = world.gateway.id, keys = world.gatewayKeys } = more;
  const writer = new SpoolWriter({ store, gatewayId, keys, now: () => now, onFault, onChunk: () => undefined });
  if (more.place !== undefined) writer.resumeChain(more.place);
  for (let index = 0; index < sessions; index += 1) {
    const recorder = writer.openSession(newId());
    recorder.append(openedBy(world, name, recorder.sessionId), { durable: true });
    recorder.flush();
    recorder.close(closed);
    now += 10_000;
    writer.tick();
  }
  writer.stop();
  const chunks: ChunkUpload[] = [];
  const checkpoints: string[] = [];
  const pusher = new SpoolPusher({
    store,
    chain: writer.chain,
    push: (sessionId, index, bytes) => {
      chunks.push({ sessionId, index, bytes });
      return Promise.resolve();
    },
    pushCheckpoint: (line) => {
      checkpoints.push(line.toString('utf8'));
      return Promise.resolve({ entry: checkpoints.length - 1, hash: sha256(line) });
    },
    onFault,
  });
  pusher.wake();
  while (store.sessions.size > 0 || store.checkpoints.length > 0) await new Promise((resolve) => setImmediate(resolve));
  await pusher.stop();
  rmSync(dir, { recursive: true, force: true });
  return { chunks, checkpoints };
}
