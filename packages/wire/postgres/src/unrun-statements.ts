/** Statements that were judged and then never ran: their handles are told. */
import type { StatementHandle } from '@sluice/wire-kit';
import type { LocalError } from './errors.ts';
import type { Judged } from './judging.ts';
import { reportSkipped } from './statement-run.ts';

/** The target skips to Sync because of an error that came while the verdict was awaited: the statement does not run. */
export function dropped(judged: Judged): void {
  const statement = judged.type === 'forward' ? judged.judgement.statement : judged.statement;
  if (statement !== null) reportSkipped(statement);
}

/** Admitted, but it cannot run where it would have to: nothing of it reaches the target. */
export function notRun(statement: StatementHandle, { code, message }: LocalError): void {
  statement.failed({ code, message });
}
