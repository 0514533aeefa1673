export interface PostgresOptions {
  /** The cluster's folder; made when missing. */
  readonly dataDir: string;
  /** Default `18`. */
  readonly version?: '18' | '15';
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Of the superuser `postgres`: the cluster then asks everyone by SCRAM-SHA-256; without it, it trusts. */
  readonly password?: string;
  /** False for tests: quick, and lost when the machine fails. */
  readonly fsync?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres {
  /** Superuser's URL of the database `postgres`, password included. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** The real folder, links resolved. */
  readonly dataDir: string;
  readonly logFile: string;
  /** True when this start made the cluster. */
  readonly fresh: boolean;
  /** Resolves when the server ended, asked or not. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Fast shutdown, then force. Idempotent. */
  stop(): Promise<void>;
}

export function startPostgres(options: PostgresOptions): Promise<RunningPostgres>;
export function freePort(host?: string): Promise<number>;
export function hasEmbeddedPostgres(version: '18' | '15'): boolean;
/** A process's identity that a reused pid does not share; null when it is gone. */
export function processIdentity(pid: number): string | null;
