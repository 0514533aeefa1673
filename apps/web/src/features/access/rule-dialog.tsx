'use client';

import type { AccessRuleView } from '@sluice/api';
import { builtInRoles } from '@sluice/domain';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { EndField } from '../../components/end-field.tsx';
import { type Choice, Field, Input, Select } from '../../components/form.tsx';
import { Failure } from './access-forms.tsx';
import { LabelsField } from './labels-field.tsx';
import { draftOfRule, emptyDraft, type RuleDraft, readDraft } from './rule-draft.ts';

const modes = [
  { value: 'connect', label: 'May connect' },
  { value: 'request', label: 'May ask for access', detail: 'for a time, granted by others' },
  { value: 'break-glass', label: 'May take emergency access', detail: 'at once, loud, reviewed afterwards' },
] as const;
const subjects = [
  { value: 'group', label: 'A group' },
  { value: 'role', label: 'A role' },
  { value: 'person', label: 'A person' },
  { value: 'service', label: 'An agent' },
  { value: 'everyone', label: 'Everyone' },
] as const;

export function RuleDialog({
  open,
  onOpen,
  connection = null,
  rule = null,
}: {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  /** The one connection that the rule is for; null: labels choose. */
  readonly connection?: { readonly id: string; readonly name: string } | null;
  /** The rule that is changed; null: a new one. */
  readonly rule?: AccessRuleView | null;
}) {
  const trpc = useTRPC();
  const [draft, setDraft] = useState<RuleDraft>(() => (rule === null ? null : draftOfRule(rule)) ?? emptyDraft);
  const change = (part: Partial<RuleDraft>) => setDraft((before) => ({ ...before, ...part }));
  const text = (key: keyof Omit<RuleDraft, 'expiresAt'>) => ({
    value: draft[key],
    onChange: (event: { readonly target: { readonly value: string } }) => change({ [key]: event.target.value }),
  });
  const one = connection ?? rule?.connection ?? null;
  const read = readDraft(draft, one?.id ?? null);
  const onSuccess = (saved: AccessRuleView) => {
    toast.success(`${saved.sentence}.`);
    if (rule === null) setDraft(emptyDraft);
    onOpen(false);
  };
  const make = useMutation(trpc.access.createAccessRule.mutationOptions({ onSuccess }));
  const update = useMutation(trpc.access.updateAccessRule.mutationOptions({ onSuccess }));
  return (
    <Dialog
      wide
      open={open}
      onOpen={onOpen}
      title={rule === null ? 'Add an access rule' : 'Edit the access rule'}
      description={one === null ? 'For the connections that labels choose.' : `For ${one.name} alone.`}
    >
      <form
        className="grid gap-4 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (!read.ok) return;
          if (rule === null) make.mutate(read.rule);
          else update.mutate({ id: rule.id, ...read.rule });
        }}
      >
        <Field label="What">
          {({ id }) => (
            <Select
              id={id}
              value={draft.mode}
              onValue={(mode) => change({ mode })}
              choices={modes}
              className="w-full"
            />
          )}
        </Field>
        <Field label="Who">
          {({ id }) => (
            <Select
              id={id}
              value={draft.subjectKind}
              onValue={(subjectKind) => change({ subjectKind, subject: '' })}
              choices={subjects.filter(
                ({ value }) => draft.mode !== 'break-glass' || (value !== 'everyone' && value !== 'service'),
              )}
              className="w-full"
            />
          )}
        </Field>
        {draft.subjectKind === 'everyone' ? null : (
          <SubjectField draft={draft} onSubject={(subject) => change({ subject })} />
        )}
        {one === null ? (
          <LabelsField
            label="On the connections with"
            value={draft.labels}
            onValue={(labels) => change({ labels })}
            className="sm:col-span-2"
          />
        ) : null}
        {draft.mode === 'request' ? (
          <>
            <Field label="Who grants it" help="Roles and groups">
              {(control) => <Input {...control} {...text('approvers')} />}
            </Field>
            <Field label="How many of them">
              {(control) => <Input {...control} {...text('count')} type="number" min={1} max={10} />}
            </Field>
          </>
        ) : null}
        {draft.mode === 'connect' ? null : (
          <Field label="For at most" optional help="Minutes">
            {(control) => <Input {...control} {...text('minutes')} type="number" min={1} />}
          </Field>
        )}
        {draft.mode === 'connect' ? (
          <>
            <Field label="From networks" optional help="10.0.0.0/8 2001:db8::/32">
              {(control) => <Input {...control} {...text('networks')} className="font-mono" />}
            </Field>
            <Field label="On weekdays" optional help="mon-fri; empty: at any hour">
              {(control) => <Input {...control} {...text('weekdays')} />}
            </Field>
            {draft.weekdays === '' ? null : (
              <Field label="From, to, by the clocks of" className="sm:col-span-2">
                {(control) => (
                  <span className="flex gap-2">
                    <Input {...control} {...text('from')} className="w-24" aria-label="From" />
                    <Input {...text('to')} className="w-24" aria-label="To" />
                    <Input {...text('zone')} className="flex-1" aria-label="Time zone" />
                  </span>
                )}
              </Field>
            )}
          </>
        ) : null}
        <EndField never="Until it is removed" value={draft.expiresAt} onValue={(expiresAt) => change({ expiresAt })} />
        <Field label="Note" optional>
          {(control) => <Input {...control} {...text('note')} />}
        </Field>
        <div className="sm:col-span-2">
          {read.ok ? null : <p className="text-ink-soft">{read.problem}</p>}
          {rule === null ? null : (
            <p className="text-ink-soft">
              It said: {rule.sentence}. Sessions that rest on that alone end within two seconds.
            </p>
          )}
          <Failure error={make.error ?? update.error} />
          <DialogButtons>
            <Button onClick={() => onOpen(false)}>Cancel</Button>
            <Button look="primary" type="submit" busy={make.isPending || update.isPending} disabled={!read.ok}>
              {rule === null ? 'Add the rule' : 'Save the rule'}
            </Button>
          </DialogButtons>
        </div>
      </form>
    </Dialog>
  );
}

function SubjectField({
  draft,
  onSubject,
}: {
  readonly draft: RuleDraft;
  readonly onSubject: (subject: string) => void;
}) {
  const trpc = useTRPC();
  const kind = draft.subjectKind;
  const groups = useQuery({ ...trpc.identities.listGroups.queryOptions(), enabled: kind === 'group' }).data ?? [];
  const people = useQuery({ ...trpc.identities.listPeople.queryOptions(), enabled: kind === 'person' }).data ?? [];
  const agents = useQuery({ ...trpc.identities.listAgents.queryOptions(), enabled: kind === 'service' }).data ?? [];
  const roles = useRoleNames();
  const named: readonly { readonly id: string; readonly name: string }[] =
    kind === 'group' ? groups : kind === 'person' ? people : agents;
  const choices: Choice<string>[] =
    kind === 'role'
      ? roles.map((role) => ({ value: role, label: role }))
      : named.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <Field
      label="Which"
      help={choices.length === 0 ? 'There is none yet: make one on the Identities page.' : undefined}
    >
      {({ id }) => <Select id={id} value={draft.subject} onValue={onSubject} choices={choices} className="w-full" />}
    </Field>
  );
}

/** The built-in roles, and those of this installation where the reader may see them. */
function useRoleNames(): readonly string[] {
  const trpc = useTRPC();
  const maySee = useMay('roles.read');
  const known = useQuery(trpc.identities.listRoles.queryOptions(undefined, { enabled: maySee })).data ?? [];
  return [...new Set([...builtInRoles, ...known.map(({ name }) => name)])];
}
