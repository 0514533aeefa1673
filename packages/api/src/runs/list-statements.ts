import { defaultPageSize, listRunStatements, type RunStatementRow } from '@sluice/database';
import { z } from 'zod';
import { id, idCursor } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { RunStatementView } from '../role-views.ts';
import type { Page } from '../views.ts';
import { visibleTo } from '../visibility.ts';
import { visibleRun } from './visible-run.ts';

/** What was run in a run, over all its sessions that the caller may see. Newest first. */
export const listStatements = query({
  permission: 'sessions.read.own',
  input: z.strictObject({ id, cursor: idCursor }),
  run: async ({ input, db, caller, may }): Promise<Page<RunStatementView>> => {
    const run = await visibleRun(db, input.id, caller, may('sessions.read'));
    const seen = await visibleTo(db, caller, 'sessions.read');
    const page = await listRunStatements(db, run.id, seen, { cursor: input.cursor ?? null, limit: defaultPageSize });
    return { items: page.rows.map(toView), nextCursor: page.nextCursor };
  },
});

function toView(row: RunStatementRow): RunStatementView {
  const { id: statementId, sessionId, at, text, command, verdict, rule, approvalId, durationMs, errorCode } = row;
  return {
    id: statementId,
    sessionId,
    connection: row.session.connection,
    at,
    text,
    command,
    verdict,
    rule,
    approvalId,
    rows: row.rows === null ? null : Number(row.rows),
    durationMs,
    errorCode,
  };
}
