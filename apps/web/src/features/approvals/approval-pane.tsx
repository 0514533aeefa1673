'use client';

import type { ApprovalDetail } from '@sluice/api';
import { manifestByName } from '@sluice/protocols/manifests';
import { useQuery } from '@tanstack/react-query';
import { ArrowLeft, ChevronLeft, ChevronRight, CircleCheckBig } from 'lucide-react';
import { type RefObject, useEffect, useState } from 'react';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { Countdown, RelativeTime } from '../../components/clock.tsx';
import { CopyId } from '../../components/copy.tsx';
import { Fact, Facts, Labels } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { countText } from '../../components/measures.ts';
import { RunLink } from '../../components/run-link.tsx';
import { shortLength } from '../../components/statement-text.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../components/states.tsx';
import { ApprovalBadge } from '../../components/verdict.tsx';
import type { AlikeGiven } from './alike-choice.tsx';
import { DecisionBar } from './decision-bar.tsx';
import { ImpactBlock } from './impact-block.tsx';
import type { CanDecide, DecisionOutcome } from './inbox.ts';
import { objectsText } from './inbox-list.tsx';
import { Findings, MarkedStatement } from './marked-statement.tsx';
import { Outcome } from './outcome.tsx';
import { RevertPanel } from './revert-panel.tsx';
import { Stages } from './stages.tsx';
import { Stated } from './stated.tsx';
import type { Decide } from './use-decide.ts';

interface PaneProps {
  readonly position: { readonly at: number; readonly of: number } | null;
  readonly armed: DecisionOutcome | null;
  readonly decide: Decide;
  readonly commentRef: RefObject<HTMLTextAreaElement | null>;
  readonly alikeRef: RefObject<AlikeGiven | null>;
  readonly onCanDecide: (can: CanDecide) => void;
  readonly onDecide: (outcome: DecisionOutcome) => void;
  readonly onMove: (by: 1 | -1) => void;
  readonly onBack: () => void;
}

export function ApprovalPane({ id, ...rest }: PaneProps & { readonly id: string | null }) {
  if (id === null) {
    return (
      <div className="hidden h-full items-center justify-center lg:flex">
        <EmptyState icon={CircleCheckBig} title="No approval is open">
          Choose one on the left, or press j.
        </EmptyState>
      </div>
    );
  }
  return <OpenApproval id={id} {...rest} />;
}

function OpenApproval({ id, onCanDecide, ...rest }: PaneProps & { readonly id: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.approvals.showApproval.queryOptions({ id }));
  const approval = query.data;
  const [readWhole, setReadWhole] = useState(false);
  const isLong =
    approval !== undefined &&
    [approval.canonicalText, approval.statementText].some((text) => shortLength(text) < text.length);
  const blocked = approval === undefined || approval.state !== 'waiting' || (isLong && !readWhole);
  const can = blocked ? false : approval.mayDecide.yes || (approval.mayDecide.mayDeny && 'deny');
  useEffect(() => {
    onCanDecide(can);
    return () => onCanDecide(false);
  }, [can, onCanDecide]);

  return (
    <article aria-label="Approval" className="flex min-h-full flex-col lg:h-dvh">
      <PhoneBar position={rest.position} onMove={rest.onMove} onBack={rest.onBack} />
      {approval === undefined ? (
        query.error === null ? (
          <PaneSkeleton />
        ) : (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        )
      ) : (
        <>
          <div className="min-h-0 flex-1 overflow-y-auto px-4 py-4 sm:px-6 lg:py-5">
            <Evidence approval={approval} readWhole={readWhole} onReadWhole={() => setReadWhole(true)} />
          </div>
          <DecisionBar
            approval={approval}
            mustReadWhole={isLong && !readWhole}
            onReadWhole={() => setReadWhole(true)}
            {...rest}
          />
        </>
      )}
    </article>
  );
}

function PhoneBar({
  position,
  onMove,
  onBack,
}: {
  readonly position: PaneProps['position'];
  readonly onMove: (by: 1 | -1) => void;
  readonly onBack: () => void;
}) {
  return (
    <div className="sticky top-0 z-10 flex h-12 items-center gap-1 border-line border-b bg-surface px-2 lg:hidden">
      <Button look="quiet" onClick={onBack} icon={<ArrowLeft aria-hidden="true" />}>
        Inbox
      </Button>
      <span className="flex-1" />
      {position === null ? null : (
        <>
          <Button
            look="quiet"
            size="icon"
            aria-label="Previous approval"
            disabled={position.at === 1}
            onClick={() => onMove(-1)}
          >
            <ChevronLeft aria-hidden="true" />
          </Button>
          <span className="text-ink-soft">
            {position.at} of {position.of}
          </span>
          <Button
            look="quiet"
            size="icon"
            aria-label="Next approval"
            disabled={position.at === position.of}
            onClick={() => onMove(1)}
          >
            <ChevronRight aria-hidden="true" />
          </Button>
        </>
      )}
    </div>
  );
}

function Evidence({
  approval,
  readWhole,
  onReadWhole,
}: {
  readonly approval: ApprovalDetail;
  readonly readWhole: boolean;
  readonly onReadWhole: () => void;
}) {
  const language = manifestByName(approval.connection.protocol)?.highlight ?? 'plain';
  return (
    <div className="mx-auto flex max-w-5xl flex-col gap-4">
      <Head approval={approval} />
      <Outcome approval={approval} />
      <Stages approval={approval} />
      <Stated approval={approval} />
      <RevertPanel approval={approval} />
      {/* On a phone the impact comes before the statement, beside a keyboard behind it. */}
      <ImpactBlock approval={approval} className="lg:order-1" />
      <div className="grid gap-3 xl:grid-cols-2">
        <StatementBox
          title="What will run"
          note="canonical"
          text={approval.canonicalText}
          language={language}
          whole={readWhole}
          onWhole={onReadWhole}
        />
        <StatementBox
          title="As it was sent"
          text={approval.statementText}
          canonical={approval.canonicalText}
          language={language}
          whole={readWhole}
          onWhole={onReadWhole}
        />
      </div>
      {approval.binds.length === 0 ? null : <Binds binds={approval.binds} />}
      <div className="lg:order-2">
        <Terms approval={approval} />
      </div>
    </div>
  );
}

function Head({ approval }: { readonly approval: ApprovalDetail }) {
  return (
    <header>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <ApprovalBadge state={approval.state} />
        <h2 className="min-w-0 font-mono font-semibold text-large [overflow-wrap:anywhere]">
          {approval.command} <span className="font-normal text-ink-soft">{objectsText(approval.objects)}</span>
        </h2>
        {approval.state === 'waiting' ? (
          <span className="ml-auto text-ink-soft">
            expires in <Countdown until={approval.expiresAt} />
          </span>
        ) : (
          <RelativeTime at={approval.createdAt} className="ml-auto text-ink-faint" />
        )}
      </div>
      <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-ink-soft">
        <ActorName actor={approval.actor} />
        <span>
          on{' '}
          <Link
            href={`/connections/${approval.connection.id}`}
            className="font-medium text-ink underline-offset-2 hover:underline"
          >
            {approval.connection.name}
          </Link>
        </span>
        <RunLink run={approval.run} className="max-w-96" />
        <Labels labels={approval.connection.labels} />
        <CopyId id={approval.id} />
      </div>
      <p className="mt-2 font-medium [overflow-wrap:anywhere]">{impactSentence(approval)}</p>
      <p>
        <span className="text-ink">{approval.reason}</span>{' '}
        <span className="text-ink-faint">
          {approval.rule === null ? 'No rule matched: the connection’s default held it.' : 'Rule '}
          {approval.rule === null ? null : (
            <Link
              href={`/policies?rule=${encodeURIComponent(approval.rule)}`}
              className="font-mono text-accent underline-offset-2 hover:underline"
            >
              {approval.rule}
            </Link>
          )}
          , policy version {approval.policyVersion}.
        </span>
      </p>
      {approval.ruleDescription === null ? null : <p className="text-ink-faint">{approval.ruleDescription}</p>}
    </header>
  );
}

function StatementBox({
  title,
  note,
  text,
  canonical,
  language,
  whole,
  onWhole,
}: {
  readonly title: string;
  readonly note?: string;
  readonly text: string;
  /** What will run, where this is something else. */
  readonly canonical?: string;
  readonly language: string;
  readonly whole: boolean;
  readonly onWhole: () => void;
}) {
  return (
    <section aria-label={title} className="min-w-0 rounded-box border border-line bg-surface">
      <h3 className="border-line border-b px-3 py-1.5 font-medium text-small">
        {title} {note === undefined ? null : <span className="font-normal text-ink-faint">({note})</span>}
      </h3>
      <div className="px-3 py-2.5">
        <MarkedStatement text={text} language={language} whole={whole} onWhole={onWhole} />
        <Findings text={text} {...(canonical === undefined ? {} : { canonical })} />
      </div>
    </section>
  );
}

function Binds({ binds }: { readonly binds: readonly (string | null)[] }) {
  return (
    <section aria-label="Bound values" className="rounded-box border border-line bg-surface">
      <h3 className="border-line border-b px-3 py-1.5 font-medium text-small">Bound values</h3>
      <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 px-3 py-2.5">
        {binds.map((value, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a bound value is its position.
          <div key={index} className="contents">
            <dt className="font-mono text-ink-faint">${index + 1}</dt>
            <dd className="min-w-0">
              {value === null ? (
                <span className="text-ink-faint italic">NULL</span>
              ) : (
                <MarkedStatement text={value} language="plain" whole onWhole={() => undefined} />
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What it would touch, first of all: `Write to public.customers; every row is touched.` */
function impactSentence(approval: ApprovalDetail): string {
  const kind = approval.kind.charAt(0).toUpperCase() + approval.kind.slice(1);
  const where = approval.objects.length === 0 ? '' : ` on ${approval.objects.slice(0, mostNamedObjects).join(', ')}`;
  const more =
    approval.objects.length > mostNamedObjects ? ` and ${approval.objects.length - mostNamedObjects} more` : '';
  const rows =
    {
      absent: '; every row is touched',
      trivial: '; its filter is always true, so every row is touched',
      present: '; a filter chooses the rows',
    }[approval.filter] ?? '';
  return `${kind}${where}${more}${rows}.`;
}

const mostNamedObjects = 3;

const filterSentences: Record<string, string> = {
  absent: 'none: every row is touched',
  trivial: 'always true: every row is touched',
  present: 'yes',
  'not-applicable': 'does not choose rows',
};

function Terms({ approval }: { readonly approval: ApprovalDetail }) {
  const { approved, denied } = approval.earlier;
  const earlier =
    approved + denied === 0 ? 'none like it today' : `${approved} approved, ${denied} denied like it today`;
  return (
    <Facts>
      <Fact name="Touches">
        <span className="font-mono [overflow-wrap:anywhere]">
          {approval.objects.length === 0 ? '—' : approval.objects.join(', ')}
        </span>
      </Fact>
      <Fact name="Row filter">{filterSentences[approval.filter] ?? approval.filter}</Fact>
      <Fact name="Kind">{approval.kind}</Fact>
      <Fact name="Earlier">{earlier}</Fact>
      <Fact name="Needs">
        {countText(approval.count, 'approval')} from {approval.approvers.join(' or ')}
      </Fact>
      {approval.ceiling === null ? null : (
        <Fact name="Row ceiling">
          it is taken back where it changes more than {countText(approval.ceiling, 'row')}, cascades and triggers
          included
        </Fact>
      )}
      <Fact name="Meanwhile">
        {approval.behaviour === 'wait'
          ? 'the statement waits on the wire'
          : 'it was refused; the same effect passes once after approval'}
      </Fact>
      <Fact name="Session">
        <Link
          href={`/sessions/${approval.sessionId}#s=${approval.statementId}`}
          className="text-accent underline-offset-2 hover:underline"
        >
          See what came before it
        </Link>
      </Fact>
    </Facts>
  );
}

function PaneSkeleton() {
  return (
    <div role="status" className="space-y-4 px-4 py-5 sm:px-6">
      <span className="sr-only">Loading…</span>
      <Skeleton className="h-6 w-2/3" />
      <Skeleton className="w-1/2" />
      <div className="grid gap-3 xl:grid-cols-2">
        <Skeleton className="h-32" />
        <Skeleton className="h-32" />
      </div>
    </div>
  );
}
