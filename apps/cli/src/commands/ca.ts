import { Command } from 'commander';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printJson, write } from '../output.ts';

export function caCommand(env: CliEnvironment): Command {
  return new Command('ca')
    .description("Print the root certificate of Sluice's own CA (PEM), for sslrootcert and the like")
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { url } = signedIn(env);
      const answer = await fetch(`${url}/api/ca`, { signal: AbortSignal.timeout(10_000) }).catch((error: unknown) => {
        throw new CliError(
          exitCodes.unavailable,
          `the control plane cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
      if (!answer.ok) throw new CliError(exitCodes.unavailable, `the control plane answered ${answer.status}`);
      const pem = await answer.text();
      write(options.json === true ? printJson({ pem }) : pem);
    });
}
