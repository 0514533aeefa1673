'use client';

import { useQuery } from '@tanstack/react-query';
import { CircleCheckBig } from 'lucide-react';
import { useTRPC } from '../../client/trpc.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { RecordList } from '../../components/record-list.tsx';
import { EmptyState } from '../../components/states.tsx';
import { ApprovalBadge } from '../../components/verdict.tsx';
import { objectsText } from '../approvals/inbox-list.tsx';

/** What waited for a person in a run, and what became of it. */
export function RunApprovals({ runId }: { readonly runId: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.approvals.listApprovals.queryOptions({ scope: 'any', runId }));
  return (
    <Loaded query={query} rows={2}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState icon={CircleCheckBig} title="Nothing had to wait" className="py-7">
            Statements of this run that a rule holds stand here, with what was decided.
          </EmptyState>
        ) : (
          <RecordList
            caption="Approvals of this run"
            rows={items}
            rowKey={({ id }) => id}
            rowLink={({ id }) => `/approvals/${id}`}
            columns={[
              {
                name: 'Statement',
                card: 'title',
                cell: (row) => (
                  <span className="font-mono">
                    <span className="font-semibold">{row.command}</span>{' '}
                    <span className="text-ink-soft">{objectsText(row.objects)}</span>
                  </span>
                ),
              },
              { name: 'State', card: 'title', cell: (row) => <ApprovalBadge state={row.state} /> },
              { name: 'Connection', cell: (row) => row.connection.name },
              {
                name: 'Rule',
                from: 'md',
                cell: (row) => <span className="text-ink-soft">{row.rule ?? 'default'}</span>,
              },
              {
                name: 'Asked',
                align: 'right',
                cell: (row) => <RelativeTime at={row.createdAt} className="text-ink-soft" />,
              },
            ]}
          />
        )
      }
    </Loaded>
  );
}
