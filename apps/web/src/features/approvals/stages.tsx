'use client';

import type { ApprovalDetail, ApprovalStageView } from '@sluice/api';
import { CircleCheck, CircleDashed, CircleDot, type LucideIcon } from 'lucide-react';
import { RelativeTime } from '../../components/clock.tsx';
import { countText } from '../../components/measures.ts';

const looks: Record<ApprovalStageView['state'], { readonly icon: LucideIcon; readonly className: string }> = {
  complete: { icon: CircleCheck, className: 'text-allow' },
  open: { icon: CircleDot, className: 'text-hold' },
  later: { icon: CircleDashed, className: 'text-ink-faint' },
};

/** Who has decided in which stage and who is still needed; nothing where one person is asked once. */
export function Stages({ approval }: { readonly approval: ApprovalDetail }) {
  const { stages, escalation } = approval;
  const [only] = stages;
  if (stages.length === 1 && only !== undefined && only.count === 1 && escalation === null) return null;
  return (
    <section aria-label="Stages" className="rounded-box border border-line bg-surface px-3 py-2">
      <ol className="space-y-1">
        {stages.map((stage, index) => {
          const { icon: Icon, className } = looks[stage.state];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a stage is its position.
            <li key={index} className="flex flex-wrap items-center gap-x-2">
              <Icon aria-hidden="true" className={`size-4 shrink-0 ${className}`} />
              {stages.length === 1 ? null : <span className="text-ink-faint">{index + 1}.</span>}
              <span className="font-medium [overflow-wrap:anywhere]">{stage.approvers.join(' or ')}</span>
              <span className="text-ink-soft">
                {stage.given} of {countText(stage.count, 'approval')}
                {stage.state === 'open' && approval.state === 'waiting' ? ', asked now' : ''}
                {stage.state === 'later' ? ', asked afterwards' : ''}
              </span>
            </li>
          );
        })}
      </ol>
      {escalation === null || approval.state !== 'waiting' ? null : (
        <p className="mt-1 text-ink-faint text-small">
          {escalation.to.join(' or ')} may answer as well from <RelativeTime at={escalation.at} /> on.
        </p>
      )}
    </section>
  );
}
