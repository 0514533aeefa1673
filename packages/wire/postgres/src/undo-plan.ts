/** Finds which rows an approved change will touch, by trying it on a control session and taking it back. */
import { maxUndoRows, type ReadOutcome, SluiceError } from '@sluice/domain';
import type { UndoKeeper } from '@sluice/wire-kit';
import { changedTable } from './changed-table.ts';
import type { ImpactSubject } from './impact.ts';
import { currentUserText, searchPathText, sizesText } from './impact-queries.ts';
import { differenceOf, meaningText } from './lane-state.ts';
import type { ParameterValue } from './messages/frontend.ts';
import { arrayLiteral, quoteName, readTableShape, type TableShape, tableName, tableShapeText } from './table-shape.ts';
import type { PostgresTarget } from './target-side.ts';
import { trialBeginTexts } from './trial.ts';
import { oidOfTypeName } from './types.ts';
import { type CapturePlan, maxScannedBytes, undoProblem } from './undo-capture.ts';

/** How a change is to be kept; a text: why it cannot be. Never rejects for the target's faults. */
export async function planCapture(
  subject: ImpactSubject,
  keeper: Pick<UndoKeeper, 'records'>,
  meaning: readonly (string | null)[] | null,
): Promise<CapturePlan | string> {
  const problem = undoProblem(subject.outcome, subject.catalogue) ?? stateProblem(subject);
  if (problem !== null) return problem;
  if (subject.control === null || meaning === null) return 'the target could not be asked';
  const text = textOf(subject);
  const table = changedTable(subject.outcome, subject.catalogue);
  if (table === null) return 'it changes more than one table';
  try {
    return await subject.control(async (session) => {
      const rows = await session.ask(tableShapeText, [oidValue(table.table.oid)]);
      const shape = readTableShape(table.table, rows);
      if (shape.key.length === 0) return 'its table has no primary key';
      if (table.change === 'insert') return insertPlan(session, shape);
      const made = `${text}\nRETURNING ${shape.key.map(({ name }) => quoteName(name)).join(', ')}`;
      const outcome = await subject.read(made);
      if (!isSameChange(subject.outcome, outcome)) return 'it returns a result of its own';
      if (!keeper.records(made, outcome)) return 'it could not be recorded';
      const keys = await findKeys(session, { subject, shape, meaning, made });
      return typeof keys === 'string' ? keys : { shape, change: table.change, keys, expected: null };
    });
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return 'trying it took too long, or the target refused it';
  }
}

function stateProblem({ state, hasOwn }: ImpactSubject): string | null {
  if (hasOwn) return 'its session sees objects that no other session sees';
  return state.searchPath === null || state.role === null ? 'the state of its session is not known' : null;
}

async function insertPlan(session: PostgresTarget, shape: TableShape): Promise<CapturePlan | string> {
  const [row] = await session.ask(sizesText, [{ value: `{${shape.oid}}`, binary: false, type: 0 }]);
  const bytes = Number(row?.[2] ?? Number.POSITIVE_INFINITY);
  if (bytes > maxScannedBytes) return 'its table is too large to find the new rows in';
  return { shape, change: 'insert', keys: [], expected: null };
}

async function findKeys(
  session: PostgresTarget,
  trial: {
    readonly subject: ImpactSubject;
    readonly shape: TableShape;
    readonly meaning: readonly (string | null)[];
    readonly made: string;
  },
): Promise<ParameterValue[] | string> {
  const { subject, shape, meaning, made } = trial;
  const [user] = (await session.query(currentUserText))[0] ?? [];
  if (subject.role !== null && subject.role !== user) return 'it runs as a role that the gateway does not log in as';
  for (const text of trialBeginTexts) await session.query(text);
  try {
    // Locking rows asks for a right that deleting them does not.
    await session.query(`SELECT FROM ONLY ${tableName(shape)} LIMIT 0 FOR UPDATE`);
    const path = subject.state.searchPath?.map(quoteName).join(', ') ?? '';
    await session.ask(searchPathText, [{ value: path, binary: false, type: 25 }]);
    const differs = differenceOf(meaning, (await session.query(meaningText))[0]);
    if (differs !== null) return `its session and the gateway’s differ: ${differs}`;
    const values = subject.binds.map(({ value, binary, type }) => ({ value, binary, type: oidOfTypeName(type) }));
    const { rows } = await session.askRows(made, values, maxUndoRows + 1);
    if (rows.length > maxUndoRows) return 'it changes too many rows';
    return shape.key.map((_, i) => ({
      value: arrayLiteral(rows.map((row) => row[i] ?? null)),
      binary: false,
      type: 0,
    }));
  } finally {
    await session.query('ROLLBACK');
  }
}

/** What was made of the text does the same: it is read again like a client's. */
export function isSameChange(before: ReadOutcome, after: ReadOutcome): boolean {
  const [statement] = before.ok ? before.statements : [];
  const [made, ...others] = after.ok ? after.statements : [];
  return (
    statement !== undefined &&
    made !== undefined &&
    others.length === 0 &&
    made.complete &&
    made.command === statement.command &&
    made.outputs !== null &&
    JSON.stringify([made.writes, made.functions]) === JSON.stringify([statement.writes, statement.functions])
  );
}

export function textOf({ text, outcome }: Pick<ImpactSubject, 'text' | 'outcome'>): string {
  const [statement] = outcome.ok ? outcome.statements : [];
  return text.slice(statement?.start ?? 0, statement?.end ?? 0);
}

export function oidValue(oid: number): ParameterValue {
  return { value: String(oid), binary: false, type: 26 };
}
