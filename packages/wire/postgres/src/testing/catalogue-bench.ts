/** A real server with definitions of a test's own, its catalogue as the gateway reads it, and facts read with that. */
import type { ReadOutcome, StatementFacts } from '@sluice/domain';
import { type PostgresSessionState, postgresSql } from '@sluice/language-postgres-sql';
import { openKnowledge, type PostgresKnowledge } from '../knowledge.ts';
import { openSuperuser } from './gateway-bench.ts';
import { type RealTarget, type RealTargetVersion, startRealTarget } from './real-target.ts';
import { dialRequestFor } from './test-gateway.ts';

export interface CatalogueBench {
  readonly target: RealTarget;
  readonly knowledge: PostgresKnowledge;
  /** Runs more definitions as a superuser; the catalogue is as it was until it is refreshed. */
  define(text: string): Promise<void>;
  /** Reads a text with the catalogue of this moment; `state` is laid over a plain session with `public` on its path. */
  outcome(text: string, state?: Partial<PostgresSessionState>): ReadOutcome;
  /** The facts of the text's first statement. Throws where it cannot be read. */
  read(text: string, state?: Partial<PostgresSessionState>): StatementFacts;
  stop(): Promise<void>;
}

export async function startCatalogueBench(version: RealTargetVersion, definitions: string): Promise<CatalogueBench> {
  await postgresSql.load();
  const target = await startRealTarget(version);
  const define = async (text: string): Promise<void> => {
    const admin = await openSuperuser(target);
    await admin.query(text);
    await admin.end();
  };
  await define(definitions);
  const knowledge = await openKnowledge(dialRequestFor(target));
  const outcome = (text: string, state: Partial<PostgresSessionState> = {}): ReadOutcome =>
    postgresSql.read(text, {
      session: { ...plainSession, ...state },
      catalogue: knowledge.catalogue()?.data ?? null,
    });
  return {
    target,
    knowledge,
    define,
    outcome,
    read: (text, state) => {
      const read = outcome(text, state);
      if (!read.ok) throw new Error(read.message);
      const [facts] = read.statements;
      if (facts === undefined) throw new Error('no statement');
      return facts;
    },
    stop: async () => {
      await knowledge.close();
      await target.stop();
    },
  };
}

const plainSession: PostgresSessionState = {
  database: 'app',
  role: 'app',
  searchPath: ['pg_catalog', 'public'],
  prepared: {},
  cursors: {},
  touched: [],
  temporaryObjectsKnown: true,
};
