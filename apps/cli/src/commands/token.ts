import { Command, InvalidArgumentError } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { printJson, write } from '../output.ts';

/** What the API gives at most. */
const maxMinutes = 60;

interface ExchangeOptions {
  readonly native?: boolean;
  readonly minutes: number;
  readonly connection?: readonly string[];
  readonly json?: boolean;
}

/** `sluice token`: a secret that ends by itself, for a program that should not hold the long-lived one. */
export function tokenCommand(env: CliEnvironment): Command {
  const token = new Command('token').description('Exchange your API token for a secret that ends by itself');
  token
    .command('exchange')
    .description('Print a short-lived API token or native secret; in a run where SLUICE_RUN is set')
    .option('--native', 'a native secret for ordinary clients, not an API token')
    .option('--connection <name...>', 'with --native: good for these connections only')
    .option('--minutes <count>', `how long, at most ${maxMinutes}`, minutes, maxMinutes)
    .option('--json', 'print JSON')
    .action(async (options: ExchangeOptions) => {
      const signIn = signedIn(env);
      const api = openApi(signIn);
      const names = options.connection ?? [];
      const connections = await Promise.all(
        names.map((name) => api.connections.showConnection.query({ name }).catch(explainApiError)),
      );
      const made = await api.identities.exchangeToken
        .mutate({
          type: options.native === true ? 'native' : 'api',
          minutes: options.minutes,
          ...(connections.length === 0 ? {} : { connectionIds: connections.map(({ id }) => id) }),
          ...(signIn.run === null ? {} : { runId: signIn.run }),
        })
        .catch(explainApiError);
      write(options.json === true ? printJson({ ...made.token, secret: made.secret }) : `${made.secret}\n`);
    });
  return token;
}

/** Throws commander's error for what is no number of minutes. */
export function minutes(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > maxMinutes) throw new InvalidArgumentError(`write a number from 1 to ${maxMinutes}`);
  return count;
}
