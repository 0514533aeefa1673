/** The Postgres-backed queue: any node runs any job, and one that dies takes nothing with it that is not found again. */
import { Logger, type Runner, run } from 'graphile-worker';

/** Jobs that one node works on at a time. */
const concurrency = 4;
/** A notice wakes the queue at once; this only finds what became due. In ms. */
const pollMs = 2_000;
/** Of the queue's own tries: what may fail for a reason keeps its own count, so this covers faults of Sluice itself. */
const maxTries = 5;

export type Task = (payload: unknown) => Promise<void>;

export interface QueueOptions {
  readonly databaseUrl: string;
  readonly tasks: Readonly<Record<string, Task>>;
  /** Names of tasks that run once a minute on some node. */
  readonly everyMinute: readonly string[];
  readonly log: (level: 'warn' | 'error', message: string) => void;
}

export interface JobOptions {
  readonly runAt?: Date;
  /** Jobs of one key are one job until it runs. */
  readonly key?: string;
}

export interface Queue {
  add(task: string, payload: unknown, options?: JobOptions): Promise<void>;
  /** Lets what runs finish. */
  close(): Promise<void>;
}

/** Makes the queue's own schema where it is not there, and begins to work. */
export async function startQueue(options: QueueOptions): Promise<Queue> {
  const { databaseUrl, tasks, everyMinute, log } = options;
  const runner: Runner = await run({
    connectionString: databaseUrl,
    concurrency,
    pollInterval: pollMs,
    maxPoolSize: concurrency + 2,
    noHandleSignals: true,
    taskList: Object.fromEntries(Object.entries(tasks).map(([name, task]) => [name, (payload) => task(payload)])),
    crontab: everyMinute.map((task) => `* * * * * ${task}`).join('\n'),
    logger: new Logger(() => (level, message) => {
      if (level === 'error') log('error', message);
      else if (level === 'warning') log('warn', message);
    }),
  });
  return {
    add: async (task, payload, { runAt, key } = {}) => {
      await runner.addJob(task, payload, {
        maxAttempts: maxTries,
        ...(runAt === undefined ? {} : { runAt }),
        ...(key === undefined ? {} : { jobKey: key }),
      });
    },
    close: () => runner.stop(),
  };
}
