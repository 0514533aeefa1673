import { Command } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { printJson, printTable, write } from '../output.ts';

export function connectionsCommand(env: CliEnvironment): Command {
  return new Command('connections')
    .description('List the connections you may see')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const api = openApi(signedIn(env));
      const connections = await api.connections.listConnections.query({}).catch(explainApiError);
      if (options.json === true) {
        write(printJson(connections));
        return;
      }
      write(
        printTable(
          ['NAME', 'PROTOCOL', 'LABELS', 'GATEWAY', 'PORT', 'RELAY', 'PROBLEM'],
          connections.map((c) => [
            c.name,
            c.protocol,
            Object.entries(c.labels)
              .map(([key, value]) => `${key}=${value}`)
              .join(' '),
            c.gateway === null ? '–' : `${c.gateway.name} (${c.gateway.health})`,
            c.listener === null ? '–' : `${c.listener.host}:${c.listener.port}`,
            `${c.relay.host}:${c.relay.port}`,
            c.problem ?? '',
          ]),
        ),
      );
    });
}
