/**
 * A gateway's data plane as a process of its own, so that its memory can be measured and its death noticed: the real relay, the real
 * pool of parse workers with their limits, an inspector that allows everything. Bundled and started by `hostile.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { FactsPool } from '../../apps/gateway/src/facts-pool.ts';
import { runParseWorker } from '../../apps/gateway/src/parse-worker.ts';
import { postgresSql, provideGrammar } from '../../packages/languages/postgres-sql/src/index.ts';
import { startTestGateway } from '../../packages/wire/postgres/src/testing/test-gateway.ts';

/** As the gateway's own `main.ts` has them. */
const parserHeapMiB = 512;
const parserStackMiB = 4;
const parseWorkers = 2;

export interface HostileOptions {
  readonly grammarFile: string;
  readonly verbose: boolean;
  readonly target: {
    readonly port: number;
    readonly database: string;
    readonly username: string;
    readonly password: string;
  };
}

async function main(options: HostileOptions): Promise<void> {
  let replaced = 0;
  const facts = new FactsPool({
    size: parseWorkers,
    spawn: () =>
      new Worker(new URL(import.meta.url), {
        workerData: { grammarFile: options.grammarFile },
        resourceLimits: { maxOldGenerationSizeMb: parserHeapMiB, stackSizeMb: parserStackMiB },
      }),
    onFailure: (message) => {
      replaced++;
      if (options.verbose) process.stderr.write(`parser replaced: ${message}\n`);
    },
  });
  const gateway = await startTestGateway(options.target, {
    facts,
    withKnowledge: true,
    wantsRows: false,
    keeps: false,
  });
  process.on('message', () => process.send?.({ replaced }));
  process.send?.({ port: gateway.port });
}

if (isMainThread) void main(JSON.parse(process.argv[2] ?? '') as HostileOptions);
else {
  provideGrammar(readFileSync((workerData as { grammarFile: string }).grammarFile));
  void runParseWorker([postgresSql]);
}
