import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type ApiClient, explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printJson, printTable, write } from '../output.ts';

/** Public keys that somebody signs in with at connections whose protocol takes keys. */
export function sshKeysCommand(env: CliEnvironment): Command {
  const keys = new Command('ssh-keys').description('The public keys that you, or an agent of yours, sign in with');
  keys
    .command('list')
    .option('--agent <id>', 'an agent’s instead of your own')
    .option('--json', 'print JSON')
    .action(async (options: { agent?: string; json?: boolean }) => {
      const api = openApi(signedIn(env));
      const identityId = await identityOf(api, options.agent);
      const all = await api.identities.listTokens.query({ identityId }).catch(explainApiError);
      const rows = all.filter(({ type, revokedAt }) => type === 'public-key' && revokedAt === null);
      if (options.json === true) {
        write(printJson(rows));
        return;
      }
      const cells = rows.map((row) => [
        row.id,
        row.label,
        row.display,
        row.connections.map(({ name }) => name).join(', ') || 'every connection',
        row.expiresAt?.toISOString().slice(0, 10) ?? '–',
      ]);
      write(printTable(['ID', 'LABEL', 'FINGERPRINT', 'FOR', 'ENDS'], cells));
    });
  keys
    .command('add')
    .argument('<file>', 'the .pub file')
    .option('--agent <id>', 'for an agent of yours')
    .option('--label <text>', 'how lists call it; the key’s comment when missing')
    .option('--days <number>', 'how long it may be used', Number)
    .action(async (file: string, options: { agent?: string; label?: string; days?: number }) => {
      const api = openApi(signedIn(env));
      const { token } = await api.identities.addKey
        .mutate({
          identityId: await identityOf(api, options.agent),
          publicKey: readKey(file),
          ...(options.label === undefined ? {} : { label: options.label }),
          ...(options.days === undefined ? {} : { expiresInDays: options.days }),
        })
        .catch(explainApiError);
      write(`registered ${token.display} as ${token.id}\n`);
    });
  keys
    .command('remove')
    .argument('<id>', 'its id, as list prints it')
    .action(async (id: string) => {
      await openApi(signedIn(env)).identities.revokeToken.mutate({ id }).catch(explainApiError);
      write('removed: sessions that it opened end now\n');
    });
  return keys;
}

async function identityOf(api: ApiClient, agent: string | undefined): Promise<string> {
  if (agent !== undefined) return agent;
  const me = await api.identities.showMe.query().catch(explainApiError);
  return me.person.id;
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CliError(exitCodes.usage, `${file} cannot be read`, 'Name a .pub file, e.g. ~/.ssh/id_ed25519.pub.');
  }
}
