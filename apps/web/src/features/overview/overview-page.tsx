'use client';

import type { OverviewView } from '@sluice/api';
import { useQuery } from '@tanstack/react-query';
import { Activity, CircleCheck, CircleCheckBig, Network, ShieldCheck, ShieldX, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTRPC } from '../../client/trpc.ts';
import { classNames } from '../../components/class-names.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { Page, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { countText } from '../../components/measures.ts';
import { ErrorState, Skeleton } from '../../components/states.tsx';
import { FirstRun } from './first-run.tsx';
import { VerdictChart } from './verdict-chart.tsx';

/** Four questions, answered at a glance; each number leads to its list. */
export function OverviewPage() {
  const trpc = useTRPC();
  const query = useQuery(trpc.overview.showOverview.queryOptions());
  if (query.data === undefined) {
    return (
      <Page title="Overview">
        {query.error === null ? (
          <OverviewSkeleton />
        ) : (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        )}
      </Page>
    );
  }
  const overview = query.data;
  const { gatewayEnrolled, firstStatement } = overview.firstRun;
  // A statement went through a connection, so there is one that works, whether or not anybody pressed Test.
  const connectionTested = overview.firstRun.connectionTested || firstStatement;
  const isNew = !(gatewayEnrolled && firstStatement);
  return (
    <Page title="Overview">
      <div className="space-y-4">
        {isNew ? <FirstRun done={{ gatewayEnrolled, connectionTested, firstStatement }} /> : null}
        <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
          <Waiting overview={overview} />
          <Sessions overview={overview} />
          <Gateways overview={overview} />
          <Record overview={overview} />
        </div>
        <Panel title="Statements by verdict, last 24 hours" aside={<VerdictTotals overview={overview} />}>
          <VerdictChart hours={overview.statementsByVerdict} />
        </Panel>
        <div className="grid gap-4 lg:grid-cols-2">
          <TopConnections overview={overview} />
          <TopRefusals overview={overview} />
        </div>
      </div>
    </Page>
  );
}

function Answer({
  href,
  icon,
  question,
  figure,
  tone,
  children,
}: {
  readonly href: string;
  readonly icon: ReactNode;
  readonly question: string;
  readonly figure: ReactNode;
  readonly tone?: 'hold' | 'deny' | 'allow';
  readonly children: ReactNode;
}) {
  const colour = tone === undefined ? 'text-ink' : { hold: 'text-hold', deny: 'text-deny', allow: 'text-allow' }[tone];
  return (
    <Link
      href={href}
      className="group block min-w-0 rounded-box border border-line bg-surface p-3 hover:border-line-strong hover:bg-hover sm:p-4"
    >
      <span className="flex items-center gap-1.5 text-ink-soft [&_svg]:size-4 [&_svg]:shrink-0">
        {icon}
        {question}
      </span>
      <span className={classNames('mt-1 block font-semibold text-figure tracking-tight', colour)}>{figure}</span>
      <span className="block text-ink-faint text-small">{children}</span>
    </Link>
  );
}

function Waiting({ overview }: { readonly overview: OverviewView }) {
  const others = overview.waiting - overview.waitingForMe;
  return (
    <Answer
      href="/approvals"
      icon={<CircleCheckBig aria-hidden="true" />}
      question="Waiting for me"
      figure={overview.waitingForMe}
      {...(overview.waitingForMe > 0 ? { tone: 'hold' as const } : {})}
    >
      {others > 0
        ? `${others} more for others`
        : overview.waitingForMe === 0
          ? 'nothing to decide'
          : 'each has its own deadline'}
    </Answer>
  );
}

function Sessions({ overview }: { readonly overview: OverviewView }) {
  const total = overview.statementsByVerdict.reduce((sum, hour) => sum + hour.allow + hour.hold + hour.deny, 0);
  return (
    <Answer
      href="/sessions?state=live"
      icon={<Activity aria-hidden="true" />}
      question="Live sessions"
      figure={overview.liveSessions}
    >
      {countText(total, 'statement')} in 24 h
    </Answer>
  );
}

function Gateways({ overview }: { readonly overview: OverviewView }) {
  const { online, total, problems } = overview.gateways;
  const firstProblem = problems[0];
  return (
    <Answer
      href="/gateways"
      icon={<Network aria-hidden="true" />}
      question="Gateways"
      figure={
        <>
          {online}
          <span className="font-normal text-ink-faint text-large"> of {total} online</span>
        </>
      }
      {...(online < total ? { tone: 'deny' as const } : {})}
    >
      {firstProblem === undefined ? (
        total === 0 ? (
          'none enrolled yet'
        ) : (
          'all healthy'
        )
      ) : (
        <span className="inline-flex items-start gap-1 text-hold">
          <TriangleAlert aria-hidden="true" className="mt-px size-3.5 shrink-0" />
          {firstProblem}
        </span>
      )}
    </Answer>
  );
}

function Record({ overview }: { readonly overview: OverviewView }) {
  const { lastVerification } = overview;
  if (lastVerification === null) {
    return (
      <Answer
        href="/audit"
        icon={<ShieldCheck aria-hidden="true" />}
        question="Record"
        figure={<span className="font-normal text-ink-faint text-large">not verified yet</span>}
      >
        it is checked as recordings arrive
      </Answer>
    );
  }
  return (
    <Answer
      href="/audit"
      icon={lastVerification.ok ? <ShieldCheck aria-hidden="true" /> : <ShieldX aria-hidden="true" />}
      question="Record"
      figure={lastVerification.ok ? 'Whole' : 'Damaged'}
      tone={lastVerification.ok ? 'allow' : 'deny'}
    >
      {countText(lastVerification.sessions, 'session')} checked <RelativeTime at={lastVerification.at} />
    </Answer>
  );
}

function VerdictTotals({ overview }: { readonly overview: OverviewView }) {
  const sum = (key: 'allow' | 'hold' | 'deny') =>
    overview.statementsByVerdict.reduce((total, hour) => total + hour[key], 0);
  return (
    <span className="flex flex-wrap gap-x-4 text-small">
      {(['allow', 'hold', 'deny'] as const).map((verdict) => (
        <Link
          key={verdict}
          href={`/sessions?verdict=${verdict}`}
          className="inline-flex items-center gap-1.5 text-ink-soft underline-offset-2 hover:underline"
        >
          <span
            aria-hidden="true"
            className={classNames(
              'size-2.5 rounded-[2px]',
              { allow: 'bg-bar-allow', hold: 'bg-bar-hold', deny: 'bg-bar-deny' }[verdict],
            )}
          />
          <span className="font-medium text-ink">{sum(verdict).toLocaleString('en')}</span> {verdict}
        </Link>
      ))}
    </span>
  );
}

function TopConnections({ overview }: { readonly overview: OverviewView }) {
  const top = Math.max(1, ...overview.topConnections.map((connection) => connection.statements));
  return (
    <Panel flush title="Busiest connections">
      {overview.topConnections.length === 0 ? (
        <p className="p-4 text-ink-soft">No statement in the last 24 hours.</p>
      ) : (
        <ul className="divide-y divide-line">
          {overview.topConnections.map((connection) => (
            <li key={connection.id}>
              <Link
                href={`/sessions?connection=${connection.id}`}
                data-inset-focus=""
                className="relative flex items-center gap-3 px-4 py-2 hover:bg-hover"
              >
                <span
                  aria-hidden="true"
                  className="absolute inset-y-1 left-0 rounded-r-small bg-accent-tint"
                  style={{ width: `${(connection.statements / top) * 70}%` }}
                />
                <span className="relative min-w-0 flex-1 truncate font-medium">{connection.name}</span>
                <span className="relative text-ink-soft">{connection.statements.toLocaleString('en')}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function TopRefusals({ overview }: { readonly overview: OverviewView }) {
  return (
    <Panel flush title="Most refused">
      {overview.topRefusals.length === 0 ? (
        <p className="flex items-center gap-2 p-4 text-ink-soft">
          <CircleCheck aria-hidden="true" className="size-4 text-allow" />
          Nothing was refused in the last 24 hours.
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {overview.topRefusals.map((refusal) => (
            <li key={`${refusal.rule} ${refusal.command}`}>
              <Link
                href={`/sessions?verdict=deny&search=${encodeURIComponent(refusal.command)}`}
                data-inset-focus=""
                className="flex items-center gap-3 px-4 py-2 hover:bg-hover"
              >
                <span className="font-mono font-semibold">{refusal.command}</span>
                <span className="min-w-0 flex-1 truncate font-mono text-ink-faint text-small">
                  {refusal.rule ?? 'the connection’s default'}
                </span>
                <span className="text-ink-soft">{refusal.count.toLocaleString('en')}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function OverviewSkeleton() {
  return (
    <div role="status" className="space-y-4">
      <span className="sr-only">Loading…</span>
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        {['a', 'b', 'c', 'd'].map((key) => (
          <Skeleton key={key} className="h-28" />
        ))}
      </div>
      <Skeleton className="h-56" />
    </div>
  );
}
