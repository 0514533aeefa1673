'use client';

import type { AgentView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Ban, Bot, Plus } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useIdentities } from '../../client/identities.ts';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Checkbox, Field, Input, Select } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { Failure } from './failure.tsx';
import { TokensDialog } from './tokens-dialog.tsx';

export function AgentsTab({ creating: startCreating }: { readonly creating: boolean }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listAgents.queryOptions());
  const mayWrite = useMay('identities.write.own');
  const [creating, setCreating] = useState(startCreating);
  const [editing, setEditing] = useState<AgentView | null>(null);
  const [tokensOf, setTokensOf] = useState<AgentView | null>(null);
  const add = mayWrite ? (
    <Button size="small" look="primary" onClick={() => setCreating(true)} icon={<Plus aria-hidden="true" />}>
      New agent
    </Button>
  ) : undefined;
  return (
    <Panel flush title="Agents" aside={add}>
      {query.error !== null && query.data === undefined ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <SkeletonRows />
      ) : query.data.length === 0 ? (
        <EmptyState icon={Bot} title="No agents yet" action={add}>
          An agent is an AI coding agent’s own identity. A person owns it and answers for it; it connects with its own
          secret and never signs in here.
        </EmptyState>
      ) : (
        <RecordList
          caption="Agents"
          rows={query.data}
          columns={agentColumns(mayWrite ? setEditing : null, setTokensOf)}
          rowKey={(row) => row.id}
        />
      )}
      {creating && mayWrite ? <CreateAgentDialog onClose={() => setCreating(false)} onCreated={setTokensOf} /> : null}
      {editing === null ? null : <EditAgentDialog agent={editing} onClose={() => setEditing(null)} />}
      {tokensOf === null ? null : (
        <TokensDialog
          identity={{ id: tokensOf.id, name: tokensOf.name, kind: 'service' }}
          onClose={() => setTokensOf(null)}
        />
      )}
    </Panel>
  );
}

function agentColumns(
  onEdit: ((agent: AgentView) => void) | null,
  onTokens: (agent: AgentView) => void,
): Column<AgentView>[] {
  return [
    {
      name: 'Agent',
      card: 'title',
      cell: (row) => (
        <span className="flex flex-wrap items-center gap-x-2">
          <ActorName actor={{ id: row.id, kind: 'service', name: row.name, role: 'agent', owner: row.owner }} />
          {row.disabled ? (
            <Badge tone="neutral" icon={Ban}>
              disabled
            </Badge>
          ) : null}
        </span>
      ),
    },
    { name: 'Tokens', align: 'right', cell: (row) => row.tokens },
    {
      name: 'Created',
      from: 'md',
      align: 'right',
      cell: (row) => <RelativeTime at={row.createdAt} className="text-ink-soft" />,
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

function CreateAgentDialog({
  onClose,
  onCreated,
}: {
  readonly onClose: () => void;
  readonly onCreated: (agent: AgentView) => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const me = useMe();
  const [name, setName] = useState('');
  const [chosenOwner, setChosenOwner] = useState<string | null>(null);
  const ownerId = chosenOwner ?? me?.person.id ?? '';
  const create = useMutation(
    trpc.identities.createAgent.mutationOptions({
      onSuccess: (agent) => {
        toast.success(`Created ${agent.name}. Give it a token next.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
        onCreated(agent);
      },
    }),
  );
  return (
    <Dialog
      open
      onOpen={onClose}
      title="New agent"
      description="Its statements are judged, held and recorded under its own name and its owner’s."
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ name: name.trim(), ownerId });
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
              placeholder="coding-agent"
            />
          )}
        </Field>
        <OwnerField ownerId={ownerId} onOwner={setChosenOwner} />
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

function EditAgentDialog({ agent, onClose }: { readonly agent: AgentView; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [ownerId, setOwnerId] = useState(agent.owner.id);
  const [disabled, setDisabled] = useState(agent.disabled);
  const update = useMutation(
    trpc.identities.updateAgent.mutationOptions({
      onSuccess: () => {
        toast.success(`Saved ${agent.name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <Dialog open onOpen={onClose} title={`Edit ${agent.name}`}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          update.mutate({ id: agent.id, disabled, ...(ownerId === agent.owner.id ? {} : { ownerId }) });
        }}
      >
        <OwnerField ownerId={ownerId} onOwner={setOwnerId} />
        <Checkbox
          label="Disabled"
          checked={disabled}
          onChecked={setDisabled}
          help="Ends its live sessions and refuses new ones at once. Its recordings stay."
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

function OwnerField({ ownerId, onOwner }: { readonly ownerId: string; readonly onOwner: (id: string) => void }) {
  const { people } = useIdentities();
  const mayChoose = useMay('identities.write');
  // Without that permission agents are made for oneself alone.
  if (!mayChoose) return null;
  return (
    <Field label="Owner" help="The person who answers for it. The owner may not approve what it asks.">
      {(control) => (
        <Select
          id={control.id}
          value={ownerId}
          onValue={onOwner}
          choices={people
            .filter((person) => !person.disabled)
            .map((person) => ({ value: person.id, label: person.name, detail: person.email }))}
        />
      )}
    </Field>
  );
}
