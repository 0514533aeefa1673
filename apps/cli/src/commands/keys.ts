import { Command } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printJson, printTable, write } from '../output.ts';

/** docs/runbook-keys.md says when each of these is run. */
export function keysCommand(env: CliEnvironment): Command {
  const keys = new Command('keys').description('The installation’s own keys and their rotation');
  keys
    .command('list')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const rows = await openApi(signedIn(env)).keys.listKeys.query().catch(explainApiError);
      if (options.json === true) {
        write(printJson(rows));
        return;
      }
      const cells = rows.map((row) => [
        row.kind,
        row.fingerprint,
        row.since?.toISOString().slice(0, 10) ?? '–',
        row.next ?? '–',
        row.waitingFor.join(', '),
      ]);
      write(printTable(['KEY', 'IN FORCE', 'SINCE', 'NEXT', 'NOT PINNED YET BY'], cells));
    });
  keys
    .command('rotate')
    .description('Make the next key and publish it beside the one in force')
    .argument('<kind>', 'signing, ca or ssh-ca')
    .action(async (kind: string) => {
      await openApi(signedIn(env))
        .keys.rotateKey.mutate({ kind: kindOf(kind) })
        .catch(explainApiError);
      write(`the next ${kind} key is published\n`);
    });
  keys
    .command('finish')
    .description(
      'Put the next key in force; every control-plane node uses it from its next start, the SSH authority’s at once',
    )
    .argument('<kind>', 'signing, ca or ssh-ca')
    .option('--force', 'also when gateways have not pinned it: they have to be enrolled anew')
    .action(async (kind: string, options: { force?: boolean }) => {
      const input = { kind: kindOf(kind), force: options.force === true };
      await openApi(signedIn(env)).keys.finishRotation.mutate(input).catch(explainApiError);
      const then = input.kind === 'ssh-ca' ? '' : ': restart every control-plane node now';
      write(`the next ${kind} key is in force${then}\n`);
    });
  return keys;
}

function kindOf(text: string): 'signing' | 'ca' | 'ssh-ca' {
  if (text === 'signing' || text === 'ca' || text === 'ssh-ca') return text;
  throw new CliError(exitCodes.usage, `there is no key ${text}: use signing, ca or ssh-ca`);
}
