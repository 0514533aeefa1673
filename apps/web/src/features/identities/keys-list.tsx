'use client';

import type { TokenView } from '@sluice/api';
import { manifests } from '@sluice/protocols/manifests';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeySquare } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Field, Input, Select, TextArea } from '../../components/form.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { RevokeToken } from './revoke-token.tsx';
import { type Lifetime, lifetimes, type TokenOwner, TokenRow } from './token-row.tsx';

/** How the protocols whose clients sign in with keys explain them; undefined: none does. */
export const [clientKeys] = manifests.flatMap((manifest) => manifest.clientKeys ?? []);

/** Keys are registered by their person alone, or for an agent by whoever may see it. */
export function useMayAddKeys(owner: TokenOwner): boolean {
  const me = useMe();
  const mayWrite = useMay('identities.write.own');
  return mayWrite && (owner.kind === 'service' || owner.id === me?.person.id);
}

/** The public keys that somebody signs in with, newest first. */
export function KeysList({ owner }: { readonly owner: TokenOwner }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listTokens.queryOptions({ identityId: owner.id }));
  const [revoking, setRevoking] = useState<TokenView | null>(null);
  const me = useMe();
  if (query.error !== null && query.data === undefined)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonRows rows={2} />;
  const keys = query.data.filter((token) => token.type === 'public-key');
  if (keys.length === 0)
    return (
      <EmptyState icon={KeySquare} title="No key yet" className="py-8">
        With one {owner.id === me?.person.id ? 'you sign' : `${owner.name} signs`} in without typing a secret. Make a
        pair with <code className="whitespace-nowrap">{clientKeys?.make}</code> and add its public half.
      </EmptyState>
    );
  return (
    <>
      <ul className="divide-y divide-line" aria-label={clientKeys?.title}>
        {keys.map((token) => (
          <TokenRow key={token.id} token={token} onRevoke={() => setRevoking(token)} />
        ))}
      </ul>
      {revoking === null ? null : <RevokeToken token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

/** Registers the public half of a key pair; a private key that is pasted by mistake does not leave the page. */
export function AddKey({ owner, onClose }: { readonly owner: TokenOwner; readonly onClose: () => void }) {
  const me = useMe();
  return (
    <Dialog open onOpen={onClose} title={owner.id === me?.person.id ? 'Add a key' : `Add a key of ${owner.name}`}>
      <AddKeyForm owner={owner} onClose={onClose} />
    </Dialog>
  );
}

export function AddKeyForm({
  owner,
  onClose,
  closeLabel = 'Cancel',
}: {
  readonly owner: TokenOwner;
  readonly onClose: () => void;
  readonly closeLabel?: string;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [publicKey, setPublicKey] = useState('');
  const [label, setLabel] = useState('');
  const [days, setDays] = useState<Lifetime>('365');
  const [complaint, setComplaint] = useState<string | null>(null);
  const add = useMutation(
    trpc.identities.addKey.mutationOptions({
      onSuccess: ({ token }) => {
        toast.success(`Added “${token.label}”.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
      },
    }),
  );
  const error = complaint ?? (add.error === null ? null : errorSentence(add.error));
  return (
    <form
      className="space-y-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const found = clientKeys?.complaint(publicKey) ?? null;
        setComplaint(found);
        add.reset();
        if (found !== null) return;
        add.mutate({ identityId: owner.id, publicKey, label: label.trim(), expiresInDays: Number(days) });
      }}
    >
      <Field
        label="Public key"
        error={error}
        help={`The one line of ${clientKeys?.file ?? 'the .pub file'}. Only its fingerprint is kept.`}
      >
        {(control) => (
          <TextArea
            {...control}
            autoFocus
            rows={4}
            className="font-mono text-small [overflow-wrap:anywhere]"
            value={publicKey}
            onChange={(event) => {
              setPublicKey(event.target.value);
              setComplaint(null);
              add.reset();
            }}
            placeholder={clientKeys?.placeholder}
            autoComplete="off"
            spellCheck={false}
          />
        )}
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Label" optional help="Else the key’s own comment.">
          {(control) => (
            <Input
              {...control}
              value={label}
              maxLength={63}
              onChange={(event) => setLabel(event.target.value)}
              autoComplete="off"
              placeholder="laptop"
            />
          )}
        </Field>
        <Field label="Expires after">
          {(control) => (
            <Select
              id={control.id}
              value={days}
              onValue={setDays}
              choices={(Object.keys(lifetimes) as Lifetime[]).map((value) => ({ value, label: lifetimes[value] }))}
            />
          )}
        </Field>
      </div>
      <DialogButtons>
        <Button onClick={onClose}>{closeLabel}</Button>
        <Button type="submit" look="primary" busy={add.isPending} disabled={publicKey.trim() === ''}>
          Add the key
        </Button>
      </DialogButtons>
    </form>
  );
}
