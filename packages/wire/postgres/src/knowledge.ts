/** What the sessions of one connection share: the target's catalogue, read over one bounded control session of the gateway's own. */
import { createHash } from 'node:crypto';
import { type ColumnRef, type ObjectRef, type ReadOutcome, SluiceError } from '@sluice/domain';
import type { CatalogueRelation, PostgresCatalogue } from '@sluice/language-postgres-sql';
import type { DialRequest, TargetKnowledge } from '@sluice/wire-kit';
import { type LoadedCatalogue, loadCatalogue, nameKey, type ServerHalf } from './catalogue.ts';
import { changeText, controlSettingTexts } from './catalogue-queries.ts';
import { ControlSession } from './control-session.ts';
import { catalogueAgeMs, controlLockMs, controlStatementMs } from './limits.ts';
import { dialTarget, type PostgresTarget } from './target-side.ts';

export class PostgresKnowledge implements TargetKnowledge {
  readonly #request: DialRequest;
  #session: PostgresTarget | null = null;
  #loaded: LoadedCatalogue | null = null;
  #server: ServerHalf | null = null;
  #change = '';
  #readAt = 0;
  #running: Promise<void> | null = null;
  #again: Promise<void> | null = null;
  #closed = false;
  /** For what is asked about single statements: the catalogue's own session may be reading at length. */
  readonly control = new ControlSession(() => this.#open());
  readonly #definitions = new WeakMap<ReadOutcome, { readonly id: string; readonly version: string }>();

  constructor(request: DialRequest) {
    this.#request = request;
  }

  /** The last catalogue that could be read, at once; null before the first. Starts a refresh when it is old. */
  catalogue(): { readonly id: string; readonly data: PostgresCatalogue } | null {
    if (Date.now() - this.#readAt > catalogueAgeMs) void this.refresh();
    return this.#loaded;
  }

  /** The last catalogue that could be read, with its indexes. */
  get loaded(): LoadedCatalogue | null {
    return this.#loaded;
  }

  relation(oid: number): CatalogueRelation | undefined {
    return this.#loaded?.byOid.get(oid);
  }

  columnType(column: ColumnRef): string | null {
    const relation = this.#loaded?.byName.get(nameKey(column.schema ?? 'public', column.relation));
    return relation?.columns.find((one) => one.name === column.column)?.type ?? null;
  }

  /** Equal strings mean equal definitions of everything that the outcome's statements name. */
  definitions(outcome: ReadOutcome): string {
    const loaded = this.#loaded;
    if (loaded === null || !outcome.ok) return 'unknown';
    const before = this.#definitions.get(outcome);
    if (before?.id === loaded.id) return before.version;
    const version = definitionsVersion(loaded, outcome);
    this.#definitions.set(outcome, { id: loaded.id, version });
    return version;
  }

  /** Reads the catalogue again if something changed; resolves when done, also when it failed (the last good one stays). */
  refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#running ??= this.#refresh().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Like `refresh`, but surely begun after this call: for DDL that was committed just now. */
  refreshAfterNow(): Promise<void> {
    if (this.#running === null) return this.refresh();
    this.#again ??= this.#running.then(() => {
      this.#again = null;
      return this.refresh();
    });
    return this.#again;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const session = this.#session;
    this.#session = null;
    await Promise.all([session?.close(), this.control.close()]);
  }

  async #refresh(): Promise<void> {
    // Set before reading: a target that is away is asked once per interval, not once per statement.
    this.#readAt = Date.now();
    try {
      const session = this.#session ?? (await this.#open());
      this.#session = session;
      const [change = '', serverChange = ''] = (await session.query(changeText))[0]?.map((value) => value ?? '') ?? [];
      if (this.#loaded !== null && change === this.#change) return;
      const { catalogue, server } = await loadCatalogue(session, this.#server, serverChange);
      this.#loaded = catalogue;
      this.#server = server;
      this.#change = change;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // The next use connects anew. Until then the last good catalogue stands; before the first there is none, and facts are incomplete.
      const session = this.#session;
      this.#session = null;
      void session?.close();
    }
  }

  async #open(): Promise<PostgresTarget> {
    const session = await dialTarget({
      ...this.#request,
      actorLabel: 'gateway control session',
      startup: {},
      signal: AbortSignal.timeout(controlStatementMs),
    });
    for (const text of controlSettingTexts) await session.query(text);
    await session.query(`SET statement_timeout = ${controlStatementMs}`);
    await session.query(`SET lock_timeout = ${controlLockMs}`);
    return session;
  }
}

/** Opens the knowledge and reads the catalogue once, so that the first session finds it. Never throws for the target's faults. */
export async function openKnowledge(request: DialRequest): Promise<PostgresKnowledge> {
  const knowledge = new PostgresKnowledge(request);
  await knowledge.refresh();
  return knowledge;
}

function definitionsVersion(loaded: LoadedCatalogue, outcome: ReadOutcome & { ok: true }): string {
  const seen = new Set<string>();
  const note = (schema: string | null, name: string): void => {
    const places = schema === null ? loaded.schemas : [schema];
    for (const place of places) {
      const key = nameKey(place, name);
      const version = loaded.versions.get(key);
      if (version !== undefined) seen.add(`${key}=${version}`);
      else if (schema !== null) seen.add(`${key}=absent`);
    }
  };
  const objects = (list: readonly ObjectRef[]): void => {
    for (const { type, schema, name } of list) if (type === 'relation' || type === 'function') note(schema, name);
  };
  for (const statement of outcome.statements) {
    objects(statement.reads);
    objects(statement.writes);
    for (const name of statement.functions) {
      const dots = [...name.matchAll(/\./g)].map((match) => match.index);
      if (dots.length === 0) note(null, name);
      // Schemas and functions may have dots in their names.
      for (const dot of dots) note(name.slice(0, dot), name.slice(dot + 1));
    }
    for (const effect of statement.effects) if (effect.object !== null) objects([effect.object]);
  }
  return createHash('sha256')
    .update([...seen].sort().join('\n'))
    .digest('base64url');
}
