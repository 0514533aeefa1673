import type { Db } from '@sluice/database';
import {
  countApprovals,
  countLiveSessions,
  hasClientStatement,
  hasPassedTest,
  listConnectionsWithOthers,
  listGateways,
  readLastVerification,
  readStatistics,
} from '@sluice/database';
import { answererOf } from '../approvals/answerer.ts';
import { approvalFilter } from '../approvals/list-approvals.ts';
import { healthOf, listenersOf } from '../gateways/gateway-views.ts';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { OverviewView } from '../views.ts';
import { visibleTo } from '../visibility.ts';

const hourMs = 3_600_000;
const hoursShown = 24;

export const showOverview = query({
  permission: 'overview.read',
  input: nothing,
  run: async ({ db, caller, may, now }): Promise<OverviewView> => {
    const viewer = await answererOf(db, caller, now);
    const visible = await visibleTo(db, caller, 'sessions.read');
    const since = new Date(now.getTime() - hoursShown * hourMs);
    const statistics = await readStatistics(db, visible, since);
    const gateways = await listGateways(db);
    return {
      waitingForMe: await countApprovals(db, await approvalFilter(db, 'mine', viewer, null), now),
      waiting: await countApprovals(db, await approvalFilter(db, 'all', viewer, null), now),
      statementsByVerdict: byHour(statistics.byHour, now),
      topConnections: statistics.topConnections,
      topRefusals: statistics.topRefusals,
      gateways: {
        online: gateways.filter((gateway) => healthOf(gateway, now) === 'online').length,
        total: gateways.length,
        problems: may('gateways.read')
          ? [...gateways.flatMap((gateway) => problemsOf(gateway, now)), ...(await otherSessions(db))]
          : [],
      },
      liveSessions: await countLiveSessions(db, visible),
      lastVerification: await readLastVerification(db),
      firstRun: {
        gatewayEnrolled: gateways.length > 0,
        connectionTested: await hasPassedTest(db),
        firstStatement: await hasClientStatement(db),
      },
    };
  },
});

async function otherSessions(db: Db): Promise<string[]> {
  return (await listConnectionsWithOthers(db)).map(
    ({ name, others }) =>
      `${others} ${others === 1 ? 'session' : 'sessions'} at the target of ${name} did not come through Sluice.`,
  );
}

function byHour(
  counts: readonly { readonly hour: Date; readonly verdict: string; readonly count: number }[],
  now: Date,
): OverviewView['statementsByVerdict'] {
  const current = Math.floor(now.getTime() / hourMs) * hourMs;
  return Array.from({ length: hoursShown }, (_, index) => {
    const hour = new Date(current - (hoursShown - 1 - index) * hourMs);
    const of = (verdict: string) =>
      counts.find((row) => row.hour.getTime() === hour.getTime() && row.verdict === verdict)?.count ?? 0;
    return { hour, allow: of('allow'), hold: of('hold'), deny: of('deny') };
  });
}

function problemsOf(gateway: Awaited<ReturnType<typeof listGateways>>[number], now: Date): string[] {
  const health = healthOf(gateway, now);
  if (health !== 'online')
    return [health === 'offline' ? `${gateway.name} is offline.` : `${gateway.name} has never connected.`];
  const nameOf = (id: string) =>
    gateway.group.connections.find((connection) => connection.id === id)?.name ?? 'a connection';
  const spool =
    gateway.spoolProblem === null ? [] : [`${gateway.name} refuses new statements. ${gateway.spoolProblem}`];
  const listeners = listenersOf(gateway.listeners)
    .filter((listener) => listener.error !== null)
    .map((listener) => `${gateway.name} does not listen for ${nameOf(listener.connectionId)}: ${listener.error}`);
  return [...spool, ...listeners];
}
