/** The session's prepared statements and portals as the target has them, kept in step with what is sent and what fails. */
import type { StatementHandle } from '@sluice/wire-kit';
import { maxPortals, maxPreparedStatements, maxPreparedTextBytes } from './limits.ts';
import type { RowColumn } from './messages/backend.ts';
import type { StatementRun } from './statement-run.ts';

export interface PreparedStatement {
  readonly kind: 'prepared';
  readonly name: string;
  readonly text: string;
  /** Made by SQL PREPARE rather than by a Parse message. */
  readonly bySql: boolean;
  /** The `prepare` judgement; null for SQL PREPARE, which was judged as the statement that held it. */
  readonly handle: StatementHandle | null;
  /** From Parse, completed by ParameterDescription. */
  parameterTypes: readonly number[];
  /** Something ran since that may have replaced it out of sight: what was judged is no longer surely what would run. */
  doubtful: boolean;
  /** From a Describe; null: it returns no rows; undefined: not yet described. */
  columns: readonly RowColumn[] | null | undefined;
}

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
  readonly #prepared = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Portal>();
  #textBytes = 0;
  /** Changes whenever the set of prepared statements does. */
  version = 0;

  prepared(name: string): PreparedStatement | undefined {
    return this.#prepared.get(name);
  }

  preparedStatements(): IterableIterator<PreparedStatement> {
    return this.#prepared.values();
  }

  portal(name: string): Portal | undefined {
    return this.#portals.get(name);
  }

  /** False: the bound is reached. */
  hasRoomFor(name: string, text: string): boolean {
    const old = this.#prepared.get(name);
    const count = this.#prepared.size - (old === undefined ? 0 : 1);
    const bytes = this.#textBytes - (old?.text.length ?? 0) + text.length;
    return count < maxPreparedStatements && bytes <= maxPreparedTextBytes;
  }

  /** Something is about to run that may prepare and deallocate by name where nobody sees it. */
  doubtAll(): void {
    for (const statement of this.#prepared.values()) {
      if (statement.name === '' || statement.doubtful) continue;
      statement.doubtful = true;
      this.version++;
    }
  }

  /** SQL is about to make or drop a prepared statement of this name: which one stands is not known before the answer. */
  doubt(name: string): void {
    const statement = this.#prepared.get(name);
    if (statement === undefined || statement.doubtful) return;
    statement.doubtful = true;
    this.version++;
  }

  /** SQL is about to close or declare a cursor of this name (empty: perhaps of any): a portal of the name may be another's then. */
  doubtPortal(name: string): void {
    for (const portal of this.#portals.values()) if (name === '' || portal.name === name) portal.doubtful = true;
  }

  get hasRoomForPortal(): boolean {
    return this.#portals.size < maxPortals;
  }

  /** Sets a statement as the Parse is sent; the returned function takes it back when the target did not accept it. */
  setPrepared(statement: PreparedStatement): (skipped: boolean) => void {
    const before = this.#prepared.get(statement.name);
    this.#put(statement);
    return (skipped) => {
      if (this.#prepared.get(statement.name) !== statement) return;
      // A failed Parse without a name still drops the old unnamed statement; one with a name, or one never looked at, leaves the old one.
      if (before === undefined || (statement.name === '' && !skipped)) this.#drop(statement.name);
      else this.#put(before);
    };
  }

  removePrepared(name: string): () => void {
    const before = this.#prepared.get(name);
    if (before === undefined) return () => undefined;
    this.#drop(name);
    return () => {
      if (!this.#prepared.has(name)) this.#put(before);
    };
  }

  /**
   * SQL made or dropped a prepared statement of this name. True: a Parse was sent since, and whether it was taken depends on what SQL
   * did before it; which text stands is then asked before the name is used. What the name had before SQL ran is always in doubt.
   */
  parsedSince(name: string): boolean {
    const statement = this.#prepared.get(name);
    if (statement === undefined || statement.bySql || statement.doubtful) return false;
    this.doubt(name);
    return true;
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

  #put(statement: PreparedStatement): void {
    const before = this.#prepared.get(statement.name);
    this.#textBytes += statement.text.length - (before?.text.length ?? 0);
    this.#prepared.set(statement.name, statement);
    this.version++;
  }

  #drop(name: string): void {
    this.#textBytes -= this.#prepared.get(name)?.text.length ?? 0;
    this.#prepared.delete(name);
    this.version++;
  }
}
