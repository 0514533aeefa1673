/** The client's session at the target: what verdicts and facts depend on, and when it must be read again. */
import { createHash } from 'node:crypto';
import type { SessionEffect, StatementFacts } from '@sluice/domain';
import type { PostgresSessionState } from '@sluice/language-postgres-sql';
import type { SessionState } from '@sluice/wire-kit';
import { maxCursors, maxCustomSettings, maxPreludeStatements, maxTouchedObjects } from './limits.ts';
import type { TransactionStatus } from './messages/backend.ts';
import type { OwnView } from './own-catalogue.ts';
import type { StatementTable } from './statement-table.ts';

/** One of the closed list of texts that the gateway itself sends. Every name is qualified: the session's search path has no say. */
export const sessionStateText =
  "SELECT pg_catalog.current_database()::pg_catalog.text, current_user::pg_catalog.text, pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text, pg_catalog.current_setting('transaction_read_only')";

/** Asked after something ran that may have prepared or deallocated out of sight: does the target still have what was judged? */
export const preparedStateText =
  "SELECT p.name, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(p.statement, 'UTF8')), 'hex') FROM pg_catalog.pg_prepared_statements AS p";

const movingSettings: ReadonlySet<string> = new Set(['search_path', 'role', 'session_authorization']);
/** Every effect of the language that tells all; `unknown` is not among them. */
const knownEffects: ReadonlySet<string> = new Set([
  'transaction',
  'set',
  'reset',
  'discard',
  'role',
  'session-authorization',
  'prepare',
  'deallocate',
  'declare',
  'close',
  'ddl',
  'temp',
  'copy',
  'acts-while-parsed',
]);
const beginning: ReadonlySet<string> = new Set(['begin', 'savepoint']);
const mayNamePrepared = /execute/i;
const mayNameCursor = /fetch|move|close|current/i;

/** The name of a temporary schema in an effective search path: only ever the session's own. */
const temporarySchema = /^pg_temp_\d+$/;

/** `possible`: something ran that may hold DDL. */
export type CatalogueChange = 'none' | 'possible' | 'certain';

interface Known {
  readonly database: string;
  readonly role: string | null;
  readonly searchPath: readonly string[] | null;
}

export class SessionTracker {
  readonly #statements: StatementTable;
  #known: Known;
  #status: TransactionStatus = 'I';
  /** Changed by the open transaction and not read again since. */
  readonly #touched = new Set<string>();
  /** Changed by the open transaction at all. */
  readonly #changed = new Set<string>();
  /** Changed by committed transactions, and not yet in the shared catalogue. */
  readonly #behind = new Set<string>();
  #own: OwnView | null = null;
  readonly #cursors = new Map<string, string>();
  /** Names of portals that the protocol moved while answers are owed: a DECLARE that completes may have run before that. */
  readonly #movedPortals = new Set<string>();
  #hasTemporary = false;
  #temporaryObjectsKnown = true;
  #movedInTransaction = false;
  #stale = false;
  /** The last names that were read from the target. */
  #knownNames: string | null = null;
  #ddl: CatalogueChange = 'none';
  #prelude: string[] | null = [];
  #custom: Set<string> | null = new Set();
  #state: SessionState | null = null;
  #base: { session: PostgresSessionState; key: string } | null = null;

  constructor(database: string, statements: StatementTable) {
    this.#known = { database, role: null, searchPath: null };
    this.#statements = statements;
  }

  get status(): TransactionStatus {
    return this.#status;
  }

  /** True: the next judgement must not be made on what is known now. */
  get stale(): boolean {
    return this.#stale;
  }

  /** The row of `sessionStateText`; null: it could not be read, and everything it says is unknown. */
  learn(row: readonly (string | null)[] | null): void {
    const database = row?.[0] ?? this.#known.database;
    const schemas = row?.[2] ?? null;
    const before = this.#knownNames;
    this.#known = {
      database,
      role: row?.[1] ?? null,
      searchPath: schemas === null ? null : (JSON.parse(schemas) as string[]),
    };
    this.#stale = row === null;
    this.#own = null;
    for (const object of this.#changed) this.#touched.add(object);
    this.#hasTemporary = this.#known.searchPath?.some((schema) => temporarySchema.test(schema)) === true;
    this.#temporaryObjectsKnown = row !== null && !this.#hasTemporary;
    this.#knownNames = row === null ? null : this.names();
    // A cursor keeps the plan that it was declared with: its text read under other names would be another query.
    if (this.#knownNames === null || this.#knownNames !== before) this.#cursors.clear();
    this.#forget();
  }

  /** True where the session sees what the shared catalogue cannot show: temporary objects, and what its open transaction changed. */
  get hasOwn(): boolean {
    return this.#hasTemporary || (this.#status === 'T' && this.#changed.size > 0);
  }

  /** What was read of it just now, in this session; null: it could not be read, and stays unknown. */
  learnOwn(view: OwnView | null): void {
    this.#own = view;
    this.#temporaryObjectsKnown = view !== null || !this.#hasTemporary;
    if (view !== null) {
      this.#touched.clear();
      for (const name of view.unsure) this.#touched.add(name);
    }
    this.#forget();
  }

  get own(): OwnView | null {
    return this.#own;
  }

  /** Until it can be read: role and search path count as unknown. */
  doubt(): void {
    this.#stale = true;
    if (this.#known.role === null && this.#known.searchPath === null) return;
    this.#known = { ...this.#known, role: null, searchPath: null };
    this.#forget();
  }

  state(): SessionState {
    this.#state ??= { ...this.#known, inTransaction: this.#status !== 'I' };
    return this.#state;
  }

  /** The language's own state and its cache key. Names of statements and cursors only where the text may use them. */
  languageState(text: string): { readonly session: PostgresSessionState; readonly key: string } {
    this.#base ??= keyed({
      ...this.#known,
      prepared: {},
      cursors: {},
      touched: [...new Set([...this.#touched, ...this.#behind])].sort(),
      temporaryObjectsKnown: this.#temporaryObjectsKnown,
      own: this.#own?.catalogue ?? null,
    });
    const prepared = mayNamePrepared.test(text);
    const cursors = this.#cursors.size > 0 && mayNameCursor.test(text);
    if (!prepared && !cursors) return this.#base;
    const names: Record<string, string> = {};
    if (prepared) {
      for (const { name, text: one, doubtful } of this.#statements.preparedStatements())
        if (!doubtful) names[name] = one;
    }
    return keyed({
      ...this.#base.session,
      prepared: names,
      cursors: cursors ? Object.fromEntries(this.#cursors) : {},
    });
  }

  /** About to run: what it makes or drops by name is not known to be there before its answer came. */
  willRun(statements: readonly StatementFacts[]): void {
    for (const { complete, kind, sessionEffects } of statements) {
      if (!complete || kind === 'procedure') this.forgetCursors('');
      for (const effect of sessionEffects) {
        const name = typeof effect.name === 'string' ? effect.name : '';
        if (effect.type === 'declare' || effect.type === 'close') this.forgetCursors(name);
        else if (effect.type === 'prepare' || (effect.type === 'deallocate' && name !== ''))
          this.#statements.doubt(name);
        else if (effect.type === 'deallocate') this.#statements.doubtAll();
        else if (!knownEffects.has(effect.type) || effect.type === 'discard') this.forgetCursors('');
      }
    }
  }

  /** A portal of this name is made or dropped by the protocol: a cursor that SQL declared under it is no longer what FETCH finds. */
  portalMoved(name: string): void {
    if (name === '') return;
    this.#cursors.delete(name);
    // The empty name stands for all of them.
    this.#movedPortals.add(this.#movedPortals.size < maxCursors ? name : '');
  }

  /** The target owes nothing: what SQL declared from now on stands behind every portal of the protocol. */
  settled(): void {
    if (this.#movedPortals.size > 0) this.#movedPortals.clear();
  }

  /** True when a portal's text would be read now as it was when the portal was bound. Unknown while the state is to be read again. */
  stillMeans(portal: { readonly doubtful: boolean; readonly names: string }): boolean {
    return !portal.doubtful && !this.#stale && portal.names === this.names();
  }

  /** What names mean now, as one text. */
  names(): string {
    const { database, role, searchPath } = this.#known;
    return JSON.stringify([database, role, searchPath]);
  }

  /** Empty: every one. */
  forgetCursors(name = ''): void {
    this.#statements.doubtPortal(name);
    if (name === '') this.#cursors.clear();
    else this.#cursors.delete(name);
  }

  /**
   * What the open transaction ran so far, where it is only what begins it (BEGIN, SAVEPOINT) and can be sent again; null: it ran
   * more. Outside a transaction: what the open batch ran.
   */
  get prelude(): readonly string[] | null {
    return this.#prelude;
  }

  /** Names of the client's own settings (`app.who`) that it set in this session; null: there may be others. */
  get customSettings(): ReadonlySet<string> | null {
    return this.#custom;
  }

  /** Something ran that cannot simply be begun again. */
  hasRun(): void {
    this.#prelude = null;
  }

  /** The client is back in another of its sessions at the target: role and search path are that one's. */
  cameHome(): void {
    this.#stale = true;
  }

  /** One statement ended well. `text` is the whole message's. */
  completed(facts: StatementFacts | null, text = ''): void {
    this.#notePrelude(facts, text);
    const unknown = facts === null || !facts.complete || facts.kind === 'procedure';
    if (unknown) this.#unknownHappened();
    this.#doubtHidden(facts);
    for (const effect of facts?.sessionEffects ?? []) this.#apply(effect);
    // Nor is it known what a cursor was declared with there.
    if (unknown) this.#cursors.clear();
  }

  /** True when running it may change what later judgements stand on, so that they must wait for its end. */
  mayMove(statements: readonly StatementFacts[]): boolean {
    return statements.some(
      (one) => !one.complete || one.kind === 'procedure' || one.sessionEffects.some((effect) => this.#moves(effect)),
    );
  }

  /** True when running it may do by name what no effect tells of, such as replacing a prepared statement. */
  mayHide(statements: readonly StatementFacts[]): boolean {
    return statements.some(
      (one) =>
        !one.complete ||
        one.kind === 'procedure' ||
        one.sessionEffects.some((effect) => !knownEffects.has(effect.type)),
    );
  }

  #doubtHidden(facts: StatementFacts | null): void {
    if (facts === null || this.mayHide([facts])) this.#statements.doubtSettled();
  }

  #moves(effect: SessionEffect): boolean {
    switch (effect.type) {
      case 'copy':
      case 'acts-while-parsed':
        return false;
      case 'transaction':
        return (
          effect.op !== 'begin' && effect.op !== 'savepoint' && (this.#movedInTransaction || this.#touched.size > 0)
        );
      case 'set':
      case 'reset':
        return movesNames(effect.name);
      default:
        return true;
    }
  }

  /** Something failed: what it had moved is moved back by the target, but for prepared statements. `facts` when it was a statement. */
  failed(facts?: StatementFacts | null): void {
    if (facts !== undefined) this.#doubtHidden(facts);
    if (this.#movedInTransaction) this.#stale = true;
  }

  /** ReadyForQuery. Outside a transaction: what became visible to others since the last one. */
  ready(status: TransactionStatus): CatalogueChange {
    if (status !== this.#status) {
      this.#status = status;
      this.#state = null;
    }
    if (status !== 'I') return 'none';
    this.#prelude = [];
    if (this.#movedInTransaction) this.#stale = true;
    this.#movedInTransaction = false;
    const change = this.#ddl;
    this.#ddl = 'none';
    if (change !== 'none') for (const object of this.#changed) this.#behind.add(object);
    this.#changed.clear();
    this.#touched.clear();
    this.#forget();
    return change;
  }

  /** The catalogue has been read since the last commit that changed it. */
  catalogueIsFresh(): void {
    if (this.#behind.size === 0) return;
    this.#behind.clear();
    this.#forget();
  }

  #notePrelude(facts: StatementFacts | null, text: string): void {
    const begins = facts?.sessionEffects.every(({ type, op }) => type === 'transaction' && beginning.has(String(op)));
    if (facts === null || !facts.complete || facts.kind !== 'session' || begins !== true) {
      this.#prelude = null;
      return;
    }
    if (facts.sessionEffects.length > 0) this.#prelude?.push(text.slice(facts.start, facts.end));
    else if (!facts.effects.every(({ verb }) => verb === 'show')) this.#prelude = null;
    if ((this.#prelude?.length ?? 0) > maxPreludeStatements) this.#prelude = null;
  }

  #unknownHappened(): void {
    this.#moved();
    if (this.#ddl === 'none') this.#ddl = 'possible';
    // Inside a transaction it may have changed anything that the catalogue's own session cannot see yet.
    this.#note(['*']);
  }

  #moved(): void {
    this.#stale = true;
    this.#movedInTransaction = true;
  }

  #apply(effect: SessionEffect): void {
    const name = typeof effect.name === 'string' ? effect.name : '';
    switch (effect.type) {
      case 'transaction':
        if (effect.op !== 'begin' && this.#movedInTransaction) this.#stale = true;
        break;
      case 'set':
      case 'reset':
        if (movesNames(name)) this.#moved();
        if (effect.type === 'set' && name.includes('.')) this.#custom?.add(name);
        if ((this.#custom?.size ?? 0) > maxCustomSettings) this.#custom = null;
        break;
      case 'role':
      case 'session-authorization':
        this.#moved();
        break;
      case 'discard':
        this.#discard(String(effect.what).toLowerCase());
        break;
      case 'prepare':
        this.#prepare(name, String(effect.text));
        break;
      case 'deallocate':
        this.#statements.deallocatedBySql(name === '' ? null : name);
        break;
      case 'declare':
        this.#declare(name, String(effect.text));
        break;
      case 'close':
        if (name === '') this.#cursors.clear();
        else this.#cursors.delete(name);
        break;
      case 'ddl':
        this.#touch(Array.isArray(effect.objects) ? (effect.objects as readonly string[]) : ['*']);
        break;
      case 'temp':
        this.#temporaryObjectsKnown = false;
        this.#forget();
        break;
      case 'copy':
      case 'acts-while-parsed':
        break;
      default:
        // `unknown`, and whatever a newer language may say.
        this.#unknownHappened();
    }
  }

  #prepare(name: string, text: string): void {
    if (!this.#statements.hasRoomFor(name, text)) return;
    this.#statements.preparedBySql({
      kind: 'prepared',
      name,
      text,
      bySql: true,
      doubtful: false,
      handle: null,
      parameterTypes: [],
      columns: undefined,
    });
  }

  #declare(name: string, text: string): void {
    if (this.#movedPortals.has(name) || this.#movedPortals.has('')) return;
    if (this.#cursors.size < maxCursors) this.#cursors.set(name, text);
  }

  #discard(what: string): void {
    if (what === 'all') {
      this.#statements.deallocatedBySql(null);
      this.#cursors.clear();
      this.#moved();
    }
    if (what === 'temp' || what === 'temporary') this.#moved();
    this.#forget();
  }

  #touch(objects: readonly string[]): void {
    this.#ddl = 'certain';
    // A new or dropped schema changes the effective search path.
    this.#moved();
    this.#note(objects);
  }

  #note(objects: readonly string[]): void {
    for (const set of [this.#touched, this.#changed]) {
      for (const object of objects) set.add(object);
      if (set.size <= maxTouchedObjects) continue;
      set.clear();
      set.add('*');
    }
    this.#forget();
  }

  #forget(): void {
    this.#state = null;
    this.#base = null;
  }
}

/** `RESET ALL` names none. */
function movesNames(name: unknown): boolean {
  return (
    typeof name !== 'string' || name === '' || name.toLowerCase() === 'all' || movingSettings.has(name.toLowerCase())
  );
}

function keyed(session: PostgresSessionState): { session: PostgresSessionState; key: string } {
  return { session, key: createHash('sha256').update(JSON.stringify(session)).digest('base64url').slice(0, 22) };
}
