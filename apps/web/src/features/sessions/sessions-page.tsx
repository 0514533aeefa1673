'use client';

import type { SessionSummary } from '@sluice/api';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Activity, SearchX } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { useDeferredValue, useState } from 'react';
import { useIdentities } from '../../client/identities.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { SearchInput, Select } from '../../components/form.tsx';
import { Page, Panel } from '../../components/layout.tsx';
import { countText, durationText } from '../../components/measures.ts';
import { type Column, LoadMore, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, ProgressBar, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { SessionStateBadge } from './session-state.tsx';

const anyValue = 'any';
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
      <FilterBar filters={filters} fixedConnection={connectionId !== undefined} />
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
  { name: 'State', card: 'title', cell: (row) => <SessionStateBadge state={row.state} /> },
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

interface Filters {
  readonly values: Readonly<Record<'state' | 'actor' | 'connection' | 'verdict' | 'run', string>>;
  readonly search: string;
  readonly setSearch: (search: string) => void;
  readonly set: (name: string, value: string) => void;
  readonly clear: () => void;
  readonly any: boolean;
  readonly input: {
    readonly state?: (typeof stateValues)[number];
    readonly verdict?: (typeof verdictValues)[number];
    readonly actorId?: string;
    readonly connectionId?: string;
    readonly runId?: string;
    readonly search?: string;
  };
}

function useFilters(fixedConnectionId: string | undefined): Filters {
  const params = useSearchParams();
  const router = useRouter();
  const [search, setSearch] = useState(params.get('search') ?? '');
  const deferredSearch = useDeferredValue(search.trim());
  const value = (name: string) => params.get(name) ?? anyValue;
  const set = (name: string, next: string) => {
    const changed = new URLSearchParams(params);
    if (next === anyValue) changed.delete(name);
    else changed.set(name, next);
    router.replace(`?${changed}`, { scroll: false });
  };
  const values = {
    state: value('state'),
    actor: value('actor'),
    connection: value('connection'),
    verdict: value('verdict'),
    run: value('run'),
  };
  const state = stateValues.find((known) => known === values.state);
  const verdict = verdictValues.find((known) => known === values.verdict);
  const connectionId = fixedConnectionId ?? (values.connection === anyValue ? undefined : values.connection);
  return {
    values,
    search,
    setSearch,
    set,
    clear: () => {
      setSearch('');
      router.replace('?', { scroll: false });
    },
    any: search !== '' || Object.values(values).some((item) => item !== anyValue),
    input: {
      ...(state === undefined ? {} : { state }),
      ...(verdict === undefined ? {} : { verdict }),
      ...(values.actor === anyValue ? {} : { actorId: values.actor }),
      ...(connectionId === undefined ? {} : { connectionId }),
      ...(values.run === anyValue ? {} : { runId: values.run }),
      ...(deferredSearch === '' ? {} : { search: deferredSearch }),
    },
  };
}

function FilterBar({ filters, fixedConnection }: { readonly filters: Filters; readonly fixedConnection: boolean }) {
  const trpc = useTRPC();
  const connections = useQuery(trpc.connections.listConnections.queryOptions({})).data ?? [];
  const { people, agents } = useIdentities();
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <SearchInput
        label="Search statements"
        value={filters.search}
        onValue={filters.setSearch}
        className="w-full sm:w-60"
      />
      <Select
        label="State"
        className="w-[calc(50%-4px)] sm:w-36"
        value={filters.values.state}
        onValue={(value) => filters.set('state', value)}
        choices={[
          { value: anyValue, label: 'Any state' },
          ...stateValues.map((value) => ({ value: value as string, label: value })),
        ]}
      />
      <Select
        label="Verdict"
        className="w-[calc(50%-4px)] sm:w-40"
        value={filters.values.verdict}
        onValue={(value) => filters.set('verdict', value)}
        choices={[
          { value: anyValue, label: 'Any verdict' },
          { value: 'deny', label: 'Something denied' },
          { value: 'hold', label: 'Something held' },
          { value: 'allow', label: 'Something allowed' },
        ]}
      />
      <Select
        label="Actor"
        className="w-[calc(50%-4px)] sm:w-40"
        value={filters.values.actor}
        onValue={(value) => filters.set('actor', value)}
        choices={[
          { value: anyValue, label: 'Anyone' },
          ...agents.map((agent) => ({ value: agent.id, label: agent.name, detail: `agent of ${agent.owner.name}` })),
          ...people.map((person) => ({ value: person.id, label: person.name, detail: person.role })),
        ]}
      />
      {fixedConnection ? null : (
        <Select
          label="Connection"
          className="w-[calc(50%-4px)] sm:w-44"
          value={filters.values.connection}
          onValue={(value) => filters.set('connection', value)}
          choices={[
            { value: anyValue, label: 'Any connection' },
            ...connections.map((connection) => ({ value: connection.id, label: connection.name })),
          ]}
        />
      )}
      {filters.any ? (
        <Button look="quiet" onClick={filters.clear}>
          Clear
        </Button>
      ) : null}
    </div>
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
