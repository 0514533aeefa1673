/**
 * What the server changed, by its own word: the records of its write-ahead log between two positions, with the relations they touch.
 * Uncommitted relations count too, so names are read from the pages of pg_class themselves. Temporary and unlogged tables write no
 * records of their rows: changes of those are not seen.
 */
import type pg from 'pg';
import { catalogueRow, namespaceRow } from './catalogue-pages.ts';

/** Relations with a smaller number are the system's own (FirstNormalObjectId in transam.h). */
const firstUserOid = 16_384;
const passingName = /^pg_temp_\d+$/;
const largeObjectRelations: ReadonlySet<string> = new Set(['pg_largeobject', 'pg_largeobject_metadata']);

/** Records that change rows. Locks, pruning, freezing, hints and index pages change nothing that anyone stored. */
const recordsText = `SELECT resource_manager, record_type, substring(block_ref FROM 'rel (\\d+/\\d+/\\d+)') AS place,
  array_agg(DISTINCT substring(block_ref FROM 'blk (\\d+)')) AS blocks
FROM pg_get_wal_records_info($1, $2)
WHERE (resource_manager = 'Heap' AND record_type ~ '^(INSERT|UPDATE|HOT_UPDATE|DELETE|INPLACE|TRUNCATE)')
   OR (resource_manager = 'Heap2' AND record_type ~ '^MULTI_INSERT') OR resource_manager IN ('Sequence', 'Database', 'Tablespace')
GROUP BY 1, 2, 3`;

/** Writes an empty message; the commit of its transaction flushes the log, so that everything before the position can be read. */
const positionText = "SELECT pg_logical_emit_message(true, 'differential', '')::text AS position";

/** A page that a VACUUM took away has no rows. */
const rowsOfPageText = `SELECT encode(substring(t_data FOR 116), 'hex') AS data
FROM (SELECT CASE WHEN $2::int8 < pg_relation_size($1::regclass) / current_setting('block_size')::int8 THEN get_raw_page($1::text, $2::int8) END AS page) AS one,
  heap_page_items(one.page) WHERE t_data IS NOT NULL`;

export interface ChangedRelation {
  readonly oid: number;
  /** Every name it had at the time: a rename leaves two. */
  readonly names: readonly { readonly schema: string; readonly name: string }[];
  /** `pg_class.relkind`. */
  readonly kind: string;
  readonly how: string;
  /** It was not there before: its rows belong to its making. */
  readonly made: boolean;
}

export interface ServerChanges {
  /** Stored rows of user relations, sequences and rewritten relations. */
  readonly relations: readonly ChangedRelation[];
  /** Names of system catalogues whose rows changed. */
  readonly catalogues: readonly string[];
  readonly largeObjects: boolean;
  /** Places in the log for which no relation was found. */
  readonly unresolved: readonly string[];
}

interface KnownRelation {
  readonly oid: number;
  name: string;
  namespace: number;
  kind: string;
  toastOf: number | null;
  readonly earlierNames: Map<string, { readonly namespace: number; readonly name: string }>;
}

interface Learnt {
  readonly moved: ReadonlySet<number>;
  readonly made: ReadonlySet<number>;
}

interface LogRow {
  readonly resource_manager: string;
  readonly record_type: string;
  readonly place: string | null;
  readonly blocks: readonly (string | null)[];
}

export class WriteAheadLog {
  readonly #client: pg.Client;
  readonly #database: number;
  readonly #relations = new Map<number, KnownRelation>();
  /** By `database/filenode`. Shared relations have database 0. */
  readonly #places = new Map<string, number>();
  readonly #namespaces = new Map<number, string>();

  private constructor(client: pg.Client, database: number) {
    this.#client = client;
    this.#database = database;
  }

  static async open(client: pg.Client): Promise<WriteAheadLog> {
    for (const name of ['pg_walinspect', 'pageinspect'])
      await client.query(`CREATE EXTENSION IF NOT EXISTS ${name} SCHEMA pg_catalog`);
    await client.query('SET synchronous_commit = on');
    const { rows } = await client.query('SELECT oid::int4 FROM pg_database WHERE datname = current_database()');
    const log = new WriteAheadLog(client, (rows[0] as { oid: number }).oid);
    await log.#readCommitted();
    return log;
  }

  /** Where the log stands now. Everything before is flushed. */
  async position(): Promise<string> {
    return (await this.#client.query(positionText)).rows[0].position as string;
  }

  async changes(from: string, to: string): Promise<ServerChanges> {
    const { rows } = await this.#client.query(recordsText, [from, to]);
    const records = rows as readonly LogRow[];
    const { moved, made } = await this.#learn(records);
    if (records.some((record) => record.place !== null && this.#at(record.place) === undefined))
      await this.#readCommitted();
    return this.#summary(records, moved, made);
  }

  /** Reads again the pages of pg_class and pg_namespace that changed; returns relations whose storage was replaced, and new ones. */
  async #learn(records: readonly LogRow[]): Promise<Learnt> {
    const moved = new Set<number>();
    const before = new Set(this.#relations.keys());
    for (const name of ['pg_namespace', 'pg_class']) {
      const blocks = new Set<number>();
      for (const record of records) {
        if (record.place === null || this.#at(record.place)?.name !== name) continue;
        for (const block of record.blocks) if (block !== null) blocks.add(Number(block));
      }
      for (const block of blocks) {
        const { rows } = await this.#client.query(rowsOfPageText, [`pg_catalog.${name}`, block]);
        for (const { data } of rows as readonly { data: string }[]) {
          if (name === 'pg_namespace') this.#noteNamespace(Buffer.from(data, 'hex'));
          else this.#noteRelation(Buffer.from(data, 'hex'), moved);
        }
      }
    }
    return { moved, made: new Set([...this.#relations.keys()].filter((oid) => !before.has(oid))) };
  }

  #noteNamespace(data: Buffer): void {
    const { oid, name } = namespaceRow(data);
    this.#namespaces.set(oid, name);
  }

  #noteRelation(data: Buffer, moved: Set<number>): void {
    const row = catalogueRow(data);
    if (row.filenode !== 0) {
      const place = `${row.shared ? 0 : this.#database}/${row.filenode}`;
      if (!this.#places.has(place) && this.#relations.has(row.oid)) moved.add(row.oid);
      // CLUSTER and VACUUM FULL fill a relation of a passing name, whose storage then becomes the table's.
      if (!passingName.test(row.name) || !this.#places.has(place)) this.#places.set(place, row.oid);
    }
    this.#note(row.oid, row.name, row.namespace, row.kind);
  }

  #note(oid: number, name: string, namespace: number, kind: string): void {
    const known = this.#relations.get(oid);
    const earlierNames = known?.earlierNames ?? new Map<string, { namespace: number; name: string }>();
    earlierNames.set(`${namespace}.${name}`, { namespace, name });
    const owner = /^pg_toast_(\d+)$/.exec(name)?.[1];
    this.#relations.set(oid, {
      oid,
      name,
      namespace,
      kind,
      toastOf: owner === undefined ? null : Number(owner),
      earlierNames,
    });
  }

  async #readCommitted(): Promise<void> {
    const namespaces = await this.#client.query('SELECT oid::int8::text AS oid, nspname FROM pg_namespace');
    for (const { oid, nspname } of namespaces.rows as readonly { oid: string; nspname: string }[])
      this.#namespaces.set(Number(oid), nspname);
    const { rows } = await this.#client.query(
      `SELECT oid::int8::text AS oid, relname, relnamespace::int8::text AS namespace, relkind, relisshared, pg_relation_filenode(oid)::int8::text AS filenode FROM pg_class`,
    );
    for (const row of rows as readonly Record<string, string | boolean | null>[]) {
      const oid = Number(row.oid);
      if (row.filenode !== null)
        this.#places.set(`${row.relisshared === true ? 0 : this.#database}/${String(row.filenode)}`, oid);
      if (this.#relations.get(oid)?.name !== row.relname)
        this.#note(oid, String(row.relname), Number(row.namespace), String(row.relkind));
    }
  }

  /** `tablespace/database/filenode`, as the log writes it. */
  #at(place: string): KnownRelation | undefined {
    const [, database, filenode] = place.split('/');
    const oid = this.#places.get(`${database}/${filenode}`);
    const relation = oid === undefined ? undefined : this.#relations.get(oid);
    return relation?.toastOf == null ? relation : (this.#relations.get(relation.toastOf) ?? relation);
  }

  #summary(records: readonly LogRow[], moved: ReadonlySet<number>, made: ReadonlySet<number>): ServerChanges {
    const how = new Map<number, Set<string>>();
    const add = (stored: number, what: string): void => {
      const owner = this.#relations.get(stored)?.toastOf ?? null;
      const oid = owner !== null && this.#relations.has(owner) ? owner : stored;
      how.set(oid, (how.get(oid) ?? new Set()).add(what));
    };
    const catalogues = new Set<string>();
    const unresolved = new Set<string>();
    for (const { resource_manager: manager, record_type: type, place } of records) {
      if (place === null) {
        if (manager === 'Database' || manager === 'Tablespace') catalogues.add(manager.toLowerCase());
        continue;
      }
      const relation = this.#at(place);
      if (relation === undefined) unresolved.add(place);
      else if (relation.oid < firstUserOid) catalogues.add(relation.name);
      else add(relation.oid, type.toLowerCase());
    }
    for (const oid of moved)
      if (oid >= firstUserOid && /^[rmt]$/.test(this.#relations.get(oid)?.kind ?? '')) add(oid, 'rewritten');
    const relations = [...how].flatMap(([oid, types]) => this.#changed(oid, [...types].join(', '), made.has(oid)));
    const largeObjects = [...catalogues].some((name) => largeObjectRelations.has(name));
    return {
      relations,
      catalogues: [...catalogues].filter((name) => !largeObjectRelations.has(name)),
      largeObjects,
      unresolved: [...unresolved],
    };
  }

  #changed(oid: number, how: string, made: boolean): readonly ChangedRelation[] {
    const relation = this.#relations.get(oid);
    if (relation === undefined) return [];
    const names = [...relation.earlierNames.values()].map(({ namespace, name }) => ({
      schema: this.#namespaces.get(namespace) ?? `namespace ${namespace}`,
      name,
    }));
    return [{ oid: relation.oid, names, kind: relation.kind, how, made }];
  }
}
