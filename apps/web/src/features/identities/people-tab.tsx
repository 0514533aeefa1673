'use client';

import type { PersonView } from '@sluice/api';
import type { PersonRole } from '@sluice/domain';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Ban, Plus, UserPlus } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorMark } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Checkbox, type Choice, Field, Input, Select } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { Failure } from './failure.tsx';
import { TokensDialog } from './tokens-dialog.tsx';

const roleDetails: Record<PersonRole, string> = {
  admin: 'changes policy, connections and identities',
  security: 'writes policy, and watches who may do what',
  reviewer: 'answers approvals',
  auditor: 'reads everything, changes nothing, connects to nothing',
  member: 'connects, and owns agents',
};
const roleChoices = (['member', 'reviewer', 'auditor', 'security', 'admin'] as const).map((role) => ({
  value: role,
  label: role,
  detail: roleDetails[role],
}));

/** The roles of every installation, then those of this one; `current` is among them even before the list is here. */
function useRoleChoices(current: string): readonly Choice<string>[] {
  const roles = useQuery(useTRPC().identities.listRoles.queryOptions()).data ?? [];
  const own = roles.filter((role) => !role.builtIn && role.name !== 'agent');
  const choices: Choice<string>[] = [
    ...roleChoices,
    ...own.map(({ name, description }) => ({ value: name, label: name, detail: description })),
  ];
  const known = choices.some(({ value }) => value === current);
  return known ? choices : [...choices, { value: current, label: current }];
}

export function PeopleTab() {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listPeople.queryOptions());
  const mayWrite = useMay('identities.write');
  const [creating, setCreating] = useState(false);
  const [editing, setEditing] = useState<PersonView | null>(null);
  const [tokensOf, setTokensOf] = useState<PersonView | null>(null);
  return (
    <Panel
      flush
      title="People"
      aside={
        mayWrite ? (
          <Button size="small" look="primary" onClick={() => setCreating(true)} icon={<Plus aria-hidden="true" />}>
            New person
          </Button>
        ) : null
      }
    >
      {query.error !== null && query.data === undefined ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <SkeletonRows />
      ) : query.data.length === 0 ? (
        <EmptyState icon={UserPlus} title="Nobody yet">
          People sign in here, answer approvals and own agents.
        </EmptyState>
      ) : (
        <RecordList
          caption="People"
          rows={query.data}
          columns={personColumns(mayWrite ? setEditing : null, setTokensOf)}
          rowKey={(row) => row.id}
        />
      )}
      {creating ? <CreatePersonDialog onClose={() => setCreating(false)} /> : null}
      {editing === null ? null : <EditPersonDialog person={editing} onClose={() => setEditing(null)} />}
      {tokensOf === null ? null : (
        <TokensDialog
          identity={{ id: tokensOf.id, name: tokensOf.name, kind: 'person' }}
          onClose={() => setTokensOf(null)}
        />
      )}
    </Panel>
  );
}

function personColumns(
  onEdit: ((person: PersonView) => void) | null,
  onTokens: (person: PersonView) => void,
): Column<PersonView>[] {
  return [
    {
      name: 'Name',
      card: 'title',
      cell: (row) => (
        <span className="flex items-center gap-2">
          <ActorMark kind="person" />
          <span className="min-w-0">
            <span className="font-medium">{row.name}</span>
            {row.disabled ? (
              <span className="ml-2">
                <Badge tone="neutral" icon={Ban}>
                  disabled
                </Badge>
              </span>
            ) : null}
          </span>
        </span>
      ),
    },
    { name: 'E-mail', cell: (row) => <span className="text-ink-soft [overflow-wrap:anywhere]">{row.email}</span> },
    { name: 'Role', cell: (row) => row.role },
    { name: 'Groups', from: 'lg', cell: (row) => <Names names={row.groups.map((group) => group.name)} /> },
    { name: 'Agents', from: 'md', cell: (row) => <Names names={row.agents.map((agent) => agent.name)} /> },
    {
      name: 'Last sign-in',
      from: 'md',
      align: 'right',
      cell: (row) =>
        row.lastSignInAt === null ? (
          <span className="text-ink-faint">never</span>
        ) : (
          <RelativeTime at={row.lastSignInAt} className="text-ink-soft" />
        ),
    },
    {
      name: 'Actions',
      silent: true,
      align: 'right',
      cell: (row) => (
        <span className="inline-flex gap-1">
          <Button size="small" look="quiet" onClick={() => onTokens(row)}>
            Tokens
          </Button>
          {onEdit === null ? null : (
            <Button size="small" look="quiet" onClick={() => onEdit(row)} aria-label={`Edit ${row.name}`}>
              Edit
            </Button>
          )}
        </span>
      ),
    },
  ];
}

export function Names({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return <span className="text-ink-faint">none</span>;
  return <span className="text-ink-soft">{names.join(', ')}</span>;
}

/** NIST SP 800-63B: length is what counts. */
const shortestPassword = 12;

function CreatePersonDialog({ onClose }: { readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState('member');
  const [password, setPassword] = useState('');
  const create = useMutation(
    trpc.identities.createPerson.mutationOptions({
      onSuccess: (person) => {
        toast.success(`Created ${person.name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <Dialog open onOpen={onClose} title="New person">
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ name: name.trim(), email: email.trim(), role, password });
        }}
      >
        <Field label="Name">
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
        <Field label="E-mail">
          {(control) => (
            <Input
              {...control}
              type="email"
              value={email}
              required
              onChange={(event) => setEmail(event.target.value)}
              autoComplete="off"
            />
          )}
        </Field>
        <RoleField role={role} onRole={setRole} />
        <Field
          label="First password"
          help={`At least ${shortestPassword} characters. Hand it over on a way you trust.`}
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              value={password}
              required
              minLength={shortestPassword}
              onChange={(event) => setPassword(event.target.value)}
              autoComplete="new-password"
            />
          )}
        </Field>
        <Failure error={create.error} />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={create.isPending}>
            Create
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

function RoleField({ role, onRole }: { readonly role: string; readonly onRole: (role: string) => void }) {
  const choices = useRoleChoices(role);
  const detail = choices.find(({ value }) => value === role)?.detail;
  return (
    <Field label="Role" {...(detail === undefined ? {} : { help: detail })}>
      {(control) => <Select id={control.id} value={role} onValue={onRole} choices={choices} />}
    </Field>
  );
}

function EditPersonDialog({ person, onClose }: { readonly person: PersonView; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const groups = useQuery(trpc.identities.listGroups.queryOptions()).data ?? [];
  const [name, setName] = useState(person.name);
  const [role, setRole] = useState(person.role);
  const [disabled, setDisabled] = useState(person.disabled);
  const [groupIds, setGroupIds] = useState<readonly string[]>(person.groups.map((group) => group.id));
  const update = useMutation(
    trpc.identities.updatePerson.mutationOptions({
      onSuccess: () => {
        toast.success(`Saved ${name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <Dialog open onOpen={onClose} title={`Edit ${person.name}`} description={person.email}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          update.mutate({
            id: person.id,
            name: name.trim(),
            role,
            disabled,
            groupIds: [...groupIds],
          });
        }}
      >
        <Field label="Name">
          {(control) => (
            <Input
              {...control}
              value={name}
              required
              maxLength={63}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <RoleField role={role} onRole={setRole} />
        {groups.length === 0 ? null : (
          <fieldset>
            <legend className="mb-1 font-medium">Groups</legend>
            <div className="space-y-1.5">
              {groups.map((group) => (
                <Checkbox
                  key={group.id}
                  label={group.name}
                  checked={groupIds.includes(group.id)}
                  onChecked={(checked) =>
                    setGroupIds((before) => (checked ? [...before, group.id] : before.filter((id) => id !== group.id)))
                  }
                />
              ))}
            </div>
          </fieldset>
        )}
        <Checkbox
          label="Disabled"
          checked={disabled}
          onChecked={setDisabled}
          help={`Ends the sign-in and live sessions at once${person.agents.length === 0 ? '' : `, also those of ${person.agents.map((agent) => agent.name).join(', ')}`}.`}
        />
        <Failure error={update.error} />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={update.isPending}>
            Save
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
