'use client';

import type { AccessRuleView } from '@sluice/api';
import { useMutation } from '@tanstack/react-query';
import { Pencil, ShieldQuestion, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/states.tsx';
import { RuleDialog } from './rule-dialog.tsx';

const modes = { connect: 'connect', request: 'ask', 'break-glass': 'emergency' } as const;

export function RulesList({ rules }: { readonly rules: readonly AccessRuleView[] }) {
  if (rules.length === 0)
    return (
      <EmptyState icon={ShieldQuestion} title="No rule, so nobody may connect" className="py-8">
        Add a rule that lets a group connect, by label or for one connection.
      </EmptyState>
    );
  return (
    <ul className="divide-y divide-line">
      {rules.map((rule) => (
        <RuleRow key={rule.id} rule={rule} />
      ))}
    </ul>
  );
}

function RuleRow({ rule }: { readonly rule: AccessRuleView }) {
  const trpc = useTRPC();
  const mayWrite = useMay('access.write');
  const [open, setOpen] = useState(false);
  const [editing, setEditing] = useState(false);
  const remove = useMutation(
    trpc.access.deleteAccessRule.mutationOptions({
      onSuccess: () => {
        toast.success('Removed the rule.');
        setOpen(false);
      },
    }),
  );
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
      <span className="w-20 shrink-0 text-ink-faint text-small">{modes[rule.mode]}</span>
      <span className="min-w-0 flex-1 basis-60">
        {rule.sentence}
        {rule.expiresAt === null ? '' : ` until ${rule.expiresAt.toLocaleString()}`}.
        {rule.note === '' ? null : <span className="block text-ink-soft text-small">{rule.note}</span>}
      </span>
      {mayWrite ? (
        <span className="inline-flex gap-1">
          {rule.windows.length > 1 ? null : (
            <Button
              look="quiet"
              size="iconSmall"
              aria-label={`Edit: ${rule.sentence}`}
              onClick={() => setEditing(true)}
            >
              <Pencil aria-hidden="true" />
            </Button>
          )}
          <Button look="quiet" size="iconSmall" aria-label={`Remove: ${rule.sentence}`} onClick={() => setOpen(true)}>
            <Trash2 aria-hidden="true" />
          </Button>
        </span>
      ) : null}
      {editing ? <RuleDialog open onOpen={setEditing} rule={rule} /> : null}
      <ConfirmDialog
        open={open}
        onOpen={setOpen}
        title="Remove this rule?"
        confirmLabel="Remove rule"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate({ id: rule.id })}
      >
        <p>{rule.sentence}.</p>
        <p>Sessions that are open by this rule alone end within two seconds.</p>
      </ConfirmDialog>
    </li>
  );
}
