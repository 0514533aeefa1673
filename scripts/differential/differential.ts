/** One run: a scratch server, the gateway's real relay before it, psql before that, and the server's log behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { languageFacts } from '../../packages/wire/postgres/src/testing/language-facts.ts';
import { psqlPath } from '../../packages/wire/postgres/src/testing/real-target.ts';
import { startTestGateway } from '../../packages/wire/postgres/src/testing/test-gateway.ts';
import { type ComparedStatement, compare } from './comparison.ts';
import { Observer, ObservingInspector } from './observing-inspector.ts';
import { ReadOnlyTrial } from './read-only-trial.ts';
import { runScript, type ScratchServer, startScratchServer } from './scratch-server.ts';
import { type StatementFiles, statementFiles } from './suite.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

const settleLimitMs = 5_000;
const settlePollMs = 5;
const sessionsText = `SELECT count(*)::int4 AS sessions FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name LIKE 'pg_regress%'`;

export interface DifferentialResult {
  readonly files: Pick<StatementFiles, 'title' | 'own' | 'because' | 'all' | 'scripts'>;
  readonly statements: readonly ComparedStatement[];
  /** Scripts that had to be ended. */
  readonly tooLong: readonly string[];
}

export interface DifferentialOptions {
  /** Names of scripts; empty: all. */
  readonly only: readonly string[];
  readonly say: (line: string) => void;
  /** Called with each script's statements as soon as it ended. */
  readonly onScript?: (statements: readonly ComparedStatement[]) => void;
}

export async function runDifferential({ only, say, onScript }: DifferentialOptions): Promise<DifferentialResult> {
  const server = await startScratchServer();
  // The server is in a process group of its own: Ctrl-C would leave it behind.
  const interrupted = (): void => void server.stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  try {
    const files = await statementFiles(server.folder, only);
    say(`${files.title}: ${files.scripts.length} scripts`);
    const observer = await observe(server);
    const gateway = await startTestGateway(server, {
      facts: await languageFacts(),
      withKnowledge: true,
      wantsRows: false,
      makeInspector: (options) => new ObservingInspector(observer, options),
    });
    const tooLong: string[] = [];
    const statements: ComparedStatement[] = [];
    for (const script of files.scripts) {
      observer.script = script;
      const began = Date.now();
      if (!(await runScript(script, files.folder, gateway.port, psqlPath))) tooLong.push(script);
      await observer.done();
      const compared = observer.observations.splice(0).flatMap(compare);
      statements.push(...compared);
      onScript?.(compared);
      say(`${script}: ${scriptLine(compared)}, ${Date.now() - began} ms`);
    }
    await gateway.close();
    const { title, own, because, all, scripts } = files;
    return { files: { title, own, because, all, scripts }, statements, tooLong };
  } finally {
    process.off('SIGINT', interrupted);
    await server.stop();
  }
}

async function observe(server: ScratchServer): Promise<Observer> {
  const reading = await server.connect();
  return new Observer({
    log: await WriteAheadLog.open(reading),
    trial: await ReadOnlyTrial.open(await server.connect()),
    settled: async (wait) => {
      for (const until = Date.now() + settleLimitMs; ; await sleep(settlePollMs)) {
        const { rows } = await reading.query(sessionsText);
        const alone = (rows[0] as { sessions: number }).sessions <= 1;
        if (alone || !wait || Date.now() > until) return alone || wait;
      }
    },
  });
}

function scriptLine(statements: readonly ComparedStatement[]): string {
  const ran = statements.filter(({ failed }) => !failed);
  const incomplete = ran.filter(({ complete }) => !complete).length;
  const wrong = ran.filter((one) => one.wrong !== null).length;
  return `${ran.length} ran, ${statements.length - ran.length} failed, ${incomplete} incomplete, ${wrong} wrong`;
}
