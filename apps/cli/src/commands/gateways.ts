import { confirmMemberKeys, fingerprint } from '@sluice/keys';
import { Command } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printJson, printTable, write } from '../output.ts';

export function gatewaysCommand(env: CliEnvironment): Command {
  const gateways = new Command('gateways')
    .description('List gateways, their groups and their keys')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const rows = await openApi(signedIn(env)).gateways.listGateways.query().catch(explainApiError);
      if (options.json === true) {
        write(printJson(rows));
        return;
      }
      write(
        printTable(
          ['NAME', 'GROUP', 'HEALTH', 'CONFIRMED', 'FLOOR', 'SEALING KEY'],
          rows.map((row) => [
            row.name,
            row.group.name,
            row.health,
            row.confirmed ? 'yes' : 'no',
            row.floor?.digest.slice(0, 12) ?? '–',
            row.sealingFingerprint,
          ]),
        ),
      );
    });
  gateways
    .command('confirm')
    .description('Vouch for a gateway that joined a group, so that another one of it gives it credentials')
    .argument('<name>')
    .requiredOption('--fingerprint <text>', 'of its sealing key, as it printed it on its own host')
    .option('--code <code>', 'from `sluice-gateway confirmation-code` on a gateway that is in the group already')
    .action(async (name: string, options: { fingerprint: string; code?: string }) => {
      const api = openApi(signedIn(env));
      const row = (await api.gateways.listGateways.query().catch(explainApiError)).find((one) => one.name === name);
      if (row === undefined) throw new CliError(exitCodes.notFound, `there is no gateway ${name}`);
      const plain = (text: string) => text.replace(/\s+/g, '').toLowerCase();
      // The code is spent on nothing that was not compared here.
      if (plain(fingerprint(row.sealingKey)) !== plain(options.fingerprint))
        throw new CliError(exitCodes.failed, `this is not the fingerprint of the key that ${name} enrolled with`);
      const { id, group, signingKey, sealingKey } = row;
      const keys = { groupId: group.id, gatewayId: id, signingKey, sealingKey };
      const confirmation = options.code === undefined ? null : await confirmMemberKeys(options.code, keys);
      await api.gateways.confirmMember
        .mutate({ id, fingerprint: options.fingerprint, confirmation })
        .catch(explainApiError);
      write(`confirmed ${name}\n`);
    });
  return gateways;
}
