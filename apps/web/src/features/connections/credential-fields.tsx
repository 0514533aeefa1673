'use client';

import { credentialReferenceSchema } from '@sluice/domain';
import { sealingKeyFingerprint } from '@sluice/keys/sealing';
import { manifestByName } from '@sluice/protocols/manifests';
import { useQuery } from '@tanstack/react-query';
import { LockKeyhole } from 'lucide-react';
import type { ComponentProps } from 'react';
import { useTRPC } from '../../client/trpc.ts';
import { Field, Input, Select, TextArea } from '../../components/form.tsx';
import { Callout, ErrorState, Skeleton } from '../../components/states.tsx';
import type { ConnectionDraft, DraftErrors } from './connection-draft.ts';
import type { FieldsProps } from './connection-fields.tsx';

/** The account at the target. It is sealed in this page; the control plane never sees it. */
export function CredentialFields({ draft, errors, change, groupId }: FieldsProps & { readonly groupId: string }) {
  const secretField = manifestByName(draft.protocol)?.secretField;
  return (
    <div className="space-y-4">
      <Field
        label={secretField === undefined ? 'Where the password is' : 'Where the secret is'}
        help={places[draft.passwordIn]}
      >
        {(control) => (
          <Select
            id={control.id}
            value={draft.passwordIn}
            onValue={(passwordIn) => change({ passwordIn, password: '', readerPassword: '' })}
            choices={[
              { value: 'sealed', label: 'Typed here and sealed' },
              { value: 'gateway', label: 'On the gateway’s own machine' },
            ]}
          />
        )}
      </Field>
      <div className={secretColumns(draft)}>
        <Field label="User name at the target" error={errors.username ?? null}>
          {(control) => (
            <Input
              {...control}
              value={draft.username}
              onChange={(event) => change({ username: event.target.value })}
              autoComplete="off"
            />
          )}
        </Field>
        <PasswordField
          label={secretField === undefined ? 'Password at the target' : secretField.label}
          draft={draft}
          value={draft.password}
          error={errors.password ?? null}
          onValue={(password) => change({ password })}
        />
      </div>
      {groupId === '' || draft.passwordIn === 'gateway' ? null : <Recipient groupId={groupId} />}
    </div>
  );
}

/** A second account that can only read: what stands under the parser when an agent finds a way past it. */
export function ReaderCredentialFields({ draft, errors, change }: FieldsProps) {
  return (
    <fieldset className="space-y-3">
      <legend className="font-medium">Reader credential</legend>
      <p className="text-ink-soft">{readerReason}</p>
      <div className={secretColumns(draft)}>
        <Field label="Reader’s user name" optional error={errors.readerUsername ?? null}>
          {(control) => (
            <Input
              {...control}
              value={draft.readerUsername}
              onChange={(event) => change({ readerUsername: event.target.value })}
              autoComplete="off"
            />
          )}
        </Field>
        <PasswordField
          label={`Reader’s ${lowerFirst(manifestByName(draft.protocol)?.secretField?.label ?? 'password')}`}
          draft={draft}
          value={draft.readerPassword}
          error={errors.readerPassword ?? null}
          onValue={(readerPassword) => change({ readerPassword })}
        />
      </div>
    </fieldset>
  );
}

const readerReason =
  'An account that may only read. Agents then open with it, and only a write that policy or a person let through runs as the account above. Should an agent ever get a statement past the gateway, the target itself refuses the write.';

const places: Readonly<Record<ConnectionDraft['passwordIn'], string>> = {
  sealed: 'Only the gateway can open it; nobody reads it back.',
  gateway: 'The gateway reads it for every session. Its own floor file says for which targets.',
};

/** A password to seal, or the place where the gateway finds one. */
function PasswordField({
  label,
  draft,
  value,
  error,
  onValue,
}: {
  readonly label: string;
  readonly draft: ConnectionDraft;
  readonly value: string;
  readonly error: string | null;
  readonly onValue: (value: string) => void;
}) {
  if (draft.passwordIn === 'gateway')
    return (
      <Field label={`${label}: its place`} error={error}>
        {(control) => (
          <Input
            {...control}
            value={value}
            onChange={(event) => onValue(event.target.value)}
            placeholder="env:ORDERS_PASSWORD"
            className="font-mono"
            autoComplete="off"
          />
        )}
      </Field>
    );
  const secretField = manifestByName(draft.protocol)?.secretField;
  if (secretField !== undefined)
    return (
      <Field label={label} error={error} help={secretField.help}>
        {(control) => <SecretLines control={control} value={value} onValue={onValue} />}
      </Field>
    );
  return (
    <Field label={label} error={error}>
      {(control) => (
        <Input
          {...control}
          type="password"
          value={value}
          onChange={(event) => onValue(event.target.value)}
          autoComplete="new-password"
        />
      )}
    </Field>
  );
}

/** A secret of several lines, drawn as dots like a password: what is pasted keeps its line ends, and nobody reads it over a shoulder. */
function SecretLines({
  control,
  value,
  onValue,
}: {
  readonly control: Pick<ComponentProps<'textarea'>, 'id' | 'aria-describedby' | 'aria-invalid'>;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  const lines = value.trimEnd().split('\n').length;
  return (
    <>
      <TextArea
        {...control}
        rows={Math.min(Math.max(lines + 1, 3), maxSecretRows)}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        className="resize-y font-mono text-small [-webkit-text-security:disc]"
        autoComplete="off"
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
      />
      {lines > 1 ? <p className="mt-1 text-ink-soft text-small">{lines} lines</p> : null}
    </>
  );
}

const maxSecretRows = 10;

/** Side by side where both are of one line. */
function secretColumns(draft: ConnectionDraft): string {
  const ofLines = draft.passwordIn === 'sealed' && manifestByName(draft.protocol)?.secretField !== undefined;
  return ofLines ? 'space-y-4' : 'grid gap-4 sm:grid-cols-2';
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

const badReference = 'Write env:NAME or file:/absolute/path, as the gateway’s floor file lists it.';

type Account = Pick<ConnectionDraft, 'protocol' | 'passwordIn'>;

/** What keeps the account's fields from being sent. */
export function writerErrors(draft: Account & Pick<ConnectionDraft, 'username' | 'password'>): DraftErrors {
  const { username, password } = draft;
  if (username === '') return { username: 'Enter the account that Sluice uses at the target.' };
  const complaint = secretError(draft, username, password);
  return complaint === null ? {} : { password: complaint };
}

/** A complaint where the reader's password came without a name, is none, or its place is none. */
export function readerErrors(draft: Account & Pick<ConnectionDraft, 'readerUsername' | 'readerPassword'>): DraftErrors {
  const { readerUsername: username, readerPassword: password } = draft;
  if (username === '')
    return password === '' ? {} : { readerUsername: 'Enter the reader’s account, or leave both empty.' };
  const complaint = secretError(draft, username, password);
  return complaint === null ? {} : { readerPassword: complaint };
}

function secretError({ protocol, passwordIn }: Account, username: string, password: string): string | null {
  if (passwordIn === 'sealed') return manifestByName(protocol)?.secretField?.complaint(password) ?? null;
  return credentialReferenceSchema.safeParse({ username, password }).success ? null : badReference;
}

/** Whose key it is sealed to, with a fingerprint computed here from the key itself, to compare with what the gateway printed. */
function Recipient({ groupId }: { readonly groupId: string }) {
  const trpc = useTRPC();
  const keys = useQuery(trpc.connections.listSealingKeys.queryOptions({ groupId }));
  const fingerprints = useQuery({
    queryKey: ['sealing-fingerprints', groupId, keys.data?.map((key) => key.sealingKey)],
    enabled: keys.data !== undefined,
    queryFn: () =>
      Promise.all(
        (keys.data ?? []).map(async (key) => ({
          name: key.gatewayName,
          fingerprint: await sealingKeyFingerprint(key.sealingKey),
        })),
      ),
  });
  if (keys.error !== null || fingerprints.error !== null)
    return <ErrorState error={keys.error ?? fingerprints.error} onRetry={() => void keys.refetch()} />;
  if (fingerprints.data === undefined) return <Skeleton className="h-16" />;
  return (
    <Callout tone="info" icon={LockKeyhole}>
      <p>Sealed in this browser before it is sent: only the gateways below can open it, and only for this address.</p>
      <dl className="mt-1">
        {fingerprints.data.map((key) => (
          <div key={key.fingerprint}>
            <dt className="text-small">
              {key.name}’s sealing key. Compare it with what the gateway printed when it enrolled:
            </dt>
            <dd className="font-mono text-small [overflow-wrap:anywhere]">{key.fingerprint}</dd>
          </div>
        ))}
      </dl>
    </Callout>
  );
}
