import type { SessionState, SessionSummary } from '@sluice/api';
import { CircleCheck, CircleDot, TriangleAlert } from 'lucide-react';
import { Badge } from '../../components/verdict.tsx';
import { endReasonHead } from './end-reason.ts';

export function SessionStateBadge({ state }: { readonly state: SessionState }) {
  switch (state) {
    case 'live':
      return (
        <Badge tone="info" icon={CircleDot}>
          live
        </Badge>
      );
    case 'closed':
      return (
        <Badge tone="neutral" icon={CircleCheck}>
          closed
        </Badge>
      );
    case 'interrupted':
      return (
        <Badge tone="hold" icon={TriangleAlert}>
          interrupted
        </Badge>
      );
  }
}

/** The state for a list; below it why a session was interrupted, so that one whose end nobody knows can be told from one that was cut. */
export function SessionEnd({ session }: { readonly session: Pick<SessionSummary, 'state' | 'endReason'> }) {
  const { state, endReason } = session;
  const reason = state === 'interrupted' && endReason !== null ? endReason : null;
  return (
    <span className="flex flex-col items-start gap-0.5 max-sm:items-end">
      <SessionStateBadge state={state} />
      {reason === null ? null : (
        <span className="line-clamp-2 max-w-52 text-ink-faint text-small" title={reason}>
          {endReasonHead(reason)}
        </span>
      )}
    </span>
  );
}
