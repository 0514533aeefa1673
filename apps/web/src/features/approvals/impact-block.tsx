'use client';

import type { ApprovalDetail } from '@sluice/api';
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { classNames } from '../../components/class-names.ts';
import { bytesText, countText } from '../../components/measures.ts';
import { estimateText, impactSummary } from './impact-summary.ts';
import { PlanTree } from './plan-tree.tsx';
import { RehearsalRows } from './rehearsal-rows.tsx';

type Impact = NonNullable<ApprovalDetail['impact']>;

/** What the statement would touch, as the gateway found it: the answer first, then what it stands on. */
export function ImpactBlock({
  approval,
  className,
}: {
  readonly approval: ApprovalDetail;
  readonly className?: string;
}) {
  const { impact } = approval;
  return (
    <section aria-label="Impact" className={classNames('min-w-0 rounded-box border border-line bg-surface', className)}>
      <h3 className="border-line border-b px-3 py-1.5 font-medium text-small">Impact</h3>
      {impact === null ? (
        <p className="px-3 py-2.5 text-ink-faint">
          {approval.state === 'waiting'
            ? 'The gateway has not said what it would touch.'
            : 'The gateway did not say what it would touch before it was settled.'}
        </p>
      ) : (
        <div className="space-y-3 px-3 py-2.5">
          <p className="font-medium [overflow-wrap:anywhere]" data-testid="impact-summary">
            {impactSummary(impact)}
          </p>
          {impact.rehearsal === null ? null : <RehearsalRows rehearsal={impact.rehearsal} />}
          <Objects objects={impact.objects} />
          <Follows impact={impact} />
          <Locks impact={impact} />
          {impact.more === 0 ? null : (
            <p className="text-ink-faint">{countText(impact.more, 'more entry', 'more entries')} not shown.</p>
          )}
          <Plan plan={impact.plan} />
          {impact.undoProblem === null ? null : (
            <p className="text-ink-faint">It could not be reverted afterwards: {impact.undoProblem}.</p>
          )}
        </div>
      )}
    </section>
  );
}

function Objects({ objects }: { readonly objects: Impact['objects'] }) {
  if (objects.length === 0) return null;
  return (
    <ul className="space-y-1">
      {objects.map((object) => (
        <li key={object.name} className="flex flex-wrap gap-x-2">
          <span className="font-mono [overflow-wrap:anywhere]">{object.name}</span>
          <span className="text-ink-soft">
            {[
              object.kind,
              object.rows === null ? 'size not known' : `about ${countText(Math.round(object.rows), 'row')}`,
              object.bytes === null || object.rows === null ? null : bytesText(object.bytes),
              object.verbs.join(', '),
            ]
              .filter((part) => part !== null)
              .join(' · ')}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What follows by itself: foreign keys' actions and triggers. */
function Follows({ impact }: { readonly impact: Impact }) {
  if (impact.cascades.length + impact.triggers.length === 0) return null;
  return (
    <Part title="What follows by itself">
      {impact.cascades.map(({ from, to, action }) => (
        <li key={`${from} ${to} ${action}`}>
          <Name>{from}</Name> {action === 'sets' ? 'empties references in' : `${action} rows of`} <Name>{to}</Name> by a
          foreign key
        </li>
      ))}
      {impact.triggers.map(({ object, runs, instead }) => (
        <li key={`${object} ${runs}`}>
          a trigger on <Name>{object}</Name> runs <Name>{runs}</Name>
          {instead ? ' in the place of the change' : ''}
        </li>
      ))}
    </Part>
  );
}

function Locks({ impact }: { readonly impact: Impact }) {
  if (impact.locks.length === 0) return null;
  return (
    <Part title={impact.inTransaction ? 'Locks, until its transaction ends' : 'Locks, until it has run'}>
      {impact.locks.map(({ object, mode, blocks }) => (
        <li key={`${object} ${mode}`}>
          <span className="font-mono text-small">{mode}</span> on <Name>{object}</Name>: {blocks}
        </li>
      ))}
    </Part>
  );
}

function Plan({ plan }: { readonly plan: Impact['plan'] }) {
  if (!plan.known) return <p className="text-ink-faint">No plan: {plan.because}.</p>;
  const [root] = plan.nodes;
  return (
    <details className="group">
      <summary className="flex min-h-8 cursor-pointer list-none items-center gap-1 font-medium text-small">
        <ChevronRight aria-hidden="true" className="size-4 transition-transform group-open:rotate-90" />
        Plan
        <span className="font-normal text-ink-faint">
          {countText(plan.nodes.length + plan.moreNodes, 'step')}, cost {estimateText(root?.cost ?? 0)}
        </span>
      </summary>
      <PlanTree nodes={plan.nodes} more={plan.moreNodes} />
    </details>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div>
      <h4 className="text-ink-faint text-small">{title}</h4>
      <ul className="mt-0.5 space-y-0.5">{children}</ul>
    </div>
  );
}

function Name({ children }: { readonly children: ReactNode }) {
  return <span className="font-mono text-small [overflow-wrap:anywhere]">{children}</span>;
}
