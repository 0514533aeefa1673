/**
 * Puts back what an approved change overwrote, in one transaction of the writer's: only where every row still is as the change left it,
 * and only where nothing else changes with it (ADR 0019).
 */
import { maxShownConflicts, type RevertOutcome, SluiceError, type UndoImage } from '@sluice/domain';
import type { ResultField, RevertRequest } from '@sluice/wire-kit';
import type { ParameterValue } from './messages/frontend.ts';
import { quoteName, readTableShape, type TableShape, tableName, tableShapeText } from './table-shape.ts';
import { dialTarget, type PostgresTarget, type TextRows } from './target-side.ts';
import { touchedRows, touchedRowsText } from './touched-rows.ts';
import { typeName } from './types.ts';

/** Longest wait for a lock, and for one statement (ms). */
const revertLockMs = 2_000;
const revertStatementMs = 10_000;

const beginTexts = [
  "SET search_path = 'pg_catalog'",
  'BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE',
  `SET LOCAL lock_timeout = ${revertLockMs}`,
  `SET LOCAL statement_timeout = ${revertStatementMs}`,
  `SET LOCAL idle_in_transaction_session_timeout = ${revertStatementMs}`,
] as const;

/** `$1`, `$2`: schema and name. */
const tableText = `SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1::pg_catalog.text AND c.relname = $2::pg_catalog.text AND c.relkind = 'r'`;

type Row = UndoImage['rows'][number];
type Cells = readonly (string | null)[];

const failed = (because: string): RevertOutcome => ({ state: 'failed', because });

/** Never rejects for the target's faults. */
export async function revertChange(request: RevertRequest): Promise<RevertOutcome> {
  let session: PostgresTarget;
  try {
    session = await dialTarget(request.dial);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return failed(`the target could not be reached: ${error.message}`.slice(0, 500));
  }
  try {
    return await new Reverting(session, request).run();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    // The target's own words may quote rows.
    return failed(
      'the target refused it, or it took too long, or another session’s lock stood in the way; nothing was changed',
    );
  } finally {
    await session.close();
  }
}

class Reverting {
  readonly #session: PostgresTarget;
  readonly #request: RevertRequest;
  readonly #image: UndoImage;

  constructor(session: PostgresTarget, request: RevertRequest) {
    this.#session = session;
    this.#request = request;
    this.#image = request.image;
  }

  async run(): Promise<RevertOutcome> {
    const session = this.#session;
    for (const text of beginTexts) await session.query(text);
    const outcome = await this.#attempt();
    await session.query(outcome.state === 'reverted' ? 'COMMIT' : 'ROLLBACK');
    return outcome;
  }

  async #attempt(): Promise<RevertOutcome> {
    const { rows } = this.#image;
    const shape = await this.#shape();
    if (shape === null) return failed('the table is no longer as it was');
    const conflicts: Row[] = [];
    for (const row of rows) if (!(await this.#isUnchanged(shape, row))) conflicts.push(row);
    if (conflicts.length > 0)
      return { state: 'conflict', conflicts: conflicts.length, shown: await this.#keysOf(shape, conflicts) };
    const before = touchedRows(await this.#session.query(touchedRowsText));
    for (const row of rows) await this.#putBack(shape, row);
    const after = touchedRows(await this.#session.query(touchedRowsText));
    if (before === null || after === null) return failed('the target does not count rows');
    if (after - before !== rows.length)
      return failed('other rows would have changed with it, by a trigger or a foreign key');
    for (const row of rows) {
      if (!(await this.#isAs(shape, row.before ?? row.after, row.before)))
        return failed('the rows would not have been as they were before');
    }
    return { state: 'reverted', rows: rows.length };
  }

  /** The table as the image has it; null: it is another one by now. */
  async #shape(): Promise<TableShape | null> {
    const { table, columns } = this.#image;
    const values = [table.schema, table.name].map((value) => ({ value, binary: false, type: 25 }));
    const [row] = await this.#session.ask(tableText, values);
    if (row === undefined) return null;
    const oid = Number(row[0]);
    const read = await this.#session.ask(tableShapeText, [{ value: String(oid), binary: false, type: 26 }]);
    const known = { oid, schema: table.schema, name: table.name };
    const shape = readTableShape(known, read);
    const same =
      shape.columns.length === columns.length &&
      shape.columns.every((column, i) => {
        const was = columns[i]!;
        const key = shape.key.includes(column);
        return (
          column.name === was.name &&
          column.typeOid === was.type &&
          column.generated === was.generated &&
          key === was.key
        );
      });
    return same ? shape : null;
  }

  /** As the change left it. */
  #isUnchanged(shape: TableShape, { before, after }: Row): Promise<boolean> {
    return this.#isAs(shape, after ?? before, after);
  }

  /** Locks the row with this row's key and compares it; null: there must be none. */
  async #isAs(shape: TableShape, key: Cells | null, expected: Cells | null): Promise<boolean> {
    if (key === null) return false;
    const list = shape.columns.map(({ name }) => `t.${quoteName(name)}`).join(', ');
    const text = `SELECT ${list} FROM ONLY ${tableName(shape)} AS t WHERE ${whereKey(shape)} FOR UPDATE`;
    const found: TextRows = await this.#session.askBinary(text, keyValues(shape, key));
    if (expected === null) return found.length === 0;
    return found.length === 1 && expected.every((value, i) => found[0]?.[i] === value);
  }

  async #putBack(shape: TableShape, { before, after }: Row): Promise<void> {
    const { columns } = shape;
    const stored = columns.map((column, i) => ({ column, i })).filter(({ column }) => !column.generated);
    if (before === null) {
      if (after === null) return;
      await this.#session.ask(
        `DELETE FROM ONLY ${tableName(shape)} AS t WHERE ${whereKey(shape)}`,
        keyValues(shape, after),
      );
      return;
    }
    const cellOf = ({ i }: { i: number }): ParameterValue => cellValue(shape, before, i);
    if (after === null) {
      const names = stored.map(({ column }) => quoteName(column.name)).join(', ');
      const places = stored.map((_, at) => `$${at + 1}`).join(', ');
      await this.#session.ask(
        `INSERT INTO ${tableName(shape)} (${names}) OVERRIDING SYSTEM VALUE VALUES (${places})`,
        stored.map(cellOf),
      );
      return;
    }
    const changed = stored.filter(({ i }) => before[i] !== after[i]);
    if (changed.length === 0) {
      // It has to count as changed, as it did then.
      changed.push(...stored.slice(0, 1));
    }
    const first = shape.key.length + 1;
    const sets = changed.map(({ column }, at) => `${quoteName(column.name)} = $${first + at}`).join(', ');
    await this.#session.ask(`UPDATE ONLY ${tableName(shape)} AS t SET ${sets} WHERE ${whereKey(shape)}`, [
      ...keyValues(shape, after),
      ...changed.map(cellOf),
    ]);
  }

  /** Keys of conflicting rows as people may see them: masked as in a recording. */
  async #keysOf(shape: TableShape, rows: readonly Row[]): Promise<string[]> {
    const fields = shape.key.map(
      (column): ResultField => ({
        name: column.name,
        origin: { schema: shape.schema, relation: shape.name, column: column.name },
        lineage: null,
        category: 'text',
        type: typeName(column.typeOid),
      }),
    );
    const masker = this.#request.masks(fields);
    const places = shape.key.map((column, i) => `$${i + 1}::${column.type}::pg_catalog.text`).join(', ');
    const shown: string[] = [];
    for (const row of rows.slice(0, maxShownConflicts)) {
      const [texts] = await this.#session.ask(`SELECT ${places}`, keyValues(shape, row.after ?? row.before ?? []));
      const parts = shape.key.map(({ name }, i) => {
        const text = texts?.[i] ?? null;
        const masked = text === null || masker.plan[i] === 'pass' ? text : masker.mask(i, text);
        return `${name} = ${masked ?? 'NULL'}`;
      });
      shown.push(parts.join(', ').slice(0, 500));
    }
    return shown;
  }
}

function whereKey(shape: TableShape): string {
  return shape.key.map(({ name }, i) => `t.${quoteName(name)} = $${i + 1}`).join(' AND ');
}

function keyValues(shape: TableShape, row: Cells): ParameterValue[] {
  return shape.key.map((column) => cellValue(shape, row, shape.columns.indexOf(column)));
}

function cellValue(shape: TableShape, row: Cells, i: number): ParameterValue {
  return { value: row[i] ?? null, binary: true, type: shape.columns[i]?.typeOid ?? 0 };
}
