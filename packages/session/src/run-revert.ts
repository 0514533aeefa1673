/** A revert as a session of its own: recorded before it runs, by the writer, under the name of whoever asked (invariants 1 and 4). */
import {
  type Actor,
  type BundleConnection,
  type RevertOutcome,
  type RevertResult,
  SluiceError,
  type UndoImage,
} from '@sluice/domain';
import type { NewEvent } from '@sluice/recording';
import type { WireProtocol } from '@sluice/wire-kit';
import { policyConnectionOf } from './inspector.ts';
import type { SessionPorts } from './ports.ts';
import { maskerOf, SessionMasks } from './session-masks.ts';

/** Longest time that a revert may take (ms). */
const revertMs = 60_000;

export interface RevertParts {
  readonly ports: SessionPorts;
  readonly connection: BundleConnection;
  readonly protocol: WireProtocol;
  /** Whoever asked for it. */
  readonly by: Actor;
  readonly approvalId: string;
  readonly image: UndoImage;
}

/** Throws SluiceError when it could not be recorded, or there is no credential: nothing has run then. */
export async function runRevert(parts: RevertParts): Promise<RevertResult> {
  const { ports, connection, by } = parts;
  const sessionId = ports.newId();
  const statementId = ports.newId();
  const startedAt = ports.now();
  const recorder = ports.openRecording(sessionId, connection.durability);
  let message = 'the revert did not begin';
  try {
    recorder.append(openedEvent(parts, sessionId), { durable: true });
    recorder.append(judgedEvent(parts, statementId), { durable: true });
    const outcome = await putBack(parts);
    message = told(outcome);
    const durationMs = ports.now() - startedAt;
    recorder.append(
      outcome.state === 'reverted'
        ? resultEvent(statementId, outcome.rows, durationMs)
        : { type: 'statement.failed', statementId, code: outcome.state, message, durationMs },
      { durable: true },
    );
    recorder.append({ type: 'statement.ended', statementId, durationMs, credential: 'writer' }, { durable: false });
    return { ...outcome, sessionId };
  } catch (error) {
    if (error instanceof SluiceError) message = error.message;
    throw error;
  } finally {
    recorder.close({ type: 'session.closed', reason: 'clean', message, statements: 1, held: 0, denied: 0 });
    ports.log('info', 'a revert was asked for', { connection: connection.name, by: by.name, outcome: message });
  }
}

async function putBack({ ports, connection, protocol, by, image }: RevertParts): Promise<RevertOutcome> {
  if (protocol.revertChange === undefined) return { state: 'failed', because: 'its protocol puts nothing back' };
  const masks = new SessionMasks(by, policyConnectionOf(connection), ports, () => []);
  return protocol.revertChange({
    dial: {
      address: connection.address,
      options: connection.options,
      credential: await ports.credential(connection, 'writer'),
      connect: (signal) => ports.connect(connection, signal),
      allowWeakAuthentication: ports.allowWeakAuthentication(connection),
      actorLabel: `revert by ${by.name}`,
      startup: {},
      readOnly: false,
      noteSession: (id) => ports.noteSession(connection, id),
      signal: AbortSignal.timeout(revertMs),
    },
    image,
    masks: (fields) => maskerOf(masks.record, fields),
  });
}

function told(outcome: RevertOutcome): string {
  switch (outcome.state) {
    case 'reverted':
      return `${outcome.rows} rows were put back`;
    case 'conflict':
      return `${outcome.conflicts} rows were changed since; nothing was put back`;
    case 'failed':
      return outcome.because;
  }
}

function openedEvent({ ports, connection, by }: RevertParts, sessionId: string): NewEvent {
  return {
    type: 'session.opened',
    sessionId,
    connection: {
      id: connection.id,
      name: connection.name,
      protocol: connection.address.protocol,
      revision: connection.revision,
      labels: connection.labels,
    },
    actor: by,
    gateway: ports.gateway,
    client: { address: 'gateway', startup: {} },
    policyVersion: ports.policy().version,
    path: 'gateway',
    credential: 'writer',
  };
}

const undoing = { insert: 'DELETE', update: 'UPDATE', delete: 'INSERT' } as const;

/** The text names what happens and no value. */
function judgedEvent({ approvalId, image, ports }: RevertParts, statementId: string): NewEvent {
  const { table, change, rows } = image;
  const name = `${table.schema}.${table.name}`;
  const { version } = ports.policy();
  const command = undoing[change];
  return {
    type: 'statement.judged',
    statementId,
    index: 0,
    phase: 'run',
    origin: 'gateway',
    text: `${command} ${name} /* puts back ${rows.length} rows as they were before approval ${approvalId} */`,
    truncatedChars: 0,
    binds: [],
    command,
    kind: 'write',
    complete: true,
    objects: [name],
    functions: [],
    filter: 'present',
    destructive: false,
    fingerprint: '',
    action: 'allow',
    rule: null,
    reason: `A person asked to revert what approval ${approvalId} allowed (policy version ${version}).`,
    matched: [],
    approvalId,
  };
}

function resultEvent(statementId: string, rows: number, durationMs: number): NewEvent {
  return {
    type: 'statement.result',
    statementId,
    resultIndex: 0,
    columns: [],
    rows: [],
    rowCount: rows,
    omittedRows: 0,
    omittedDigest: null,
    tag: 'reverted',
    durationMs,
  };
}
