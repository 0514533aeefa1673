import { Command } from 'commander';
import { type ApiClient, explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { printable, printJson, printTable, write } from '../output.ts';

export function sessionsCommand(env: CliEnvironment): Command {
  const api = () => openApi(signedIn(env));
  const sessions = new Command('sessions').description('List and replay recorded sessions');

  sessions
    .command('list')
    .description('List sessions, the newest first')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const page = await api().sessions.listSessions.query({}).catch(explainApiError);
      if (options.json === true) {
        write(printJson(page.items));
        return;
      }
      write(
        printTable(
          ['ID', 'STATE', 'STARTED', 'WHO', 'CONNECTION', 'STATEMENTS', 'HELD', 'DENIED'],
          page.items.map((s) => [
            s.id,
            s.state,
            s.startedAt.toISOString(),
            s.actor.owner === null ? s.actor.name : `${s.actor.name} for ${s.actor.owner.name}`,
            s.connection.name,
            String(s.statements),
            String(s.held),
            String(s.denied),
          ]),
        ),
      );
    });

  sessions
    .command('show')
    .description('Show one session and whether its recording is whole')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { json?: boolean }) => {
      const session = await api().sessions.showSession.query({ id }).catch(explainApiError);
      if (options.json === true) write(printJson(session));
      else {
        const chain = session.chain.ok
          ? `whole (${session.chain.chunks} chunks)`
          : `DAMAGED: ${session.chain.problems.join('; ')}`;
        write(
          `${session.actor.name} on ${session.connection.name}, ${session.state}, ${session.statements} statements, recording ${chain}\n`,
        );
      }
    });

  sessions
    .command('replay')
    .description('Print every statement with its verdict and masked result')
    .argument('<id>')
    .option('--json', 'print one JSON line per statement')
    .action(async (id: string, options: { json?: boolean }) => {
      for await (const entry of timeline(api(), id)) {
        if (options.json === true) {
          write(`${JSON.stringify(entry)}\n`);
          continue;
        }
        write(
          `${entry.at.toISOString()}  ${entry.verdict.toUpperCase().padEnd(5)}  ${entry.rule ?? 'default'}\n${indent(printable(entry.text))}\n`,
        );
        for (const result of entry.results) {
          if (result.columns.length > 0) {
            write(
              indent(
                printTable(
                  result.columns.map((c) => (c.masked === null ? c.name : `${c.name} ◆`)),
                  result.rows,
                ),
              ),
            );
          }
          write(
            `${indent(`${result.tag}${result.omittedRows > 0 ? ` (${result.omittedRows} more rows not kept)` : ''}`)}\n`,
          );
        }
        if (entry.error !== null) write(`${indent(printable(`${entry.error.code}: ${entry.error.message}`))}\n`);
        write('\n');
      }
    });
  return sessions;
}

async function* timeline(api: ApiClient, id: string) {
  let cursor: string | undefined;
  do {
    const page = await api.sessions.listTimeline
      .query({ id, ...(cursor === undefined ? {} : { cursor }) })
      .catch(explainApiError);
    yield* page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`))
    .join('\n');
}
