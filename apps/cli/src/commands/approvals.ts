import { setTimeout } from 'node:timers/promises';
import { evidenceText, excessFinding, inspectText } from '@sluice/domain';
import { Command, InvalidArgumentError, Option } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { exitCodes } from '../exit-codes.ts';
import { age, printJson, printTable, write } from '../output.ts';

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
          ...(approval.stated.reason === null ? [] : [`reason   ${evidenceText(approval.stated.reason)}`]),
          ...(approval.stated.ticket === null ? [] : [`ticket   ${evidenceText(approval.stated.ticket)}`]),
          ...(approval.stated.missing === null ? [] : [`missing  ${approval.stated.missing}`]),
          `rule     ${approval.rule ?? 'the connection’s default'}: ${approval.reason}`,
          `objects  ${evidenceText(approval.objects.join(' ')) || '–'} (filter: ${approval.filter})`,
          ...approval.stages.map(
            (stage, index) =>
              `stage ${index + 1}  ${stage.given} of ${stage.count} from ${stage.approvers.join(' or ')} (${stage.state})`,
          ),
          `expires  ${approval.expiresAt.toISOString()}`,
          '',
          'what will run (canonical)',
          evidenceText(approval.canonicalText),
          '',
          'as it was sent',
          evidenceText(approval.statementText),
          ...inspectText(approval.statementText).findings.map((finding) => `! ${finding}`),
          ...[excessFinding(approval.statementText, approval.canonicalText) ?? []]
            .flat()
            .map((finding) => `! ${finding}`),
          '',
          ...approval.decisions.map(
            (d) =>
              `${d.outcome === 'approve' ? 'approved' : 'denied'} by ${d.by.name}${d.inSteadOf === null ? '' : ` in the stead of ${d.inSteadOf}`}${d.comment === null ? '' : `: ${evidenceText(d.comment)}`}${d.lapsed === null ? '' : ` (does not count: ${d.lapsed})`}`,
          ),
          '',
        ].join('\n'),
      );
    });

  decisionCommands(approvals, api);
  approvals
    .command('reason')
    .description('Say why you, or your agent, ask for it')
    .argument('<id>')
    .argument('<reason>')
    .option('--ticket <ticket>', 'the ticket it belongs to')
    .action(async (id: string, reason: string, options: { ticket?: string }) => {
      const { stated } = await api()
        .approvals.stateReason.mutate({
          id,
          reason,
          ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
        })
        .catch(explainApiError);
      write(stated.missing === null ? 'said\n' : `said; still missing: ${stated.missing}\n`);
    });

  approvals
    .command('wait')
    .description('Wait until it is settled: exit code 0 when it was approved, 7 when it was not')
    .argument('<id>')
    .option('--timeout <seconds>', 'give up after so long', seconds, defaultWaitSeconds)
    .option('--json', 'print JSON')
    .action(async (id: string, options: { timeout: number; json?: boolean }) => {
      const settled = await waitForSettling(api, id, options.timeout * 1_000);
      write(options.json === true ? printJson(settled) : `${settled.state}\n`);
      if (!approvedStates.has(settled.state)) process.exitCode = exitCodes.refused;
    });
  return approvals;
}

type Api = () => ReturnType<typeof openApi>;

/** How long `wait` waits where nobody says otherwise, and between two looks. */
const defaultWaitSeconds = 1_800;
const lookEveryMs = 2_000;
const maxWaitSeconds = 7 * 24 * 3_600;
const approvedStates: ReadonlySet<string> = new Set(['approved', 'consumed', 'succeeded']);

async function waitForSettling(api: Api, id: string, forMs: number) {
  const deadline = Date.now() + forMs;
  for (;;) {
    const approval = await api().approvals.showApproval.query({ id }).catch(explainApiError);
    if (approval.state !== 'waiting' || Date.now() >= deadline) return approval;
    await setTimeout(Math.min(lookEveryMs, Math.max(deadline - Date.now(), 0)));
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > maxWaitSeconds)
    throw new InvalidArgumentError(`Give seconds between 0 and ${maxWaitSeconds}.`);
  return value;
}

interface DecisionOptions {
  readonly comment?: string;
  readonly sameFor?: number;
  readonly rows: number;
  readonly json?: boolean;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number of at least 1.');
  return value;
}

function decisionCommands(approvals: Command, api: Api): void {
  for (const outcome of ['approve', 'deny'] as const) {
    approvals
      .command(outcome)
      .description(outcome === 'approve' ? 'Let it run, once' : 'Refuse it')
      .argument('<id>')
      .option('--comment <text>', 'what the asker reads')
      .option('--same-for <minutes>', 'others like it may run for so long as well (approve only)', count)
      .option('--rows <rows>', 'rows that each of those may change', count, 10)
      .option('--json', 'print JSON')
      .action(async (id: string, options: DecisionOptions) => {
        const decided = await api()
          .approvals.decideApproval.mutate({
            id,
            outcome,
            ...(options.comment === undefined ? {} : { comment: options.comment }),
            ...(options.sameFor === undefined || outcome === 'deny'
              ? {}
              : { alike: { minutes: options.sameFor, rows: options.rows } }),
          })
          .catch(explainApiError);
        write(options.json === true ? printJson(decided) : `${decided.state}\n`);
      });
  }
}
