'use client';

import { useInfiniteQuery } from '@tanstack/react-query';
import { ListX } from 'lucide-react';
import { useTRPC } from '../../client/trpc.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { countText, durationText } from '../../components/measures.ts';
import { LoadMore, RecordList } from '../../components/record-list.tsx';
import { EmptyState } from '../../components/states.tsx';
import { VerdictBadge } from '../../components/verdict.tsx';

/** What was run in a run, over all its sessions; each leads to its moment in the replay. */
export function RunStatements({ runId }: { readonly runId: string }) {
  const trpc = useTRPC();
  const query = useInfiniteQuery(
    trpc.runs.listStatements.infiniteQueryOptions(
      { id: runId },
      { getNextPageParam: (page) => page.nextCursor ?? undefined },
    ),
  );
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items);
        if (rows.length === 0)
          return (
            <EmptyState icon={ListX} title="No statement yet" className="py-7">
              Statements of this run’s sessions stand here with their verdicts.
            </EmptyState>
          );
        return (
          <>
            <RecordList
              caption="Statements of this run"
              rows={rows}
              rowKey={({ id }) => id}
              rowLink={({ id, sessionId }) => `/sessions/${sessionId}#s=${id}`}
              columns={[
                {
                  name: 'Statement',
                  card: 'title',
                  className: 'max-w-0 w-1/2',
                  cell: ({ text }) => (
                    <code className="line-clamp-2 break-words font-mono text-small [overflow-wrap:anywhere]">
                      {text}
                    </code>
                  ),
                },
                { name: 'Verdict', cell: ({ verdict }) => <VerdictBadge action={verdict} /> },
                {
                  name: 'Rule',
                  from: 'lg',
                  cell: ({ rule }) => <span className="text-ink-soft">{rule ?? 'default'}</span>,
                },
                {
                  name: 'Connection',
                  from: 'md',
                  cell: ({ connection }) => <span className="whitespace-nowrap">{connection.name}</span>,
                },
                {
                  name: 'Result',
                  cell: ({ rows: count, durationMs, errorCode }) => (
                    <span className="whitespace-nowrap text-ink-soft">
                      {errorCode === null
                        ? [
                            count === null ? null : countText(count, 'row'),
                            durationMs === null ? null : durationText(durationMs),
                          ]
                            .filter((part) => part !== null)
                            .join(' · ') || '–'
                        : `error ${errorCode}`}
                    </span>
                  ),
                },
                { name: 'At', align: 'right', cell: ({ at }) => <RelativeTime at={at} className="text-ink-soft" /> },
              ]}
            />
            <LoadMore
              hasMore={query.hasNextPage}
              busy={query.isFetchingNextPage}
              onMore={() => void query.fetchNextPage()}
            />
          </>
        );
      }}
    </Loaded>
  );
}
