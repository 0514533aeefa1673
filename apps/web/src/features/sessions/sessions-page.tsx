'use client';

import type { SessionSummary } from '@sluice/api';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Activity, SearchX } from 'lucide-react';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import {
  ActorFilter,
  type AddressFilters,
  FilterBar,
  FilterSelect,
  useAddressFilters,
} from '../../components/filter-bar.tsx';
import { Page, Panel } from '../../components/layout.tsx';
import { countText, durationText } from '../../components/measures.ts';
import { type Column, LoadMore, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, ProgressBar, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { SessionEnd } from './session-state.tsx';

const stateValues = ['live', 'closed', 'interrupted'] as const;
const verdictValues = ['allow', 'hold', 'deny'] as const;

export function SessionsPage() {
  return (
    <Page title="Sessions" lead="Every client that connected, replayable statement by statement.">
      <SessionsList />
    </Page>
  );
}

/** The filters live in the address, so that every view of the list can be linked to. With `connectionId` it is the list of one connection. */
export function SessionsList({ connectionId }: { readonly connectionId?: string }) {
  const filters = useFilters(connectionId);
  const trpc = useTRPC();
  const query = useInfiniteQuery(
    trpc.sessions.listSessions.infiniteQueryOptions(filters.input, {
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <SessionFilterBar filters={filters} fixedConnection={connectionId !== undefined} />
      <Panel flush>
        <ProgressBar active={query.isPlaceholderData} label="Filtering" />
        {query.error !== null && query.data === undefined ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : query.data === undefined ? (
          <SkeletonRows />
        ) : rows.length === 0 ? (
          <NoSessions filtered={filters.any} onClear={filters.clear} />
        ) : (
          <>
            <RecordList
              caption="Sessions"
              rows={rows}
              columns={columns.filter((column) => connectionId === undefined || column.name !== 'Connection')}
              rowKey={(row) => row.id}
              rowLink={(row) => `/sessions/${row.id}`}
            />
            <LoadMore
              hasMore={query.hasNextPage}
              busy={query.isFetchingNextPage}
              onMore={() => void query.fetchNextPage()}
            />
          </>
        )}
      </Panel>
    </>
  );
}

const columns: readonly Column<SessionSummary>[] = [
  {
    name: 'Actor',
    card: 'title',
    cell: (row) => (
      <span className="flex min-w-0 flex-col">
        <ActorName actor={row.actor} stacked />
        {row.run === null ? null : (
          <span className="max-w-60 truncate text-ink-faint text-small" title={row.run.purpose}>
            {row.run.taskId ?? row.run.purpose}
          </span>
        )}
      </span>
    ),
  },
  { name: 'State', card: 'title', cell: (row) => <SessionEnd session={row} /> },
  { name: 'Connection', cell: (row) => <span className="whitespace-nowrap font-medium">{row.connection.name}</span> },
  {
    name: 'Client',
    from: 'lg',
    card: 'hidden',
    cell: (row) => (
      <span className="flex flex-col leading-4">
        <span className="text-ink-soft">{row.clientSoftware ?? 'unknown'}</span>
        <span className="text-ink-faint text-small">{row.clientAddress}</span>
      </span>
    ),
  },
  { name: 'Statements', align: 'right', cell: (row) => row.statements.toLocaleString('en') },
  {
    name: 'Stopped',
    cell: (row) =>
      row.held + row.denied === 0 ? (
        <span className="text-ink-faint">none</span>
      ) : (
        <span className="inline-flex flex-wrap gap-x-2">
          {row.held === 0 ? null : <Badge tone="hold" bare>{`${row.held} held`}</Badge>}
          {row.denied === 0 ? null : <Badge tone="deny" bare>{`${row.denied} denied`}</Badge>}
        </span>
      ),
  },
  { name: 'Started', align: 'right', cell: (row) => <RelativeTime at={row.startedAt} className="text-ink-soft" /> },
  {
    name: 'Lasted',
    card: 'hidden',
    align: 'right',
    from: 'md',
    cell: (row) => (
      <span className="whitespace-nowrap text-ink-soft">
        {row.endedAt === null ? '—' : durationText(row.endedAt.getTime() - row.startedAt.getTime())}
      </span>
    ),
  },
];

type SessionFilters = AddressFilters & {
  readonly input: {
    readonly state?: (typeof stateValues)[number];
    readonly verdict?: (typeof verdictValues)[number];
    readonly actorId?: string;
    readonly connectionId?: string;
    readonly runId?: string;
    readonly search?: string;
  };
};

function useFilters(fixedConnectionId: string | undefined): SessionFilters {
  const filters = useAddressFilters(['state', 'actor', 'connection', 'verdict', 'run']);
  const { asked, chosen } = filters;
  const state = stateValues.find((known) => known === chosen('state'));
  const verdict = verdictValues.find((known) => known === chosen('verdict'));
  const connectionId = fixedConnectionId ?? chosen('connection');
  const [actorId, runId] = [chosen('actor'), chosen('run')];
  return {
    ...filters,
    input: {
      ...(state === undefined ? {} : { state }),
      ...(verdict === undefined ? {} : { verdict }),
      ...(actorId === undefined ? {} : { actorId }),
      ...(connectionId === undefined ? {} : { connectionId }),
      ...(runId === undefined ? {} : { runId }),
      ...(asked === '' ? {} : { search: asked }),
    },
  };
}

function SessionFilterBar({
  filters,
  fixedConnection,
}: {
  readonly filters: SessionFilters;
  readonly fixedConnection: boolean;
}) {
  const trpc = useTRPC();
  const connections = useQuery(trpc.connections.listConnections.queryOptions({})).data ?? [];
  return (
    <FilterBar label="Search statements" filters={filters}>
      <FilterSelect
        name="state"
        label="State"
        any="Any state"
        filters={filters}
        choices={stateValues.map((value) => ({ value, label: value }))}
      />
      <FilterSelect
        name="verdict"
        label="Verdict"
        any="Any verdict"
        filters={filters}
        choices={[
          { value: 'deny', label: 'Something denied' },
          { value: 'hold', label: 'Something held' },
          { value: 'allow', label: 'Something allowed' },
        ]}
      />
      <ActorFilter label="Actor" filters={filters} />
      {fixedConnection ? null : (
        <FilterSelect
          name="connection"
          label="Connection"
          any="Any connection"
          filters={filters}
          choices={connections.map((connection) => ({ value: connection.id, label: connection.name }))}
        />
      )}
    </FilterBar>
  );
}

function NoSessions({ filtered, onClear }: { readonly filtered: boolean; readonly onClear: () => void }) {
  if (filtered) {
    return (
      <EmptyState
        icon={SearchX}
        title="No session fits these filters"
        action={<Button onClick={onClear}>Clear the filters</Button>}
      >
        Widen the search or choose another connection.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={Activity} title="No sessions yet">
      A session begins when a client connects to a connection’s port. Its statements, verdicts and masked results appear
      here while it runs.
    </EmptyState>
  );
}

/** `38 statements · 2 held · 1 denied`. */
export function sessionCounts(session: Pick<SessionSummary, 'statements' | 'held' | 'denied'>): string {
  const parts = [countText(session.statements, 'statement')];
  if (session.held > 0) parts.push(`${session.held} held`);
  if (session.denied > 0) parts.push(`${session.denied} denied`);
  return parts.join(' · ');
}
