'use client';

import type { RoleAssignmentView, RoleView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { toast } from 'sonner';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { Panel } from '../../components/layout.tsx';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { Failure } from './failure.tsx';

/** The roles that there are, and who has which besides base roles. */
export function RolesTab() {
  return (
    <div className="space-y-4">
      <Assignments />
      <Roles />
    </div>
  );
}

function Assignments() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const query = useQuery(trpc.identities.listAssignments.queryOptions());
  const mayWrite = useMay('roles.write');
  const revoke = useMutation(
    trpc.identities.revokeAssignment.mutationOptions({
      onSuccess: () => {
        toast.success('Taken back.');
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
      },
    }),
  );
  return (
    <Panel flush title="Assignments">
      <Failure error={revoke.error} />
      {query.error !== null && query.data === undefined ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <SkeletonRows />
      ) : query.data.length === 0 ? (
        <EmptyState icon={ShieldCheck} title="No assignments">
          Everybody has their base role and nothing more. An assignment gives a person or a group a further role, for
          the connections of a label and for a time.
        </EmptyState>
      ) : (
        <RecordList
          caption="Assignments"
          rows={query.data}
          columns={assignmentColumns(mayWrite ? (id) => revoke.mutate({ id }) : null)}
          rowKey={(row) => row.id}
        />
      )}
    </Panel>
  );
}

function assignmentColumns(onRevoke: ((id: string) => void) | null): Column<RoleAssignmentView>[] {
  return [
    {
      name: 'Who',
      card: 'title',
      cell: ({ holder }) => (
        <span className="font-medium">
          {holder.name} {holder.kind === 'group' ? <span className="text-ink-faint">group</span> : null}
        </span>
      ),
    },
    { name: 'Role', cell: (row) => row.role },
    { name: 'Where', cell: (row) => row.where },
    {
      name: 'Until',
      cell: (row) => (row.expiresAt === null ? 'taken back' : <RelativeTime at={row.expiresAt} />),
    },
    {
      name: 'Actions',
      silent: true,
      align: 'right',
      cell: (row) =>
        onRevoke === null ? null : (
          <Button
            size="small"
            look="quiet"
            onClick={() => onRevoke(row.id)}
            aria-label={`Take ${row.role} from ${row.holder.name}`}
          >
            Take back
          </Button>
        ),
    },
  ];
}

function Roles() {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listRoles.queryOptions());
  return (
    <Panel flush title="Roles">
      {query.error !== null && query.data === undefined ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <SkeletonRows />
      ) : (
        <RecordList caption="Roles" rows={query.data} columns={roleColumns} rowKey={(row) => row.name} />
      )}
    </Panel>
  );
}

const roleColumns: Column<RoleView>[] = [
  {
    name: 'Role',
    card: 'title',
    cell: (row) => (
      <span className="font-medium">
        {row.name} {row.builtIn ? <Badge tone="neutral">built in</Badge> : null}
      </span>
    ),
  },
  { name: 'What for', cell: (row) => row.description },
  {
    name: 'Permissions',
    cell: (row) => <span className="font-mono text-ink-soft text-small">{row.permissions.join(', ')}</span>,
  },
];
