'use client';

import { sealingKeyFingerprint } from '@sluice/keys/sealing';
import { useQuery } from '@tanstack/react-query';
import { LockKeyhole } from 'lucide-react';
import { useTRPC } from '../../client/trpc.ts';
import { Field, Input } from '../../components/form.tsx';
import { Callout, ErrorState, Skeleton } from '../../components/states.tsx';
import type { ConnectionDraft, DraftErrors } from './connection-draft.ts';
import type { FieldsProps } from './connection-fields.tsx';

/** The account at the target. It is sealed in this page; the control plane never sees it. */
export function CredentialFields({ draft, errors, change, gatewayId }: FieldsProps & { readonly gatewayId: string }) {
  return (
    <div className="space-y-4">
      <div className="grid gap-4 sm:grid-cols-2">
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
        <Field label="Password at the target" error={errors.password ?? null}>
          {(control) => (
            <Input
              {...control}
              type="password"
              value={draft.password}
              onChange={(event) => change({ password: event.target.value })}
              autoComplete="new-password"
            />
          )}
        </Field>
      </div>
      {gatewayId === '' ? null : <Recipient gatewayId={gatewayId} />}
    </div>
  );
}

/** A second account that can only read: what stands under the parser when an agent finds a way past it. */
export function ReaderCredentialFields({ draft, errors, change }: FieldsProps) {
  return (
    <fieldset className="space-y-3">
      <legend className="font-medium">Reader credential</legend>
      <p className="text-ink-soft">{readerReason}</p>
      <div className="grid gap-4 sm:grid-cols-2">
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
        <Field label="Reader’s password" optional error={errors.readerPassword ?? null}>
          {(control) => (
            <Input
              {...control}
              type="password"
              value={draft.readerPassword}
              onChange={(event) => change({ readerPassword: event.target.value })}
              autoComplete="new-password"
            />
          )}
        </Field>
      </div>
    </fieldset>
  );
}

const readerReason =
  'An account that may only read. Agents then open with it, and only a write that policy or a person let through runs as the account above. Should an agent ever get a statement past the gateway, the target itself refuses the write.';

/** A complaint where the reader's password came without a name. */
export function readerErrors(draft: Pick<ConnectionDraft, 'readerUsername' | 'readerPassword'>): DraftErrors {
  return draft.readerUsername === '' && draft.readerPassword !== ''
    ? { readerUsername: 'Enter the reader’s account, or leave both empty.' }
    : {};
}

/** Whose key it is sealed to, with a fingerprint computed here from the key itself, to compare with what the gateway printed. */
function Recipient({ gatewayId }: { readonly gatewayId: string }) {
  const trpc = useTRPC();
  const keys = useQuery(trpc.connections.listSealingKeys.queryOptions({ gatewayId }));
  const fingerprints = useQuery({
    queryKey: ['sealing-fingerprints', gatewayId, keys.data?.map((key) => key.sealingKey)],
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
      <p>Sealed in this browser before it is sent: only this gateway can open it, and only for this address.</p>
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
