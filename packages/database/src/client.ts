import { PrismaPg } from '@prisma/adapter-pg';
import { SluiceError } from '@sluice/domain';
import { Prisma, PrismaClient } from './generated/client.ts';

/** Connections to Postgres per control-plane node; its Bus takes one more. */
const maxPoolConnections = 10;
/** How long a request may wait for a free connection of the pool, in ms. */
const poolWaitMs = 15_000;
/** How long one transaction may last, in ms. Waiting for the audit chain's lock counts. */
const transactionMs = 20_000;
/** How often a transaction that lost a serialisation race or a deadlock is tried again. */
const maxTransactionTries = 3;

/** Reads and single writes. */
export type Db = Prisma.TransactionClient;

declare const inTransaction: unique symbol;
/** A Db inside a transaction: what must be one change, or hold a lock until the end, asks for this type. */
export type Tx = Db & { readonly [inTransaction]: true };

export interface Database {
  readonly db: Db;
  /** Runs `work` in one transaction (read committed). Throws what `work` throws, after rolling back. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens the pool; nothing is sent until the first query. `url` is a postgresql:// connection string. */
export function openDatabase(url: string): Database {
  const client = new PrismaClient({
    adapter: new PrismaPg({ connectionString: url, max: maxPoolConnections, connectionTimeoutMillis: poolWaitMs }),
    transactionOptions: { maxWait: poolWaitMs, timeout: transactionMs },
  });
  return {
    db: client,
    transaction: (work) => withRetries(() => client.$transaction((tx) => work(tx as Tx))),
    close: () => client.$disconnect(),
  };
}

async function withRetries<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      // P2034: write conflict or deadlock; Postgres asks for the whole transaction again.
      if (!isKnown(error, 'P2034') || attempt === maxTransactionTries) throw error;
    }
  }
}

function isKnown(error: unknown, code: string): error is Prisma.PrismaClientKnownRequestError {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === code;
}

/** Runs a write and turns a broken unique constraint into SluiceError `conflict` with this message. */
export async function refusingDuplicates<T>(message: string, hint: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isKnown(error, 'P2002')) throw new SluiceError('conflict', message, { audience: 'person', hint, cause: error });
    throw error;
  }
}

/** A value for a Json column. The caller made sure that it is JSON (it came through zod or is one of our own shapes). */
export function json(value: unknown): Prisma.InputJsonValue {
  return value as Prisma.InputJsonValue;
}

/** Waits for the named lock and holds it until the transaction ends, across all nodes. */
export async function advisoryLock(tx: Tx, name: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
}

/** Takes the named lock until the transaction ends if nobody holds it. */
export async function tryAdvisoryLock(tx: Tx, name: string): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ taken: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) AS taken`;
  return row?.taken === true;
}
