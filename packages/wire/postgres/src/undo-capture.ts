/**
 * What an approved change overwrites, read in the change's own transaction (ADR 0019). Which rows it will touch is found by trying it on a
 * control session first; what was found is proved afterwards by the server's count and by each row's own transaction number, so that an
 * image is whole and right, or there is none.
 */
import { maxUndoRows, type ReadOutcome, type UndoImage } from '@sluice/domain';
import type { LoadedCatalogue } from './catalogue.ts';
import { type Change, changedTable, changeProblem } from './changed-table.ts';
import type { ParameterValue } from './messages/frontend.ts';
import { joinKeys, quoteName, type TableColumn, type TableShape, tableName } from './table-shape.ts';
import type { TextRows } from './target-side.ts';

/** Bytes of an image, as base64. */
const maxImageBytes = 8 * 1024 * 1024;
/** New rows are found by looking at the whole table: a larger one is not looked at (bytes by the target's last count). */
export const maxScannedBytes = 64 * 1024 * 1024;

/** Asks in the session of the change; binary values come as base64. Null: the target refused. */
export type AskBinary = (text: string, values: readonly ParameterValue[]) => Promise<TextRows | null>;

export interface CapturePlan {
  readonly shape: TableShape;
  readonly change: Change;
  /** One text array of the key's values per column of the key; empty for an insert, whose rows are found afterwards. */
  readonly keys: readonly ParameterValue[];
  readonly expected: number | null;
}

/** Why what a statement changes could not be put back, in a clause; null: it can, as far as is known before it runs. */
export function undoProblem(outcome: ReadOutcome, catalogue: LoadedCatalogue | null): string | null {
  const problem = changeProblem(outcome, catalogue, { sequences: true });
  if (problem !== null) return problem;
  const changed = changedTable(outcome, catalogue);
  if (changed === null) return 'it changes more than one table';
  if (changed.change === 'insert' && changed.statement.effects.some(({ verb }) => verb === 'update'))
    return 'it inserts or updates, and nobody can tell which before';
  return null;
}

/** Reads the image around a change: `before` is called right before it runs, `after` right behind it, in one transaction. */
export class UndoCapture {
  readonly #plan: CapturePlan;
  readonly #ask: AskBinary;
  #before: TextRows = [];

  constructor(plan: CapturePlan, ask: AskBinary) {
    this.#plan = plan;
    this.#ask = ask;
  }

  /** Locks and reads the rows as they are. False: the target refused. */
  async before(): Promise<boolean> {
    const { shape, change, keys } = this.#plan;
    if (change === 'insert') return true;
    const rows = await this.#ask(`SELECT ${columnList(shape)} FROM ${joinKeys(shape)} FOR UPDATE OF t`, keys);
    this.#before = rows ?? [];
    return rows !== null;
  }

  /** The image, where `touched` rows are exactly those that were read; a text: why there is none. */
  async after(touched: number | null): Promise<UndoImage | string> {
    const { shape, change, keys } = this.#plan;
    if (touched === null) return 'its rows could not be counted';
    if (touched === 0) return 'it changed nothing';
    if (touched > maxUndoRows) return 'it changed too many rows';
    const mine = `t.xmin OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id()::pg_catalog.xid`;
    const found =
      change === 'insert'
        ? await this.#ask(
            `SELECT ${columnList(shape)} FROM ONLY ${tableName(shape)} AS t WHERE ${mine} LIMIT ${touched + 1}`,
            [],
          )
        : await this.#ask(`SELECT ${columnList(shape)}, ${mine} FROM ${joinKeys(shape)}`, keys);
    if (found === null) return 'its rows could not be read again';
    const rows = pairsOf(this.#plan, this.#before, found, touched);
    if (rows === null) return 'it changed other rows than those that could be read';
    const image: UndoImage = {
      table: { schema: shape.schema, name: shape.name },
      change,
      columns: shape.columns.map((column) => ({
        name: column.name,
        type: column.typeOid,
        key: shape.key.includes(column),
        generated: column.generated,
      })),
      rows,
    };
    return JSON.stringify(rows).length > maxImageBytes ? 'it changed too much to be kept' : image;
  }
}

/** Null unless every touched row is one of those, and the other way round. */
function pairsOf(
  { shape, change }: CapturePlan,
  before: TextRows,
  found: TextRows,
  touched: number,
): UndoImage['rows'] | null {
  if (change === 'insert')
    return found.length === touched ? found.map((after) => ({ before: null, after: [...after] })) : null;
  if (before.length !== touched) return null;
  if (change === 'delete') return found.length === 0 ? before.map((row) => ({ before: [...row], after: null })) : null;
  const own = found.filter((row) => row.at(-1) === trueBase64);
  if (own.length !== touched || found.length !== touched) return null;
  const after = new Map(own.map((row) => [keyOf(shape, row), row.slice(0, -1)]));
  const pairs = before.map((row) => ({ before: [...row], after: after.get(keyOf(shape, row)) ?? null }));
  return pairs.every((pair) => pair.after !== null) ? pairs : null;
}

/** A boolean in binary form. */
const trueBase64 = Buffer.from([1]).toString('base64');

function columnList(shape: TableShape): string {
  return shape.columns.map(({ name }: TableColumn) => `t.${quoteName(name)}`).join(', ');
}

function keyOf(shape: TableShape, row: readonly (string | null)[]): string {
  return JSON.stringify(shape.key.map((column) => row[shape.columns.indexOf(column)] ?? null));
}
