/** The server's own word on whether a statement can write: it is run again, by another session, in a READ ONLY transaction. */
import type pg from 'pg';
import type { StatementFacts } from '../../packages/domain/src/index.ts';
import type { SessionState } from '../../packages/wire-kit/src/index.ts';
import type { ServerChanges } from './write-ahead-log.ts';

/**
 * `not-asked`: the facts claim no write, or the log shows one. `by-command`: a command that writes by what it is.
 * `refused`: the server refuses it in a read-only transaction. `ran`: it ran there, so it cannot write. `undecided`: it failed for
 * another reason, such as an object that only the script's own session has.
 */
export type ReadOnlyAnswer = 'not-asked' | 'by-command' | 'refused' | 'ran' | 'undecided';

const readOnlyViolation = '25006';
const noTransaction = '25001';

/** Completion words of commands that write by what they are, whether or not a row was there: the rest is tried. */
const writingTag =
  /^(INSERT|UPDATE|DELETE|MERGE|CREATE|ALTER|DROP|TRUNCATE|COMMENT|GRANT|REVOKE|SECURITY LABEL|IMPORT|REASSIGN|REFRESH|REINDEX|CLUSTER|VACUUM|ANALYZE|CHECKPOINT|LOAD|SELECT INTO|COMMIT PREPARED|ROLLBACK PREPARED|ALTER SYSTEM)\b/;

const writingVerbs: ReadonlySet<string> = new Set(
  'insert update delete merge truncate create alter alter-destructive drop copy-in'.split(' '),
);

/** True where the facts say that something stored is changed. */
export function claimsWrite({ kind, writes, effects }: StatementFacts): boolean {
  return (
    kind === 'write' || kind === 'schema' || writes.length > 0 || effects.some(({ verb }) => writingVerbs.has(verb))
  );
}

export interface Trialled {
  readonly text: string;
  readonly statements: readonly StatementFacts[];
  readonly tags: readonly string[];
  readonly failed: boolean;
  readonly changes: ServerChanges;
}

export class ReadOnlyTrial {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** `client` is a session of its own, which this keeps. */
  static async open(client: pg.Client): Promise<ReadOnlyTrial> {
    await client.query("SET lock_timeout = '200ms'; SET statement_timeout = '5s'; SET client_min_messages = error");
    return new ReadOnlyTrial(client);
  }

  async ask(one: Trialled, state: SessionState): Promise<ReadOnlyAnswer> {
    if (one.failed || !one.statements.some(claimsWrite) || wrote(one.changes)) return 'not-asked';
    if (one.tags.some((tag) => writingTag.test(tag))) return 'by-command';
    if (one.statements.some(({ effects }) => effects.some(({ verb }) => verb === 'copy-in'))) return 'by-command';
    if (state.searchPath === null || state.role === null) return 'undecided';
    return this.#run(one.text, state.searchPath, state.role);
  }

  async #run(text: string, searchPath: readonly string[], role: string): Promise<ReadOnlyAnswer> {
    try {
      await this.#client.query('BEGIN READ ONLY');
      await this.#client.query("SELECT set_config('search_path', $1, true), set_config('role', $2, true)", [
        searchPath.map((schema) => `"${schema.replaceAll('"', '""')}"`).join(','),
        role,
      ]);
      await this.#client.query(text);
      return 'ran';
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      return code === readOnlyViolation ? 'refused' : code === noTransaction ? 'by-command' : 'undecided';
    } finally {
      await this.#client.query('ROLLBACK');
      await this.#client.query('DISCARD PLANS');
    }
  }
}

function wrote(changes: ServerChanges): boolean {
  return changes.relations.length > 0 || changes.catalogues.length > 0 || changes.largeObjects;
}
