/** The session's prepared statements and portals as the target has them, kept in step with what is sent and what fails. */
import type { StatementHandle } from '@sluice/wire-kit';
import { maxPortals, maxPreparedStatements, maxPreparedTextBytes } from './limits.ts';
import type { RowColumn } from './messages/backend.ts';
import { PreparedNames, type PreparedStatement, type SentChange } from './prepared-names.ts';
import type { StatementRun } from './statement-run.ts';

export interface Portal {
  readonly kind: 'portal';
  readonly name: string;
  readonly statement: PreparedStatement;
  /** Bound to a doubtful statement, or perhaps another's by now: it is judged as a text that nobody read. */
  doubtful: boolean;
  /** Names as they stood when it was bound: what runs was planned under these. */
  readonly names: string;
  readonly resultFormats: readonly number[];
  /** The `bind` judgement. */
  readonly handle: StatementHandle;
  /** Set once it ran for the first time; a suspended portal goes on with it. */
  run: StatementRun | null;
  /** Columns with the formats of this portal; undefined until known. */
  columns: readonly RowColumn[] | null | undefined;
  /** In which stretch between ReadyForQuery messages it was made: older ones end with their transaction. */
  readonly stretch: number;
}

export class StatementTable {
  readonly #prepared = new PreparedNames();
  readonly #portals = new Map<string, Portal>();

  prepared(name: string): PreparedStatement | undefined {
    return this.#prepared.get(name);
  }

  preparedStatements(): IterableIterator<PreparedStatement> {
    return this.#prepared.current();
  }

  portal(name: string): Portal | undefined {
    return this.#portals.get(name);
  }

  /** False: the bound is reached. */
  hasRoomFor(name: string, text: string): boolean {
    const old = this.#prepared.get(name);
    const count = this.#prepared.count - (old === undefined ? 0 : 1);
    const bytes = this.#prepared.textLength - (old?.text.length ?? 0) + text.length;
    return count < maxPreparedStatements && bytes <= maxPreparedTextBytes;
  }

  /** Something is about to run that may prepare and deallocate by name where nobody sees it. */
  doubtAll(): void {
    for (const name of this.#prepared.names) if (name !== '') this.doubt(name);
  }

  /** Something ran that may have prepared and deallocated out of sight: also what was prepared by SQL just before it is in doubt. */
  doubtSettled(): void {
    for (const statement of this.#prepared.settled()) if (statement.name !== '') statement.doubtful = true;
  }

  /** SQL is about to make or drop a prepared statement of this name: which one stands is not known before the answer. */
  doubt(name: string): void {
    for (const statement of this.#prepared.all(name)) statement.doubtful = true;
  }

  /** SQL is about to close or declare a cursor of this name (empty: perhaps of any): a portal of the name may be another's then. */
  doubtPortal(name: string): void {
    for (const portal of this.#portals.values()) if (name === '' || portal.name === name) portal.doubtful = true;
  }

  get hasRoomForPortal(): boolean {
    return this.#portals.size < maxPortals;
  }

  /** A Parse is sent. */
  setPrepared(statement: PreparedStatement): SentChange {
    return this.#prepared.send(statement.name, statement);
  }

  /** A Close is sent. */
  removePrepared(name: string): SentChange {
    return this.#prepared.send(name, null);
  }

  /** SQL prepared it. */
  preparedBySql(statement: PreparedStatement): void {
    this.#prepared.settle(statement.name, statement);
  }

  /** SQL deallocated it, or it was found not to be there. Null: all that have a name. */
  deallocatedBySql(name: string | null): void {
    if (name !== null) {
      this.#prepared.settle(name, null);
      return;
    }
    for (const one of [...this.#prepared.names]) if (one !== '') this.#prepared.settle(one, null);
  }

  setPortal(portal: Portal): () => void {
    this.#portals.get(portal.name)?.run?.end();
    this.#portals.set(portal.name, portal);
    return () => {
      if (this.#portals.get(portal.name) === portal) this.removePortal(portal.name);
    };
  }

  removePortal(name: string): void {
    const portal = this.#portals.get(name);
    if (portal === undefined) return;
    this.#portals.delete(name);
    portal.handle.ended();
    portal.run?.end();
  }

  /** The transaction is over: portals made before `stretch` are gone. */
  endPortalsBefore(stretch: number): void {
    for (const portal of [...this.#portals.values()]) if (portal.stretch < stretch) this.removePortal(portal.name);
  }
}

/** Result formats of Bind: none means text, one means all, else one each. */
export function withFormats(columns: readonly RowColumn[], formats: readonly number[]): readonly RowColumn[] {
  if (formats.length === 0) return columns.map((column) => ({ ...column, format: 0 }));
  return columns.map((column, i) => ({ ...column, format: formats.length === 1 ? formats[0]! : (formats[i] ?? 0) }));
}
