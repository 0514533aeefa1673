'use client';

import type { ChannelView } from '@sluice/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { type ChangeEvent, useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { CopyBlock } from '../../components/copy.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Checkbox, Field, Input, Select, TextArea } from '../../components/form.tsx';
import { HostField, PortField } from '../../components/host-fields.tsx';
import { Callout } from '../../components/states.tsx';
import { type ChannelDraft, type ChannelKind, channelInput, draftOf } from './channel-draft.ts';

export type { ChannelKind } from './channel-draft.ts';

const titles: Readonly<Record<ChannelKind, string>> = { email: 'mail server', slack: 'Slack app', webhook: 'webhook' };
const leads: Readonly<Record<ChannelKind, string>> = {
  email: 'The server’s certificate is checked. The password is sealed with the master key and never shown again.',
  slack: 'Both secrets stand on your Slack app’s pages. They are sealed with the master key and never shown again.',
  webhook: 'Signed by Standard Webhooks. Addresses within your network need SLUICE_NOTIFY_ALLOW_ADDRESSES.',
};

/** Makes or changes a channel. A new webhook's secret is shown here, this once. */
export function ChannelDialog({
  kind,
  channel,
  onClose,
}: {
  readonly kind: ChannelKind;
  readonly channel: ChannelView | null;
  readonly onClose: () => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(kind, channel));
  const save = useMutation(
    trpc.notifications.saveChannel.mutationOptions({
      onSuccess: ({ secret }) => {
        toast.success(`Saved ${draft.name}. Send a test to see that it works.`);
        void queryClient.invalidateQueries({ queryKey: trpc.notifications.pathKey() });
        if (secret === null) onClose();
      },
    }),
  );
  const made = save.data?.secret ?? null;
  const title = channel === null ? `Add a ${titles[kind]}` : `Edit ${channel.name}`;
  if (made !== null) return <MadeSecret secret={made} onClose={onClose} />;
  return (
    <Dialog wide open onOpen={onClose} title={title} description={leads[kind]}>
      <form
        className="grid gap-4 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(channelInput(kind, channel?.id ?? null, draft));
        }}
      >
        <Fields
          kind={kind}
          draft={draft}
          isNew={channel === null}
          onChange={(part) => setDraft((before) => ({ ...before, ...part }))}
        />
        <div className="sm:col-span-2">
          <Checkbox
            label="In use"
            checked={draft.enabled}
            onChecked={(enabled) => setDraft((before) => ({ ...before, enabled }))}
            help="Switched off, it keeps its settings and sends nothing."
          />
        </div>
        <div className="sm:col-span-2">
          {save.error === null ? null : (
            <p role="alert" className="text-deny">
              {errorSentence(save.error)}
            </p>
          )}
          <DialogButtons>
            <Button onClick={onClose}>Cancel</Button>
            <Button look="primary" type="submit" busy={save.isPending}>
              Save
            </Button>
          </DialogButtons>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  readonly kind: ChannelKind;
  readonly draft: ChannelDraft;
  readonly isNew: boolean;
  readonly onChange: (part: Partial<ChannelDraft>) => void;
}

function Fields({ kind, draft, isNew, onChange }: FieldsProps) {
  const text = (key: keyof Omit<ChannelDraft, 'enabled'>) => ({
    value: draft[key],
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange({ [key]: event.target.value }),
    autoComplete: 'off',
  });
  const kept = isNew ? undefined : 'Leave it empty to keep the one that is there.';
  const name = (
    <Field label="Name" help="For this page and the audit log.">
      {(control) => <Input {...control} {...text('name')} required maxLength={63} />}
    </Field>
  );
  if (kind === 'webhook')
    return (
      <>
        {name}
        <Field label="Address" className="sm:col-span-2">
          {(control) => (
            <Input
              {...control}
              {...text('url')}
              type="url"
              required
              maxLength={2_000}
              placeholder="https://hooks.example.com/sluice"
              className="font-mono"
            />
          )}
        </Field>
      </>
    );
  if (kind === 'slack')
    return (
      <>
        {name}
        <Field label="Web API" help="Slack’s own, unless you use a stand-in.">
          {(control) => <Input {...control} {...text('apiUrl')} type="url" required className="font-mono" />}
        </Field>
        <Field label="Bot token" optional={!isNew} help={kept}>
          {(control) => (
            <Input {...control} {...text('botToken')} type="password" required={isNew} placeholder="xoxb-…" />
          )}
        </Field>
        <Field label="Signing secret" optional={!isNew} help={kept}>
          {(control) => <Input {...control} {...text('signingSecret')} type="password" required={isNew} />}
        </Field>
      </>
    );
  return (
    <>
      {name}
      <Field label="From" help="The address that messages come from.">
        {(control) => (
          <Input
            {...control}
            {...text('from')}
            type="email"
            required
            maxLength={254}
            placeholder="sluice@example.com"
          />
        )}
      </Field>
      <HostField value={draft.host} onValue={(host) => onChange({ host })} required placeholder="smtp.example.com" />
      <div className="grid grid-cols-[6rem_minmax(0,1fr)] gap-3">
        <PortField value={draft.port} onValue={(port) => onChange({ port })} required />
        <Field label="Security">
          {({ id }) => (
            <Select
              id={id}
              value={draft.tls}
              onValue={(tls) => onChange({ tls })}
              choices={[
                { value: 'starttls', label: 'STARTTLS', detail: 'Asked for, and nothing without it. Port 587' },
                { value: 'tls', label: 'TLS', detail: 'From the first byte. Port 465' },
                { value: 'none', label: 'None', detail: 'To a server on this machine only' },
              ]}
            />
          )}
        </Field>
      </div>
      <Field label="User name" optional>
        {(control) => <Input {...control} {...text('username')} maxLength={255} />}
      </Field>
      <Field label="Password" optional help={kept}>
        {(control) => <Input {...control} {...text('password')} type="password" autoComplete="new-password" />}
      </Field>
      <Field
        label="Certificate authority"
        optional
        help="PEM, where the server’s certificate is not from a public one."
        className="sm:col-span-2"
      >
        {(control) => <TextArea {...control} {...text('ca')} className="font-mono text-small" rows={3} />}
      </Field>
    </>
  );
}

function MadeSecret({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  return (
    <Dialog open onOpen={onClose} title="The webhook’s secret">
      <div className="space-y-3">
        <Callout tone="hold" icon={KeyRound}>
          It is shown this once. Your program checks <code className="font-mono">webhook-signature</code> with it.
        </Callout>
        <CopyBlock text={secret} label="Copy the secret" wrap />
        <DialogButtons>
          <Button look="primary" onClick={onClose}>
            I have kept it
          </Button>
        </DialogButtons>
      </div>
    </Dialog>
  );
}
