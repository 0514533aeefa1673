import { Command, Option } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { age, printable, printJson, printTable, write } from '../output.ts';

export function approvalsCommand(env: CliEnvironment): Command {
  const api = () => openApi(signedIn(env));
  const approvals = new Command('approvals').description('See and answer what waits for a person');

  approvals
    .command('list')
    .description('List approvals')
    .addOption(new Option('--scope <scope>', 'which ones').choices(['mine', 'all', 'decided']).default('mine'))
    .option('--json', 'print JSON')
    .action(async (options: { scope: 'mine' | 'all' | 'decided'; json?: boolean }) => {
      const page = await api().approvals.listApprovals.query({ scope: options.scope }).catch(explainApiError);
      if (options.json === true) {
        write(printJson(page.items));
        return;
      }
      const now = new Date();
      write(
        printTable(
          ['ID', 'STATE', 'AGE', 'WHO', 'CONNECTION', 'COMMAND', 'OBJECTS'],
          page.items.map((a) => [
            a.id,
            a.state,
            age(a.createdAt, now),
            a.actor.owner === null ? a.actor.name : `${a.actor.name} for ${a.actor.owner.name}`,
            a.connection.name,
            a.command,
            a.objects.join(' '),
          ]),
        ),
      );
    });

  approvals
    .command('show')
    .description('Show one approval whole')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { json?: boolean }) => {
      const approval = await api().approvals.showApproval.query({ id }).catch(explainApiError);
      if (options.json === true) {
        write(printJson(approval));
        return;
      }
      const who =
        approval.actor.owner === null ? approval.actor.name : `${approval.actor.name} for ${approval.actor.owner.name}`;
      write(
        [
          `${approval.state.toUpperCase()}  ${approval.command} on ${approval.connection.name}`,
          `who      ${who}`,
          `rule     ${approval.rule ?? 'the connection’s default'}: ${approval.reason}`,
          `objects  ${approval.objects.join(' ') || '–'} (filter: ${approval.filter})`,
          `expires  ${approval.expiresAt.toISOString()}`,
          '',
          'what will run (canonical)',
          printable(approval.canonicalText),
          '',
          'as it was sent',
          printable(approval.statementText),
          '',
          ...approval.decisions.map(
            (d) =>
              `${d.outcome === 'approve' ? 'approved' : 'denied'} by ${d.by.name}${d.comment === null ? '' : `: ${d.comment}`}`,
          ),
          '',
        ].join('\n'),
      );
    });

  for (const outcome of ['approve', 'deny'] as const) {
    approvals
      .command(outcome)
      .description(outcome === 'approve' ? 'Let it run, once' : 'Refuse it')
      .argument('<id>')
      .option('--comment <text>', 'what the asker reads')
      .option('--json', 'print JSON')
      .action(async (id: string, options: { comment?: string; json?: boolean }) => {
        const decided = await api()
          .approvals.decideApproval.mutate({
            id,
            outcome,
            ...(options.comment === undefined ? {} : { comment: options.comment }),
          })
          .catch(explainApiError);
        write(options.json === true ? printJson(decided) : `${decided.state}\n`);
      });
  }
  return approvals;
}
