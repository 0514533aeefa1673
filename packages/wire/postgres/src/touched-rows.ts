/**
 * How many rows the open transaction has changed, by the server's own count: those that triggers, foreign keys' actions and changing
 * CTEs changed as well, which no completion word tells of.
 */
import type { EffectVerb, ReadOutcome } from '@sluice/domain';
import type { TextRows } from './target-side.ts';

/**
 * Whether the server counts, and rows inserted, updated and deleted in tables of people's, temporary ones among them. The server adds
 * to these numbers until a session has been idle: only the difference of two readings in one transaction says something.
 */
export const touchedRowsText = `SELECT pg_catalog.current_setting('track_counts'), pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)),
  pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)), pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid))
FROM pg_catalog.pg_class AS c WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,m}'::pg_catalog."char"[]) AND c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid`;

/** The sum of a row of `touchedRowsText`; null: it could not be read, or the server does not count. */
export function touchedRows(rows: TextRows | null): number | null {
  const [row] = rows ?? [];
  if (row === undefined || row[0] !== 'on') return null;
  // Without a table of people's there is nothing to sum up.
  const sum = [row[1], row[2], row[3]].reduce((total, text) => total + Number(text ?? '0'), 0);
  return Number.isSafeInteger(sum) ? sum : null;
}

/** What changes rows one by one, or none: everything else the server does not count. */
const counted: ReadonlySet<EffectVerb> = new Set(['read', 'insert', 'update', 'delete', 'merge', 'call']);
/** These may end the transaction themselves. */
const uncounted: ReadonlySet<string> = new Set(['CALL', 'DO', 'EXECUTE']);

/** Why a row ceiling cannot be enforced for a message, in a clause; null: it can. */
export function ceilingProblem(outcome: ReadOutcome): string | null {
  const [statement, ...others] = outcome.ok ? outcome.statements : [];
  if (statement === undefined) return 'the statement could not be read';
  if (others.length > 0) return 'several statements in one message are not counted one by one';
  const verb = statement.effects.find((effect) => !counted.has(effect.verb))?.verb;
  if (verb !== undefined || uncounted.has(statement.command))
    return `the target does not count the rows of ${statement.command}`;
  if (!statement.complete) return 'its effect could not be proved';
  if (statement.sessionEffects.length > 0) return 'it changes the session beside rows';
  return null;
}
