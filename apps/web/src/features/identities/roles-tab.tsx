'use client';

import type { RoleAssignmentView, RoleView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ChevronRight, Plus, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useIdentities } from '../../client/identities.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { Panel } from '../../components/layout.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { countText } from '../../components/measures.ts';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { EmptyState } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { AssignDialog } from './assign-dialog.tsx';
import { PermissionWords } from './permission-list.tsx';
import { DeleteRole, RoleDialog } from './role-dialog.tsx';

/** The roles that there are, and who has which besides base roles. */
export function RolesTab() {
  const trpc = useTRPC();
  const roles = useQuery(trpc.identities.listRoles.queryOptions());
  const [assigning, setAssigning] = useState(false);
  const mayWrite = useMay('roles.write');
  return (
    <div className="space-y-4">
      <Panel
        flush
        title="Assignments"
        aside={
          mayWrite ? (
            <Button size="small" look="primary" icon={<Plus aria-hidden="true" />} onClick={() => setAssigning(true)}>
              Assign a role
            </Button>
          ) : undefined
        }
      >
        <Assignments mayWrite={mayWrite} />
      </Panel>
      <Roles query={roles} mayWrite={mayWrite} />
      {assigning ? <AssignDialog roles={roles.data ?? []} onClose={() => setAssigning(false)} /> : null}
    </div>
  );
}

function Assignments({ mayWrite }: { readonly mayWrite: boolean }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listAssignments.queryOptions());
  const [taking, setTaking] = useState<RoleAssignmentView | null>(null);
  return (
    <Loaded query={query}>
      {(assignments) =>
        assignments.length === 0 ? (
          <EmptyState icon={ShieldCheck} title="No assignments" className="py-8">
            Everybody has their base role and nothing more. An assignment gives a person or a group a further role, for
            the connections of a label and for a time.
          </EmptyState>
        ) : (
          <>
            <RecordList
              caption="Assignments"
              rows={assignments}
              columns={assignmentColumns(mayWrite ? setTaking : null)}
              rowKey={(row) => row.id}
            />
            {taking === null ? null : <TakeBack assignment={taking} onClose={() => setTaking(null)} />}
          </>
        )
      }
    </Loaded>
  );
}

function TakeBack({ assignment, onClose }: { readonly assignment: RoleAssignmentView; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { holder, role, where } = assignment;
  const revoke = useMutation(
    trpc.identities.revokeAssignment.mutationOptions({
      onSuccess: () => {
        toast.success(`Took ${role} from ${holder.name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpen={onClose}
      title={`Take ${role} from ${holder.name}?`}
      confirmLabel="Take back"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: assignment.id })}
    >
      <p>
        {holder.kind === 'group' ? `Everybody in ${holder.name}` : holder.name} may no longer do on {where} what only
        this role gave them. Sessions that rest on it end within two seconds.
      </p>
    </ConfirmDialog>
  );
}

function assignmentColumns(onTake: ((row: RoleAssignmentView) => void) | null): Column<RoleAssignmentView>[] {
  return [
    {
      name: 'Who',
      card: 'title',
      cell: ({ holder }) => (
        <span className="font-medium">
          {holder.name} {holder.kind === 'group' ? <span className="font-normal text-ink-faint">group</span> : null}
        </span>
      ),
    },
    { name: 'Role', cell: (row) => row.role },
    { name: 'Where', cell: (row) => row.where },
    {
      name: 'Until',
      cell: (row) =>
        row.expiresAt === null ? <span className="text-ink-faint">no end</span> : <RelativeTime at={row.expiresAt} />,
    },
    {
      name: 'Actions',
      silent: true,
      align: 'right',
      cell: (row) =>
        onTake === null ? null : (
          <Button
            size="small"
            look="quiet"
            onClick={() => onTake(row)}
            aria-label={`Take back: ${row.role} from ${row.holder.name}`}
          >
            Take back
          </Button>
        ),
    },
  ];
}

interface RolesQuery {
  readonly data: readonly RoleView[] | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

function Roles({ query, mayWrite }: { readonly query: RolesQuery; readonly mayWrite: boolean }) {
  const [editing, setEditing] = useState<RoleView | 'new' | null>(null);
  const [deleting, setDeleting] = useState<RoleView | null>(null);
  const holdersOf = useHolders();
  return (
    <Panel
      flush
      title="Roles"
      aside={
        mayWrite ? (
          <Button size="small" icon={<Plus aria-hidden="true" />} onClick={() => setEditing('new')}>
            New role
          </Button>
        ) : undefined
      }
    >
      <Loaded query={query}>
        {(roles) => (
          <>
            <ul className="divide-y divide-line">
              {roles.map((role) => (
                <RoleItem
                  key={role.name}
                  role={role}
                  holders={holdersOf(role.name)}
                  onEdit={mayWrite && !role.builtIn ? () => setEditing(role) : null}
                  onDelete={mayWrite && !role.builtIn ? () => setDeleting(role) : null}
                />
              ))}
            </ul>
            {editing === null ? null : (
              <RoleDialog
                role={editing === 'new' ? null : editing}
                roles={roles}
                holders={editing === 'new' ? 0 : holdersOf(editing.name)}
                onClose={() => setEditing(null)}
              />
            )}
            {deleting === null ? null : (
              <DeleteRole role={deleting} holders={holdersOf(deleting.name)} onClose={() => setDeleting(null)} />
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

/** How many people have a role as their base role, and people and groups by assignment. */
function useHolders(): (role: string) => number {
  const trpc = useTRPC();
  const { people } = useIdentities();
  const assignments = useQuery(trpc.identities.listAssignments.queryOptions()).data ?? [];
  return (name) => {
    const base = people.filter(({ role }) => role === name).map(({ id }) => id);
    const assigned = assignments.filter(({ role }) => role === name).map(({ holder }) => holder.id);
    return new Set([...base, ...assigned]).size;
  };
}

function RoleItem({
  role,
  holders,
  onEdit,
  onDelete,
}: {
  readonly role: RoleView;
  readonly holders: number;
  readonly onEdit: (() => void) | null;
  readonly onDelete: (() => void) | null;
}) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2 pr-4 pl-2">
        <button
          type="button"
          aria-expanded={open}
          data-inset-focus=""
          onClick={() => setOpen(!open)}
          className="flex min-w-0 flex-1 basis-60 items-start gap-2 rounded-small px-2 py-1 text-left hover:bg-hover"
        >
          <ChevronRight
            aria-hidden="true"
            className={classNames('mt-0.5 size-4 shrink-0 text-ink-faint transition-transform', open && 'rotate-90')}
          />
          <span className="min-w-0">
            <span className="flex flex-wrap items-center gap-2">
              <span className="font-medium">{role.name}</span>
              {role.builtIn ? <Badge tone="neutral">built in</Badge> : null}
            </span>
            <span className="block text-ink-soft">{role.description}</span>
          </span>
        </button>
        <span className="pl-8 text-ink-faint text-small sm:pl-0">
          {countText(role.permissions.length, 'permission')} · {countText(holders, 'holder')}
        </span>
        {onEdit === null || onDelete === null ? null : (
          <span className="inline-flex gap-1">
            <Button size="small" look="quiet" onClick={onEdit} aria-label={`Edit ${role.name}`}>
              Edit
            </Button>
            <Button size="small" look="quiet" onClick={onDelete} aria-label={`Delete ${role.name}`}>
              Delete
            </Button>
          </span>
        )}
      </div>
      {open ? (
        <div className="border-line border-t bg-canvas px-4 py-3 sm:pl-10">
          <PermissionWords permissions={role.permissions} />
        </div>
      ) : null}
    </li>
  );
}
