import type { SessionRow } from '@sluice/database';
import { z } from 'zod';
import { storedActor, toActorView } from '../actor-views.ts';
import { runOf } from '../runs/run-refs.ts';
import type { RunRef, SessionDetail, SessionState, SessionSummary } from '../views.ts';

const sessionState = z.enum(['live', 'closed', 'interrupted']) satisfies z.ZodType<SessionState>;

export function toSessionSummary(row: SessionRow, runs: ReadonlyMap<string, RunRef>): SessionSummary {
  return {
    id: row.id,
    state: sessionState.parse(row.state),
    actor: toActorView(storedActor(row.actor)),
    run: runOf(row, runs),
    connection: row.connection,
    clientAddress: row.clientAddress,
    clientSoftware: row.clientSoftware,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    statements: row.statementCount,
    held: row.heldCount,
    denied: row.deniedCount,
    endReason: row.endReason,
  };
}

export function toSessionDetail(row: SessionRow, runs: ReadonlyMap<string, RunRef>): SessionDetail {
  return {
    ...toSessionSummary(row, runs),
    gateway: { id: row.gateway.id, name: row.gateway.name },
    path: row.path,
    terminals: row.terminalCount,
    policyVersion: row.policyVersion,
    startup: z.record(z.string(), z.string()).parse(row.startup),
    // Every chunk was verified when it came in; `problems` are what a later verification of the whole found.
    chain: { ok: row.problems.length === 0, chunks: row.chunkCount, sealed: row.sealed, problems: row.problems },
  };
}
