import { Command, InvalidArgumentError } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { age, printJson, printTable, write } from '../output.ts';

/** `sluice access`: ask for access to a connection for a time, see what became of it, and answer others. */
export function accessCommand(env: CliEnvironment): Command {
  const api = () => openApi(signedIn(env));
  const access = new Command('access').description('Ask for access for a time, and answer those who ask');

  access
    .command('request')
    .description('Ask for access to a connection')
    .argument('<connection>', 'its name')
    .requiredOption('--reason <text>', 'why; reviewers and the audit read it')
    .option('--for <time>', 'how long, such as 30m, 2h or 1d (default 1h)', seconds)
    .option('--unmask', 'ask to read unmasked, not to connect')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { reason: string; for?: number; unmask?: boolean; json?: boolean }) => {
      const kind = options.unmask === true ? 'unmask' : 'just-in-time';
      const made = await api()
        .access.requestAccess.mutate({
          connection: { name },
          kind,
          reason: options.reason,
          seconds: options.for ?? 3_600,
        })
        .catch(explainApiError);
      write(
        options.json === true
          ? printJson(made)
          : `${made.id} waits for ${made.approvalCount} of ${made.approvers.join(', ')}\n`,
      );
    });

  access
    .command('list')
    .description('List requests: your own, and those that wait for your answer')
    .option('--waiting', 'only those that wait')
    .option('--json', 'print JSON')
    .action(async (options: { waiting?: boolean; json?: boolean }) => {
      const requests = await api()
        .access.listAccessRequests.query({ waiting: options.waiting === true })
        .catch(explainApiError);
      const now = new Date();
      write(
        options.json === true
          ? printJson(requests)
          : printTable(
              ['ID', 'STATE', 'AGE', 'WHO', 'CONNECTION', 'KIND', 'UNTIL', 'REASON'],
              requests.map((one) => [
                one.id,
                one.state,
                age(one.createdAt, now),
                one.requester.owner === null ? one.requester.name : `${one.requester.name} for ${one.requester.owner}`,
                one.connection.name,
                one.kind,
                one.grant?.expiresAt.toISOString() ?? '–',
                one.reason,
              ]),
            ),
      );
    });

  for (const outcome of ['approve', 'deny'] as const) {
    access
      .command(outcome)
      .description(outcome === 'approve' ? 'Agree to a request' : 'Refuse a request')
      .argument('<id>')
      .option('--comment <text>', 'what the asker reads')
      .option('--json', 'print JSON')
      .action(async (id: string, options: { comment?: string; json?: boolean }) => {
        const comment = options.comment === undefined ? {} : { comment: options.comment };
        const decided = await api()
          .access.decideAccessRequest.mutate({ id, outcome, ...comment })
          .catch(explainApiError);
        write(options.json === true ? printJson(decided) : `${decided.state}\n`);
      });
  }

  access
    .command('end')
    .description('End a grant early; its id stands in the list of requests as JSON, and on the page')
    .argument('<id>')
    .action(async (id: string) => {
      await api().access.revokeGrant.mutate({ id }).catch(explainApiError);
      write('ended\n');
    });

  access
    .command('rules')
    .description('List the rules that say who may connect to what')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const rules = await api().access.listAccessRules.query().catch(explainApiError);
      write(
        options.json === true
          ? printJson(rules)
          : printTable(
              ['ID', 'RULE'],
              rules.map((rule) => [rule.id, rule.sentence]),
            ),
      );
    });
  return access;
}

const units: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

function seconds(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const size = units[unit];
  if (size === undefined) throw new InvalidArgumentError('write 30m, 2h or 1d');
  return Number(count) * size;
}
