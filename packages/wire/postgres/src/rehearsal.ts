/**
 * A held statement tried in a session of the gateway's own and taken back, before anybody is asked (postgres.md item 7, ADR 0018): exact
 * counts, and some rows before and after, masked.
 */
import { maxRehearsedRows, type Rehearsal, SluiceError } from '@sluice/domain';
import type { RehearseRequest, ResultField } from '@sluice/wire-kit';
import { changedTable, changeProblem } from './changed-table.ts';
import type { ImpactSubject } from './impact.ts';
import { currentUserText, searchPathText } from './impact-queries.ts';
import { differenceOf, meaningText } from './lane-state.ts';
import type { RowColumn } from './messages/backend.ts';
import { arrayLiteral, joinKeys, quoteName, readTableShape, type TableShape, tableShapeText } from './table-shape.ts';
import type { AskedRows, PostgresTarget } from './target-side.ts';
import { touchedRows, touchedRowsText } from './touched-rows.ts';
import { trialBeginTexts } from './trial.ts';
import { knownType, oidOfTypeName, typeName } from './types.ts';
import { isSameChange, oidValue, textOf } from './undo-plan.ts';

/** Longest value that is shown (characters). */
const maxShownCharacters = 400;
const maxShownColumns = 100;

export interface RehearsalSubject extends Omit<ImpactSubject, 'text'> {
  readonly text: string;
  /** True while the client is in a transaction, or something of it runs: its locks would be waited for. */
  readonly busy: boolean;
  /** The row of `meaningText` in the client's session; null: it could not be asked. */
  readonly meaning: () => Promise<readonly (string | null)[] | null>;
}

type Ran = Rehearsal & { readonly ran: true };
type Shown = Pick<Ran, 'columns' | 'changes' | 'unshown'>;
const no = (because: string): Rehearsal => ({ ran: false, because });

/** Never rejects for the target's faults. */
export async function rehearse(subject: RehearsalSubject, request: RehearseRequest): Promise<Rehearsal> {
  const problem = rehearsalProblem(subject);
  if (problem !== null) return no(problem);
  const meaning = await subject.meaning();
  if (meaning === null) return no('the state of its session could not be read');
  if (subject.control === null) return no('the target’s catalogue could not be read');
  if (!request.records(subject.text, subject.outcome)) return no('it could not be recorded');
  try {
    return await subject.control((session) => new Trial(session, subject, request).run(meaning));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    // The target's own words may quote rows.
    return no('the target refused it, or it took too long, or another session’s lock stood in the way');
  }
}

function rehearsalProblem(subject: RehearsalSubject): string | null {
  const { state } = subject;
  if (subject.busy || state.inTransaction) return 'its session is inside a transaction, whose locks it would wait for';
  if (subject.hasOwn) return 'its session sees objects that no other session sees';
  if (state.searchPath === null || state.role === null) return 'the state of its session is not known';
  return changeProblem(subject.outcome, subject.catalogue);
}

class Trial {
  readonly #session: PostgresTarget;
  readonly #subject: RehearsalSubject;
  readonly #request: RehearseRequest;

  constructor(session: PostgresTarget, subject: RehearsalSubject, request: RehearseRequest) {
    this.#session = session;
    this.#subject = subject;
    this.#request = request;
  }

  async run(meaning: readonly (string | null)[]): Promise<Rehearsal> {
    const session = this.#session;
    const { role } = this.#subject;
    const startedAt = performance.now();
    const [user] = (await session.query(currentUserText))[0] ?? [];
    if (role !== null && role !== user) return no('it would run as a role that the gateway does not log in as');
    const table = changedTable(this.#subject.outcome, this.#subject.catalogue);
    const shape =
      table === null
        ? null
        : readTableShape(table.table, await session.ask(tableShapeText, [oidValue(table.table.oid)]));
    for (const text of trialBeginTexts) await session.query(text);
    try {
      const own = this.#subject.state.searchPath?.map(quoteName).join(', ') ?? '';
      await session.ask(searchPathText, [{ value: own, binary: false, type: 25 }]);
      const differs = differenceOf(meaning, (await session.query(meaningText))[0]);
      if (differs !== null) return no(`its session and the gateway’s differ: ${differs}`);
      if (this.#request.signal.aborted) return no('there was no time left');
      const counted = await this.#count();
      const shown = await this.#sample(shape);
      const moreChanges = shown.unshown === null ? Math.max(counted.rows - shown.changes.length, 0) : 0;
      return { ran: true, ...counted, ...shown, moreChanges, durationMs: Math.round(performance.now() - startedAt) };
    } finally {
      await session.query('ROLLBACK');
    }
  }

  /** The statement as it stands, counted and taken back. */
  async #count(): Promise<Pick<Ran, 'rows' | 'touched'>> {
    const session = this.#session;
    await session.query('SAVEPOINT tried');
    const before = touchedRows(await session.query(touchedRowsText));
    const { tag } = await session.askRows(textOf(this.#subject), this.#values(), 1);
    const after = touchedRows(await session.query(touchedRowsText));
    await session.query('ROLLBACK TO SAVEPOINT tried');
    if (before === null || after === null) throw new SluiceError('unavailable', 'the target counts no rows');
    const rows = /(\d+)$/.exec(tag ?? '')?.[1];
    return { rows: rows === undefined ? after - before : Number(rows), touched: after - before };
  }

  /** The same again with RETURNING, for the rows; in a transaction that goes away, so that nothing is committed twice, or once. */
  async #sample(shape: TableShape | null): Promise<Shown> {
    const none = { columns: [], changes: [] };
    if (shape === null) return { ...none, unshown: 'it changes more than one table' };
    if (shape.key.length === 0) return { ...none, unshown: 'its table has no primary key' };
    const text = `${textOf(this.#subject)}\nRETURNING *`;
    const outcome = await this.#subject.read(text);
    if (!isSameChange(this.#subject.outcome, outcome) || !this.#request.records(text, outcome))
      return { ...none, unshown: 'it returns a result of its own' };
    const session = this.#session;
    await session.query('SAVEPOINT tried');
    const returned = await session.askRows(text, this.#values(), maxRehearsedRows + 1);
    await session.query('ROLLBACK TO SAVEPOINT tried');
    if (!isWholeRow(returned.columns, shape)) return { ...none, unshown: 'its rows are not those of one table' };
    return this.#show(shape, returned);
  }

  async #show(shape: TableShape, { columns, rows }: AskedRows): Promise<Shown> {
    const deletes = changedTable(this.#subject.outcome, this.#subject.catalogue)?.change === 'delete';
    const shown = rows.slice(0, maxRehearsedRows);
    const before = deletes ? new Map<string, readonly (string | null)[]>() : await this.#rowsBefore(shape, shown);
    const pairs = shown.map((row) =>
      deletes ? { before: row, after: null } : { before: before.get(keyOf(shape, row)) ?? null, after: row },
    );
    const kept = shape.columns
      .map((column, i) => ({ column, i }))
      .filter(
        ({ column, i }) =>
          shape.key.includes(column) || pairs.some((pair) => pair.before?.[i] !== pair.after?.[i] || !pair.before),
      )
      .slice(0, maxShownColumns);
    const fields = kept.map(({ i }) => fieldOf(columns[i]!, shape));
    const masker = this.#request.masks(fields);
    const mask = (row: readonly (string | null)[] | null) =>
      row === null
        ? null
        : kept.map(({ i }, at) => {
            const value = row[i] ?? null;
            if (value === null) return null;
            const masked = masker.plan[at] === 'pass' ? value : masker.mask(at, value);
            return masked === null || masked.length <= maxShownCharacters
              ? masked
              : `${masked.slice(0, maxShownCharacters - 1)}…`;
          });
    return {
      columns: kept.map(({ column }, at) => ({ name: column.name, masked: masker.plan[at] === 'whole' })),
      changes: pairs.map((pair) => ({ before: mask(pair.before), after: mask(pair.after) })),
      unshown: null,
    };
  }

  /** By primary key, as they stand again now that the trial was taken back. */
  async #rowsBefore(
    shape: TableShape,
    rows: readonly (readonly (string | null)[])[],
  ): Promise<Map<string, readonly (string | null)[]>> {
    const values = shape.key.map((column) => ({
      value: arrayLiteral(rows.map((row) => row[shape.columns.indexOf(column)] ?? null)),
      binary: false,
      type: 0,
    }));
    const list = shape.columns.map(({ name }) => `t.${quoteName(name)}`).join(', ');
    const found = await this.#session.ask(`SELECT ${list} FROM ${joinKeys(shape)}`, values);
    return new Map(found.map((row) => [keyOf(shape, row), row]));
  }

  #values() {
    return this.#subject.binds.map(({ value, binary, type }) => ({ value, binary, type: oidOfTypeName(type) }));
  }
}

/** The server's own word: every column is the table's, in its order. */
function isWholeRow(columns: readonly RowColumn[], shape: TableShape): boolean {
  return (
    columns.length === shape.columns.length &&
    columns.every(({ tableOid, attribute }, i) => tableOid === shape.oid && attribute === shape.columns[i]?.attribute)
  );
}

function fieldOf(column: RowColumn, { schema, name }: TableShape): ResultField {
  return {
    name: column.name,
    origin: { schema, relation: name, column: column.name },
    lineage: null,
    category: knownType(column.typeOid)?.category ?? 'text',
    type: typeName(column.typeOid),
  };
}

function keyOf(shape: TableShape, row: readonly (string | null)[]): string {
  return JSON.stringify(shape.key.map((column) => row[shape.columns.indexOf(column)] ?? null));
}
