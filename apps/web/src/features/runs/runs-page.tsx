'use client';

import type { RunView } from '@sluice/api';
import { useQuery } from '@tanstack/react-query';
import { ListChecks } from 'lucide-react';
import { useState } from 'react';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { SearchInput } from '../../components/form.tsx';
import { Page, Panel } from '../../components/layout.tsx';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';

/** What agents and people said that they work on; each leads to its sessions. */
export function RunsPage() {
  const trpc = useTRPC();
  const [search, setSearch] = useState('');
  const query = useQuery(trpc.runs.listRuns.queryOptions({ search }));
  return (
    <Page title="Runs" lead="What agents said that they work on, and what they did for it.">
      <Panel flush title="Runs">
        <div className="border-line border-b px-4 py-2">
          <SearchInput label="Purpose, task, software or agent" value={search} onValue={setSearch} />
        </div>
        {query.error !== null && query.data === undefined ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : query.data === undefined ? (
          <SkeletonRows />
        ) : query.data.items.length === 0 ? (
          <EmptyState icon={ListChecks} title={search === '' ? 'No runs yet' : 'No run fits'}>
            An agent declares a run before it starts on a task; sessions, statements and approvals then stand under it.
          </EmptyState>
        ) : (
          <RecordList
            caption="Runs"
            rows={query.data.items}
            columns={columns}
            rowKey={(row) => row.id}
            rowLink={(row) => `/runs/${row.id}`}
          />
        )}
      </Panel>
    </Page>
  );
}

const columns: Column<RunView>[] = [
  {
    name: 'Purpose',
    card: 'title',
    cell: (row) => (
      <span>
        <span className="block font-medium">{row.purpose}</span>
        <span className="block text-ink-faint text-small">
          {[row.taskId, row.software].filter((text) => text !== null).join(' · ')}
        </span>
      </span>
    ),
  },
  { name: 'By', cell: (row) => <ActorName actor={row.actor} /> },
  { name: 'Started', cell: (row) => <RelativeTime at={row.startedAt} /> },
  { name: 'State', cell: (row) => <Badge tone={row.endedAt === null ? 'info' : 'neutral'}>{stateOf(row)}</Badge> },
  { name: 'Sessions', align: 'right', cell: (row) => row.sessions },
  { name: 'Statements', align: 'right', cell: (row) => row.statements },
  { name: 'Held', align: 'right', from: 'md', cell: (row) => row.held },
  { name: 'Denied', align: 'right', from: 'md', cell: (row) => row.denied },
];

function stateOf(row: RunView): string {
  return row.endedAt === null ? 'open' : 'ended';
}
