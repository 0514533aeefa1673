import type { SessionState } from '@sluice/api';
import { CircleCheck, CircleDot, TriangleAlert } from 'lucide-react';
import { Badge } from '../../components/verdict.tsx';

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
