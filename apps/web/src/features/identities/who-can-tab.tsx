'use client';

import type { AccessMatrix, AccessRow } from '@sluice/api';
import { useQuery } from '@tanstack/react-query';
import { ShieldQuestion } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { useIdentities } from '../../client/identities.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Field, SearchInput, Select } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';

const questions = [
  ['see', 'See'],
  ['connect', 'Connect'],
  ['approve', 'Approve'],
  ['change', 'Change'],
  ['readRecordings', 'Read recordings'],
] as const;

/** Who can do what on what, and why. The address names whom or what it is about, so that it can be passed on. */
export function WhoCanTab() {
  const trpc = useTRPC();
  const router = useRouter();
  const params = useSearchParams();
  const { people, agents, ready } = useIdentities();
  const connections = useQuery(trpc.connections.listConnections.queryOptions({})).data ?? [];
  const identityId = params.get('identity');
  const connectionId = params.get('connection');
  const about = connectionId !== null ? { connectionId } : { identityId: identityId ?? people[0]?.id ?? '' };
  const known = connectionId !== null || ready;
  const query = useQuery(
    trpc.identities.explainAccess.queryOptions(about, { enabled: known && Object.values(about)[0] !== '' }),
  );
  const choices = [
    ...people.map(({ id, name, role }) => ({ value: `identity=${id}`, label: name, detail: role })),
    ...agents.map(({ id, name, owner }) => ({
      value: `identity=${id}`,
      label: name,
      detail: `agent of ${owner.name}`,
    })),
    ...connections.map(({ id, name, protocol }) => ({ value: `connection=${id}`, label: name, detail: protocol })),
  ];
  const value = connectionId !== null ? `connection=${connectionId}` : `identity=${identityId ?? people[0]?.id ?? ''}`;
  return (
    <Panel flush title="Who can do what">
      <div className="border-line border-b p-4">
        <Field label="About" help="A person or an agent on every connection, or a connection for everybody.">
          {(control) => (
            <Select
              id={control.id}
              value={value}
              onValue={(next) => router.replace(`?tab=who&${next}`, { scroll: false })}
              choices={choices}
            />
          )}
        </Field>
      </div>
      {query.error !== null && query.data === undefined ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <SkeletonRows />
      ) : (
        <Matrix matrix={query.data} />
      )}
    </Panel>
  );
}

function Matrix({ matrix }: { readonly matrix: AccessMatrix }) {
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const rows = matrix.rows.filter((row) => textOf(row).includes(wanted));
  return (
    <>
      <div className="border-line border-b px-4 py-2">
        <SearchInput label="Filter by name, label or reason" value={filter} onValue={setFilter} />
      </div>
      {rows.length === 0 ? (
        <EmptyState icon={ShieldQuestion} title="Nothing to show">
          {matrix.rows.length === 0 ? 'There is no connection yet.' : 'No row fits the filter.'}
        </EmptyState>
      ) : (
        <RecordList caption="Who can do what, and why" rows={rows} columns={columns} rowKey={keyOf} />
      )}
    </>
  );
}

function keyOf(row: AccessRow): string {
  return row.connection?.id ?? row.actor?.id ?? '';
}

function textOf({ connection, actor, answers }: AccessRow): string {
  const labels = Object.entries(connection?.labels ?? {}).map(([label, value]) => `${label}=${value}`);
  const reasons = Object.values(answers).map(({ because }) => because);
  return [connection?.name, actor?.name, actor?.role, ...labels, ...reasons].join(' ').toLowerCase();
}

const columns: Column<AccessRow>[] = [
  { name: 'Who or what', card: 'title', cell: (row) => <Subject row={row} /> },
  ...questions.map(
    ([key, name]): Column<AccessRow> => ({
      name,
      cell: ({ answers }) => <AnswerCell answer={answers[key]} />,
    }),
  ),
];

function Subject({ row: { connection, actor } }: { readonly row: AccessRow }) {
  if (actor !== null) return <ActorName actor={actor} stacked />;
  if (connection === null) return null;
  const labels = Object.entries(connection.labels).map(([label, value]) => `${label}=${value}`);
  return (
    <span>
      <span className="block font-medium">{connection.name}</span>
      {labels.length === 0 ? null : <span className="block text-ink-faint text-small">{labels.join(', ')}</span>}
    </span>
  );
}

/** The reason stands under its answer, where it can be read without a pointer. */
function AnswerCell({ answer }: { readonly answer: AccessRow['answers']['see'] }) {
  return (
    <span className="block min-w-0 py-1">
      <Badge tone={answer.yes ? 'allow' : 'neutral'}>{answer.yes ? 'yes' : 'no'}</Badge>
      <span className="block text-ink-soft text-small">{answer.because}</span>
      {answer.until === null ? null : (
        <span className="block text-ink-faint text-small">until {answer.until.toLocaleString()}</span>
      )}
    </span>
  );
}
