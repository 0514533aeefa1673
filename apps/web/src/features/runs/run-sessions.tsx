'use client';

import { useQuery } from '@tanstack/react-query';
import { Activity } from 'lucide-react';
import { useTRPC } from '../../client/trpc.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { Link } from '../../components/link.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { RecordList } from '../../components/record-list.tsx';
import { EmptyState } from '../../components/states.tsx';
import { SessionStateBadge } from '../sessions/session-state.tsx';
import { sessionCounts } from '../sessions/sessions-page.tsx';

/** The newest sessions of a run; the rest stand on the sessions page. */
export function RunSessions({ runId }: { readonly runId: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.sessions.listSessions.queryOptions({ runId }));
  return (
    <Loaded query={query} rows={2}>
      {({ items, nextCursor }) =>
        items.length === 0 ? (
          <EmptyState icon={Activity} title="No session yet" className="py-7">
            A session stands here once a client connects with a token or ticket of this run.
          </EmptyState>
        ) : (
          <>
            <RecordList
              caption="Sessions of this run"
              rows={items}
              rowKey={({ id }) => id}
              rowLink={({ id }) => `/sessions/${id}`}
              columns={[
                {
                  name: 'Connection',
                  card: 'title',
                  cell: (row) => <span className="font-medium">{row.connection.name}</span>,
                },
                { name: 'State', card: 'title', cell: (row) => <SessionStateBadge state={row.state} /> },
                { name: 'Statements', cell: (row) => sessionCounts(row) },
                { name: 'Client', from: 'lg', cell: (row) => row.clientSoftware ?? 'unknown' },
                {
                  name: 'Started',
                  align: 'right',
                  cell: (row) => <RelativeTime at={row.startedAt} className="text-ink-soft" />,
                },
              ]}
            />
            {nextCursor === null ? null : (
              <p className="border-line border-t p-3 text-center">
                <Link href={`/sessions?run=${runId}`} className="text-accent underline">
                  All sessions of this run
                </Link>
              </p>
            )}
          </>
        )
      }
    </Loaded>
  );
}
