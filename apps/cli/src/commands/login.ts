import { createInterface } from 'node:readline/promises';
import { Secret } from '@sluice/domain';
import { Command } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { keepSignIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printJson, tell, write } from '../output.ts';

export function loginCommand(env: CliEnvironment): Command {
  return new Command('login')
    .description('Sign in with an API token from the identities page')
    .argument('<url>', 'where Sluice runs, e.g. https://sluice.example.com')
    .option('--token <token>', 'the API token; asked for when missing (and read from a pipe)')
    .option('--json', 'print who you are as JSON')
    .action(async (url: string, options: { token?: string; json?: boolean }) => {
      if (!URL.canParse(url))
        throw new CliError(exitCodes.usage, `${url} is no URL`, 'Give it with http:// or https://.');
      const given = options.token ?? (await askToken());
      if (!/^sl[ps]_/.test(given)) {
        throw new CliError(
          exitCodes.usage,
          'that is no API token',
          'An API token begins with slp_ or sls_; a native secret (sln_) is only for native clients.',
        );
      }
      const signIn = { url: new URL(url).origin, token: new Secret(given), run: null };
      const me = await openApi(signIn).identities.showMe.query().catch(explainApiError);
      keepSignIn(env, signIn.url, signIn.token);
      if (options.json === true) write(printJson(me));
      else tell(`Signed in to ${signIn.url} as ${me.person.name} (${me.person.role}).`);
    });
}

async function askToken(): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question('API token: ')).trim();
  } finally {
    lines.close();
  }
}
