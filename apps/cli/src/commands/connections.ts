import { Command } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { printable, printJson, printTable, write } from '../output.ts';

export function connectionsCommand(env: CliEnvironment): Command {
  const connections = new Command('connections')
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
            c.group === null ? '–' : c.group.members.map(({ name, health }) => `${name} (${health})`).join(' '),
            c.listener === null ? '–' : `${c.listener.host}:${c.listener.port}`,
            `${c.relay.host}:${c.relay.port}`,
            c.problem ?? '',
          ]),
        ),
      );
    });

  connections
    .command('roads')
    .description('Print the lines that close the other roads to a connection’s target, from its last test')
    .argument('<name>')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: boolean }) => {
      const connection = await openApi(signedIn(env)).connections.showConnection.query({ name }).catch(explainApiError);
      const { lastTest, otherSessionsFound } = connection;
      // Results that were stored by an older gateway have none.
      const roads = lastTest?.roads ?? [];
      if (options.json === true) {
        write(printJson({ warnings: lastTest?.warnings ?? [], roads, otherSessions: otherSessionsFound }));
        return;
      }
      if (lastTest === null) write(`${name} was never tested: test it on its page, then ask again.\n`);
      for (const warning of lastTest?.warnings ?? []) write(`# warning: ${printable(warning)}\n`);
      for (const road of roads)
        write(
          `\n# ${printable(road.title)}\n# ${printable(road.note)}\n${road.text.split('\n').map(printable).join('\n')}\n`,
        );
    });
  connections
    .command('rotate')
    .description('Have the gateway give the target a new password that nobody else sees')
    .argument('<name>')
    .option('--reader', 'the reader’s password instead of the writer’s')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { reader?: boolean; json?: boolean }) => {
      const api = openApi(signedIn(env));
      const { id } = await api.connections.showConnection.query({ name }).catch(explainApiError);
      const purpose = options.reader === true ? 'reader' : 'writer';
      const result = await api.connections.rotateCredential.mutate({ id, purpose }).catch(explainApiError);
      if (options.json === true) write(printJson(result));
      for (const { name: step, ok, message, hint } of options.json === true ? [] : result.steps)
        write(`${ok ? 'ok' : 'FAILED'}  ${step}: ${printable(message)}${hint === null ? '' : ` ${printable(hint)}`}\n`);
      if (!result.ok) process.exitCode = 1;
    });
  return connections;
}
