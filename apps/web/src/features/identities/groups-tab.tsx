'use client';

import type { GroupView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus, Users } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useIdentities } from '../../client/identities.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Checkbox, Field, Input } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Failure } from './failure.tsx';
import { Names } from './people-tab.tsx';

export function GroupsTab() {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listGroups.queryOptions());
  const mayWrite = useMay('identities.write');
  const [editing, setEditing] = useState<GroupView | 'new' | null>(null);
  const add = mayWrite ? (
    <Button size="small" look="primary" onClick={() => setEditing('new')} icon={<Plus aria-hidden="true" />}>
      New group
    </Button>
  ) : undefined;
  return (
    <Panel flush title="Groups" aside={add}>
      {query.error !== null && query.data === undefined ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <SkeletonRows />
      ) : query.data.length === 0 ? (
        <EmptyState icon={Users} title="No groups yet" action={add}>
          A group gathers people under a name that policy rules can test, and that holds can name as approvers.
        </EmptyState>
      ) : (
        <RecordList
          caption="Groups"
          rows={query.data}
          columns={groupColumns(mayWrite ? setEditing : null)}
          rowKey={(row) => row.id}
        />
      )}
      {editing === null ? null : (
        <GroupDialog group={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
    </Panel>
  );
}

function groupColumns(onEdit: ((group: GroupView) => void) | null): Column<GroupView>[] {
  return [
    { name: 'Name', card: 'title', cell: (row) => <span className="font-medium">{row.name}</span> },
    { name: 'Members', cell: (row) => <Names names={row.members.map((member) => member.name)} /> },
    {
      name: 'Actions',
      silent: true,
      align: 'right',
      cell: (row) =>
        onEdit === null ? null : (
          <Button size="small" look="quiet" onClick={() => onEdit(row)} aria-label={`Edit ${row.name}`}>
            Edit
          </Button>
        ),
    },
  ];
}

function GroupDialog({ group, onClose }: { readonly group: GroupView | null; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { people } = useIdentities();
  const [name, setName] = useState(group?.name ?? '');
  const [memberIds, setMemberIds] = useState<readonly string[]>(group?.members.map((member) => member.id) ?? []);
  const onSuccess = () => {
    toast.success(`Saved ${name}.`);
    void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
    onClose();
  };
  const create = useMutation(trpc.identities.createGroup.mutationOptions({ onSuccess }));
  const update = useMutation(trpc.identities.updateGroup.mutationOptions({ onSuccess }));
  return (
    <Dialog open onOpen={onClose} title={group === null ? 'New group' : `Edit ${group.name}`}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (group === null) create.mutate({ name: name.trim(), memberIds: [...memberIds] });
          else update.mutate({ id: group.id, name: name.trim(), memberIds: [...memberIds] });
        }}
      >
        <Field label="Name" help="Rules test this name: renaming it changes what they match.">
          {(control) => (
            <Input
              {...control}
              value={name}
              required
              maxLength={63}
              onChange={(event) => setName(event.target.value)}
              autoComplete="off"
            />
          )}
        </Field>
        <fieldset>
          <legend className="mb-1 font-medium">Members</legend>
          <div className="max-h-64 space-y-1.5 overflow-y-auto">
            {people.map((person) => (
              <Checkbox
                key={person.id}
                label={person.name}
                help={person.email}
                checked={memberIds.includes(person.id)}
                onChecked={(checked) =>
                  setMemberIds((before) => (checked ? [...before, person.id] : before.filter((id) => id !== person.id)))
                }
              />
            ))}
          </div>
        </fieldset>
        <Failure error={create.error ?? update.error} />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={create.isPending || update.isPending}>
            Save
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
