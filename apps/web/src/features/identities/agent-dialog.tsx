'use client';

import type { AgentView } from '@sluice/api';
import { describeSelector, statementKinds } from '@sluice/domain';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Bot } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useIdentities } from '../../client/identities.ts';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { EndField } from '../../components/end-field.tsx';
import { Checkbox, Field, Input, Segmented, Select } from '../../components/form.tsx';
import { Callout } from '../../components/states.tsx';
import { LabelsField } from '../access/labels-field.tsx';
import { type AgentDraft, agentDraft, describeScopes, emptyAgent, scopesOf } from './agent-draft.ts';
import { Failure } from './failure.tsx';

/** What each kind is about, for people who choose; chatter of the session is always among them. */
const kindTexts: Readonly<Record<(typeof statementKinds)[number], string>> = {
  read: 'reading',
  write: 'changing data',
  schema: 'changing the schema',
  privilege: 'changing rights',
  session: 'settings of the session; always allowed',
  procedure: 'calling procedures',
  unknown: 'what could not be told',
};

interface Props {
  /** Null: a new one. */
  readonly agent: AgentView | null;
  readonly onClose: () => void;
  readonly onCreated: (agent: AgentView) => void;
}

/** Makes an agent, or changes whose it is and what it is for. */
export function AgentDialog({ agent, onClose, onCreated }: Props) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const me = useMe();
  const [draft, setDraft] = useState(() => (agent === null ? emptyAgent(me?.person.id ?? '') : agentDraft(agent)));
  const change = (part: Partial<AgentDraft>) => setDraft((before) => ({ ...before, ...part }));
  const refresh = () => void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
  const create = useMutation(
    trpc.identities.createAgent.mutationOptions({
      onSuccess: (made) => {
        toast.success(`Created ${made.name}. Give it a token next.`);
        refresh();
        onClose();
        onCreated(made);
      },
    }),
  );
  const update = useMutation(
    trpc.identities.updateAgent.mutationOptions({
      onSuccess: (saved) => {
        toast.success(`Saved ${saved.name}.`);
        refresh();
        onClose();
      },
    }),
  );
  const scopes = scopesOf(draft);
  const ownerId = draft.ownerId === '' ? (me?.person.id ?? '') : draft.ownerId;
  const owner = draft.ownerKind === 'team' ? { teamId: ownerId } : { ownerId };
  const submit = () => {
    if (scopes === null) return;
    const { expiresAt, disabled } = draft;
    if (agent === null) create.mutate({ name: draft.name.trim(), ...owner, scopes, expiresAt });
    else {
      const moved = ownerId === agent.owner.id ? {} : owner;
      // An agent may be stopped by more than this switch, so it is only sent when it was turned.
      const turned = disabled === agent.disabled ? {} : { disabled };
      update.mutate({ id: agent.id, ...moved, ...turned, scopes, expiresAt });
    }
  };
  return (
    <Dialog
      wide
      open
      onOpen={onClose}
      title={agent === null ? 'New agent' : `Edit ${agent.name}`}
      description="Its statements are judged, held and recorded under its own name and its owner’s."
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          {agent === null ? (
            <Field label="Name">
              {(control) => (
                <Input
                  {...control}
                  value={draft.name}
                  required
                  maxLength={63}
                  onChange={(event) => change({ name: event.target.value })}
                  autoComplete="off"
                  placeholder="coding-agent"
                />
              )}
            </Field>
          ) : null}
          <OwnerFields draft={draft} ownerId={ownerId} onChange={change} />
        </div>
        <ScopeFields draft={draft} onChange={change} />
        {agent === null ? null : (
          <Checkbox
            label="Disabled"
            checked={draft.disabled}
            onChecked={(disabled) => change({ disabled })}
            help="Ends its live sessions and refuses new ones at once. Its recordings stay."
          />
        )}
        <Summary draft={draft} isNew={agent === null} />
        <Failure error={create.error ?? update.error} />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={create.isPending || update.isPending} disabled={scopes === null}>
            {agent === null ? 'Create' : 'Save'}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  readonly draft: AgentDraft;
  readonly onChange: (part: Partial<AgentDraft>) => void;
}

function OwnerFields({ draft, ownerId, onChange }: FieldsProps & { readonly ownerId: string }) {
  const trpc = useTRPC();
  const me = useMe();
  const { people } = useIdentities();
  const mayChoose = useMay('identities.write');
  const maySee = useMay('identities.read');
  const groups = useQuery(trpc.identities.listGroups.queryOptions(undefined, { enabled: maySee })).data ?? [];
  const isTeam = draft.ownerKind === 'team';
  // Without that permission agents are made for oneself and one's teams.
  const teams = groups.filter(({ id }) => mayChoose || me?.groups.includes(id) === true);
  const persons = people.filter(({ id, disabled }) => !disabled && (mayChoose || id === me?.person.id));
  if (!mayChoose && teams.length === 0) return null;
  return (
    <>
      <div>
        <p className="mb-1 font-medium">Belongs to</p>
        <Segmented
          label="Belongs to"
          value={draft.ownerKind}
          onValue={(ownerKind) => onChange({ ownerKind, ownerId: ownerKind === 'team' ? (teams[0]?.id ?? '') : '' })}
          choices={[
            { value: 'person', label: 'A person' },
            ...(teams.length === 0 ? [] : [{ value: 'team' as const, label: 'A team' }]),
          ]}
        />
      </div>
      <Field
        label={isTeam ? 'Team' : 'Owner'}
        help={
          isTeam
            ? 'Everybody in the group answers for it, and none of them approves what it asks.'
            : 'The person who answers for it. The owner may not approve what it asks.'
        }
      >
        {(control) => (
          <Select
            id={control.id}
            className="w-full"
            value={ownerId}
            onValue={(id) => onChange({ ownerId: id })}
            choices={
              isTeam
                ? teams.map(({ id, name }) => ({ value: id, label: name }))
                : persons.map(({ id, name, email }) => ({ value: id, label: name, detail: email }))
            }
          />
        )}
      </Field>
    </>
  );
}

/** What it is for: each narrows what its owner may do, and what is left empty narrows nothing. */
function ScopeFields({ draft, onChange }: FieldsProps) {
  const trpc = useTRPC();
  const connections = useQuery(trpc.connections.listConnections.queryOptions({})).data ?? [];
  const toggled = <Value,>(list: readonly Value[], value: Value, on: boolean) =>
    on ? [...list, value] : list.filter((one) => one !== value);
  return (
    <fieldset className="space-y-4 rounded-box border border-line p-3">
      <legend className="px-1 font-medium">What it is for</legend>
      <div className="grid gap-4 sm:grid-cols-2">
        <fieldset>
          <legend className="mb-1 font-medium">Only these connections</legend>
          <div className="max-h-40 space-y-1.5 overflow-y-auto">
            {connections.map(({ id, name }) => (
              <Checkbox
                key={id}
                label={name}
                checked={draft.connectionIds.includes(id)}
                onChecked={(on) => onChange({ connectionIds: toggled(draft.connectionIds, id, on) })}
              />
            ))}
          </div>
          <p className="mt-1 text-ink-faint text-small">None ticked: all that its owner and the rules allow.</p>
        </fieldset>
        <fieldset>
          <legend className="mb-1 font-medium">Only these kinds of statements</legend>
          <div className="space-y-1.5">
            {statementKinds
              .filter((kind) => kind !== 'session')
              .map((kind) => (
                <Checkbox
                  key={kind}
                  label={kindTexts[kind]}
                  checked={draft.kinds.includes(kind)}
                  onChecked={(on) => onChange({ kinds: toggled(draft.kinds, kind, on) })}
                />
              ))}
          </div>
          <p className="mt-1 text-ink-faint text-small">None ticked: every kind. The gateway denies all others.</p>
        </fieldset>
        <LabelsField
          label="Only connections with"
          value={draft.labels}
          onValue={(labels) => onChange({ labels })}
          className="sm:col-span-2"
        />
        <Field label="Only from networks" optional help="10.0.0.0/8 2001:db8::/32: for secrets and tokens alike.">
          {(control) => (
            <Input
              {...control}
              value={draft.networks}
              onChange={(event) => onChange({ networks: event.target.value })}
              className="font-mono"
              autoComplete="off"
            />
          )}
        </Field>
        <EndField
          never="Until it is disabled"
          value={draft.expiresAt}
          onValue={(expiresAt) => onChange({ expiresAt })}
        />
      </div>
    </fieldset>
  );
}

function Summary({ draft, isNew }: { readonly draft: AgentDraft; readonly isNew: boolean }) {
  const trpc = useTRPC();
  const connections = useQuery(trpc.connections.listConnections.queryOptions({})).data ?? [];
  const selector = scopesOf(draft)?.selector;
  if (selector === undefined) return null;
  const names = new Map(connections.map(({ id, name }) => [id, name]));
  return (
    <Callout tone="info" icon={Bot}>
      <p>{describeScopes(draft, names, describeSelector(selector))}</p>
      {isNew ? null : <p>What is narrowed counts within two seconds, for live sessions too.</p>}
    </Callout>
  );
}
