import { Command } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { age, printJson, printTable, write } from '../output.ts';
import { minutes } from './token.ts';

interface StartOptions {
  readonly purpose: string;
  readonly task?: string;
  readonly software?: string;
  readonly token?: number;
  readonly json?: boolean;
}

/** `sluice run`: says what somebody is about to work on, so that it stands on everything that is done in it. */
export function runCommand(env: CliEnvironment): Command {
  const run = new Command('run').description('Declare what you work on: it shows on everything done in it');

  run
    .command('start')
    .description('Start a run and print what a shell evaluates: eval "$(sluice run start --purpose …)"')
    .requiredOption('--purpose <text>', 'what for, in a line; reviewers read it')
    .option('--task <id>', 'its id in your tracker')
    .option('--software <name>', 'name and version of the program that works')
    .option('--token <minutes>', 'also exchange your API token for one of this run that ends by itself', minutes)
    .option('--json', 'print JSON')
    .action(async ({ purpose, task, software, token, json }: StartOptions) => {
      // A run is started outside of any other.
      const api = openApi({ ...signedIn(env), run: null });
      const made = await api.runs.startRun
        .mutate({
          purpose,
          ...(task === undefined ? {} : { taskId: task }),
          ...(software === undefined ? {} : { software }),
        })
        .catch(explainApiError);
      const exchanged =
        token === undefined
          ? null
          : await api.identities.exchangeToken
              .mutate({ type: 'api', minutes: token, runId: made.id })
              .catch(explainApiError);
      if (json === true) write(printJson({ ...made, token: exchanged?.secret ?? null }));
      else {
        write(`export SLUICE_RUN=${made.id}\n`);
        if (exchanged !== null) write(`export SLUICE_TOKEN=${exchanged.secret}\n`);
      }
    });

  run
    .command('end')
    .description('End a run, and with it the tokens that were issued for it')
    .argument('[id]', 'SLUICE_RUN when missing')
    .action(async (id: string | undefined) => {
      const ended = id ?? env.run;
      if (ended === null || ended === undefined)
        throw new CliError(exitCodes.usage, 'no run is named', 'Give its id, or set SLUICE_RUN.');
      await openApi({ ...signedIn(env), run: null })
        .runs.endRun.mutate({ id: ended })
        .catch(explainApiError);
      write('ended\n');
    });

  run
    .command('list')
    .description('List your runs and those of your agents, the newest first')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { items } = await openApi({ ...signedIn(env), run: null })
        .runs.listRuns.query()
        .catch(explainApiError);
      const now = new Date();
      write(
        json === true
          ? printJson(items)
          : printTable(
              ['ID', 'AGE', 'STATE', 'WHO', 'TASK', 'PURPOSE'],
              items.map((one) => [
                one.id,
                age(one.startedAt, now),
                one.endedAt === null ? 'open' : 'ended',
                one.actor.name,
                one.taskId ?? '–',
                one.purpose,
              ]),
            ),
      );
    });
  return run;
}
