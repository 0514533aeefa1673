'use client';

import type { ApprovalDetail } from '@sluice/api';
import {
  Ban,
  CircleCheck,
  CircleHelp,
  CircleSlash,
  CircleX,
  Loader,
  type LucideIcon,
  MessageSquare,
  Timer,
} from 'lucide-react';
import { ActorName } from '../../components/actor.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { countText, durationText } from '../../components/measures.ts';
import { Callout } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';

/** Who answered, and what happened: "ran in 12 ms, 1 row", not just "approved". Announced when it changes. */
export function Outcome({ approval }: { readonly approval: ApprovalDetail }) {
  const told = outcomeOf(approval);
  return (
    <div aria-live="polite" className="space-y-2 empty:hidden">
      {told === null ? null : (
        <Callout tone={told.tone} icon={told.icon}>
          <p className="font-medium">{told.text}</p>
          {told.more === null ? null : <p>{told.more}</p>}
        </Callout>
      )}
      {approval.decisions.map((decision) => (
        <div key={`${decision.stage} ${decision.by.id}`} className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <ActorName actor={decision.by} />
          <Badge
            tone={decision.outcome === 'approve' ? 'allow' : 'deny'}
            icon={decision.outcome === 'approve' ? CircleCheck : Ban}
          >
            {decision.outcome === 'approve' ? 'approved' : 'denied'}
          </Badge>
          {decision.inSteadOf === null ? null : (
            <span className="text-ink-soft">in the stead of {decision.inSteadOf}</span>
          )}
          {approval.stages.length === 1 ? null : <span className="text-ink-faint">stage {decision.stage + 1}</span>}
          <RelativeTime at={decision.at} className="text-ink-faint" />
          {decision.alike === null ? null : (
            <span className="text-ink-soft">
              the same for {decision.alike.minutes} minutes, {countText(decision.alike.rows, 'row')} each
            </span>
          )}
          {decision.lapsed === null ? null : <span className="text-hold">does not count: {decision.lapsed}</span>}
          {decision.comment === null ? null : (
            <span className="inline-flex min-w-0 items-start gap-1 text-ink-soft">
              <MessageSquare aria-hidden="true" className="mt-1 size-3.5 shrink-0 text-ink-faint" />
              <q className="min-w-0 [overflow-wrap:anywhere]">{decision.comment}</q>
            </span>
          )}
        </div>
      ))}
    </div>
  );
}

interface Told {
  readonly tone: 'allow' | 'deny' | 'hold' | 'info';
  readonly icon: LucideIcon;
  readonly text: string;
  readonly more: string | null;
}

function outcomeOf(approval: ApprovalDetail): Told | null {
  const { outcome } = approval;
  switch (approval.state) {
    case 'waiting': {
      const given = approval.decisions.filter((decision) => decision.outcome === 'approve').length;
      if (given === 0) return null;
      return {
        tone: 'info',
        icon: Loader,
        text: `${given} of ${countText(approval.count, 'approval')} given.`,
        more: null,
      };
    }
    case 'approved':
      return { tone: 'info', icon: Loader, text: 'Approved. The gateway has not started it yet.', more: null };
    case 'consumed':
      return { tone: 'info', icon: Loader, text: 'Approved and running at the target…', more: null };
    case 'succeeded': {
      const rows = outcome === null || outcome.rows === null ? '' : `, ${countText(outcome.rows, 'row')}`;
      return {
        tone: 'allow',
        icon: CircleCheck,
        text: outcome === null ? 'It ran.' : `Ran in ${durationText(outcome.durationMs)}${rows}.`,
        more: null,
      };
    }
    case 'failed':
      return {
        tone: 'deny',
        icon: CircleX,
        text: 'Approved, but the target refused it.',
        more: outcome?.error ?? null,
      };
    case 'outcome-unknown':
      return {
        tone: 'hold',
        icon: CircleHelp,
        text: 'Outcome unknown.',
        more: 'It was started once and no result came back. It is never tried again: look at the target before doing it anew.',
      };
    case 'denied':
      return { tone: 'deny', icon: Ban, text: 'Denied. It never reached the target.', more: null };
    case 'expired':
      return { tone: 'hold', icon: Timer, text: 'Nobody answered in time. It never reached the target.', more: null };
    case 'cancelled':
      return {
        tone: 'info',
        icon: CircleSlash,
        text: 'Cancelled: the client gave up or its session ended.',
        more: null,
      };
    case 'void':
      return {
        tone: 'hold',
        icon: CircleSlash,
        text: `Void: ${approval.settledBecause ?? 'policy or the objects changed before it could run.'}`,
        more: 'Nothing reached the target. It has to be asked for again.',
      };
  }
}
