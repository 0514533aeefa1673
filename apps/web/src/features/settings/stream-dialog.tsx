'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { type ChangeEvent, useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { CopyBlock } from '../../components/copy.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Checkbox, Field, Input, Segmented, Select, TextArea } from '../../components/form.tsx';
import { HostField, PortField } from '../../components/host-fields.tsx';
import { Callout } from '../../components/states.tsx';

type Kind = 'syslog' | 'endpoint' | 'file';

/** The key's length in bytes: as long as the hash that it keys (RFC 2104, section 3). */
const keyBytes = 32;

const firstDraft = {
  name: '',
  kind: 'syslog' as Kind,
  host: '',
  port: '6514',
  transport: 'tls' as 'tcp' | 'tls',
  ca: '',
  url: '',
  file: 'events',
  audit: true,
  statements: true,
};
type Draft = typeof firstDraft;

function settingsOf(draft: Draft) {
  switch (draft.kind) {
    case 'syslog': {
      const { host, port, transport, ca } = draft;
      return {
        kind: 'syslog' as const,
        host: host.trim(),
        port: Number(port),
        transport,
        ca: ca.trim() === '' ? null : ca,
      };
    }
    case 'endpoint':
      return { kind: 'endpoint' as const, url: draft.url.trim() };
    case 'file':
      return { kind: 'file' as const, name: draft.file.trim() };
  }
}

/** Made in the browser, shown while the form is open, and then kept sealed by the control plane. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(keyBytes));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function StreamDialog({ onClose }: { readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(firstDraft);
  const [secret] = useState(newKey);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const create = useMutation(
    trpc.streams.createStream.mutationOptions({
      onSuccess: ({ name }) => {
        toast.success(`Added ${name}. Send a test to see that it arrives.`);
        void queryClient.invalidateQueries({ queryKey: trpc.streams.pathKey() });
        onClose();
      },
    }),
  );
  const sendsNothing = !draft.audit && !draft.statements;
  return (
    <Dialog
      wide
      open
      onOpen={onClose}
      title="Add an event stream"
      description="It begins with what happens from now on."
    >
      <form
        className="grid gap-4 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault();
          const { name, kind, audit, statements } = draft;
          const settings = settingsOf(draft);
          create.mutate({
            name: name.trim(),
            settings,
            audit,
            statements,
            secret: kind === 'endpoint' ? secret : null,
          });
        }}
      >
        <Segmented
          label="Kind"
          className="justify-self-start sm:col-span-2"
          value={draft.kind}
          onValue={(kind) => change({ kind })}
          choices={[
            { value: 'syslog', label: 'Syslog' },
            { value: 'endpoint', label: 'HTTP endpoint' },
            { value: 'file', label: 'File' },
          ]}
        />
        <Field label="Name" help="Lower-case letters, digits and dashes.">
          {(control) => (
            <Input
              {...control}
              value={draft.name}
              onChange={(event) => change({ name: event.target.value })}
              required
              maxLength={63}
              pattern="[a-z0-9][a-z0-9\-]*"
              autoComplete="off"
            />
          )}
        </Field>
        <KindFields draft={draft} secret={secret} onChange={change} />
        <fieldset className="space-y-2 sm:col-span-2">
          <legend className="mb-1 font-medium">What is sent</legend>
          <Checkbox
            label="Audit events"
            checked={draft.audit}
            onChecked={(audit) => change({ audit })}
            help="Who changed or decided what."
          />
          <Checkbox
            label="Statements"
            checked={draft.statements}
            onChecked={(statements) => change({ statements })}
            help="As recorded: masked, with verdicts and counts, without rows."
          />
        </fieldset>
        <div className="sm:col-span-2">
          {create.error === null ? null : (
            <p role="alert" className="text-deny">
              {errorSentence(create.error)}
            </p>
          )}
          <DialogButtons>
            <Button onClick={onClose}>Cancel</Button>
            <Button look="primary" type="submit" busy={create.isPending} disabled={sendsNothing}>
              Add the stream
            </Button>
          </DialogButtons>
        </div>
      </form>
    </Dialog>
  );
}

function KindFields({
  draft,
  secret,
  onChange,
}: {
  readonly draft: Draft;
  readonly secret: string;
  readonly onChange: (part: Partial<Draft>) => void;
}) {
  const text = (key: 'host' | 'port' | 'ca' | 'url' | 'file') => ({
    value: draft[key],
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange({ [key]: event.target.value }),
    autoComplete: 'off',
  });
  if (draft.kind === 'endpoint')
    return (
      <>
        <Field label="Address" className="sm:col-span-2">
          {(control) => (
            <Input
              {...control}
              {...text('url')}
              type="url"
              required
              maxLength={2_048}
              placeholder="https://collector.example.com/sluice"
              className="font-mono"
            />
          )}
        </Field>
        <div className="space-y-2 sm:col-span-2">
          <Callout tone="hold" icon={KeyRound}>
            Each batch is signed with this key (HMAC-SHA-256). Copy it to the receiver now: it is kept sealed and not
            shown again.
          </Callout>
          <CopyBlock text={secret} label="Copy the key" wrap />
        </div>
      </>
    );
  if (draft.kind === 'file')
    return (
      <Field label="File name" help="NDJSON, in the folder that SLUICE_EVENT_FILES names on the control plane’s node.">
        {(control) => <Input {...control} {...text('file')} required maxLength={63} pattern="[a-z0-9][a-z0-9\-]*" />}
      </Field>
    );
  return (
    <>
      <Field label="Transport">
        {({ id }) => (
          <Select
            id={id}
            className="w-full"
            value={draft.transport}
            onValue={(transport) => onChange({ transport, port: transport === 'tls' ? '6514' : '601' })}
            choices={[
              { value: 'tls', label: 'TLS', detail: 'RFC 5425, the certificate is checked' },
              { value: 'tcp', label: 'TCP', detail: 'RFC 6587, unprotected on the way' },
            ]}
          />
        )}
      </Field>
      <HostField value={draft.host} onValue={(host) => onChange({ host })} required placeholder="siem.example.com" />
      <PortField value={draft.port} onValue={(port) => onChange({ port })} required />
      {draft.transport === 'tls' ? (
        <Field
          label="Certificate authority"
          optional
          help="PEM, where it is not a public one."
          className="sm:col-span-2"
        >
          {(control) => <TextArea {...control} {...text('ca')} rows={3} className="font-mono text-small" />}
        </Field>
      ) : null}
    </>
  );
}
