'use client';

import type { ConnectionSummary } from '@sluice/api';
import { manifestByName } from '@sluice/protocols/manifests';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Cable, Plus, SearchX, ShieldAlert, TriangleAlert } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { SearchInput } from '../../components/form.tsx';
import { GatewayHealthBadge } from '../../components/gateway-health.tsx';
import { Labels, Page, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { EmptyState, ErrorState, ProgressBar, SkeletonRows } from '../../components/states.tsx';
import { otherSessionsWarning } from './other-sessions.tsx';

export function ConnectionsPage() {
  const [search, setSearch] = useState('');
  const deferred = useDeferredValue(search.trim());
  const mayWrite = useMay('connections.write');
  const trpc = useTRPC();
  const query = useQuery(
    trpc.connections.listConnections.queryOptions(deferred === '' ? {} : { search: deferred }, {
      placeholderData: keepPreviousData,
    }),
  );
  const add = mayWrite ? (
    <Button asChild look="primary">
      <Link href="/connections/new">
        <Plus aria-hidden="true" />
        New connection
      </Link>
    </Button>
  ) : undefined;
  return (
    <Page title="Connections" lead="The governed ways to your targets." actions={add}>
      <SearchInput label="Search connections" value={search} onValue={setSearch} className="mb-3 w-full sm:w-72" />
      <Panel flush>
        <ProgressBar active={query.isPlaceholderData} label="Searching" />
        {query.error !== null && query.data === undefined ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : query.data === undefined ? (
          <SkeletonRows />
        ) : query.data.length > 0 ? (
          <RecordList
            caption="Connections"
            rows={query.data}
            columns={columns}
            rowKey={(row) => row.id}
            rowLink={(row) => `/connections/${row.id}`}
          />
        ) : deferred !== '' ? (
          <EmptyState icon={SearchX} title="No connection of that name" />
        ) : (
          <EmptyState icon={Cable} title="No connections yet" action={add}>
            A connection is a named way to one database or service. It gets a port of its own, a policy, and a
            credential that only its gateway can open.
          </EmptyState>
        )}
      </Panel>
    </Page>
  );
}

const columns: readonly Column<ConnectionSummary>[] = [
  {
    name: 'Name',
    card: 'title',
    cell: (row) => (
      <span className="block">
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">{row.name}</span>
          <Labels labels={row.labels} />
        </span>
        {row.problem === null ? null : (
          <span className="mt-0.5 flex items-start gap-1 text-hold text-small">
            <TriangleAlert aria-hidden="true" className="mt-px size-3.5 shrink-0" />
            {row.problem}
          </span>
        )}
        {otherSessionsWarning(row) === null ? null : (
          <span className="mt-0.5 flex items-start gap-1 text-hold text-small">
            <ShieldAlert aria-hidden="true" className="mt-px size-3.5 shrink-0" />
            {otherSessionsWarning(row)}
          </span>
        )}
      </span>
    ),
  },
  { name: 'Protocol', from: 'md', cell: (row) => manifestByName(row.protocol)?.label ?? row.protocol },
  {
    name: 'Target',
    cell: (row) => (
      <span title={`${row.host}:${row.port}`} className="block max-w-64 truncate font-mono text-ink-soft text-small">
        {row.host}:{row.port}
      </span>
    ),
  },
  { name: 'Gateway', cell: (row) => <GatewayOf group={row.group} /> },
  {
    name: 'Last 24 h',
    from: 'lg',
    card: 'hidden',
    cell: (row) => <Sparkline values={row.sparkline} label={`Statements of ${row.name} per hour`} />,
  },
  {
    name: 'Last use',
    align: 'right',
    cell: (row) =>
      row.lastUsedAt === null ? (
        <span className="text-ink-faint">never</span>
      ) : (
        <RelativeTime at={row.lastUsedAt} className="text-ink-soft" />
      ),
  },
];

function GatewayOf({ group }: { readonly group: ConnectionSummary['group'] }) {
  if (group === null) return <span className="text-hold">none</span>;
  return (
    <span className="inline-flex flex-wrap items-center gap-x-2">
      <span className="whitespace-nowrap">{group.name}</span>
      <GatewayHealthBadge health={group.health} bare />
    </span>
  );
}
