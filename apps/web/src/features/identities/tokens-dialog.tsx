'use client';

import type { TokenView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus, ShieldCheck } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { CopyBlock } from '../../components/copy.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Checkbox, Field, Input, Segmented, Select } from '../../components/form.tsx';
import { Callout, EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Failure } from './failure.tsx';
import { AddKeyForm, clientKeys, KeysList, useMayAddKeys } from './keys-list.tsx';
import { RevokeToken } from './revoke-token.tsx';
import { type Lifetime, lifetimes, type TokenOwner, TokenRow } from './token-row.tsx';

/** An identity's tokens and keys: what there is, one more, one less. A secret is shown once, in here. */
export function TokensDialog({ identity, onClose }: { readonly identity: TokenOwner; readonly onClose: () => void }) {
  const [adding, setAdding] = useState<'token' | 'key' | null>(null);
  const [secret, setSecret] = useState<{ readonly label: string; readonly secret: string } | null>(null);
  const back = () => setAdding(null);
  return (
    <Dialog
      open
      onOpen={onClose}
      wide
      title={clientKeys === undefined ? `Tokens of ${identity.name}` : `Tokens and keys of ${identity.name}`}
      description="A native secret opens connections; an API token opens the API and the command line. Neither does the other’s work."
    >
      {secret !== null ? (
        <div className="space-y-4" aria-live="polite">
          <Callout tone="allow" icon={ShieldCheck}>
            “{secret.label}” was made. It is shown this once; Sluice keeps only its hash. Copy it now.
          </Callout>
          <CopyBlock text={secret.secret} label="Copy the secret" wrap />
          <DialogButtons>
            <Button look="primary" onClick={() => setSecret(null)}>
              I have copied it
            </Button>
          </DialogButtons>
        </div>
      ) : adding === 'token' ? (
        <CreateToken
          identity={identity}
          onClose={back}
          onCreated={(created) => {
            back();
            setSecret(created);
          }}
        />
      ) : adding === 'key' ? (
        <AddKeyForm owner={identity} onClose={back} closeLabel="Back" />
      ) : (
        <div className="space-y-6">
          <TokenSection identity={identity} onCreate={() => setAdding('token')} />
          {clientKeys === undefined ? null : (
            <KeySection title={clientKeys.title} owner={identity} onAdd={() => setAdding('key')} />
          )}
        </div>
      )}
    </Dialog>
  );
}

function Section({
  title,
  action,
  children,
}: {
  readonly title: string;
  readonly action: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section>
      <div className="mb-2 flex min-h-7 items-center justify-between gap-2">
        <h3 className="font-medium">{title}</h3>
        {action}
      </div>
      {children}
    </section>
  );
}

function TokenSection({ identity, onCreate }: { readonly identity: TokenOwner; readonly onCreate: () => void }) {
  const me = useMe();
  const mayMake = useMay('identities.write.own') && (identity.kind === 'service' || identity.id === me?.person.id);
  const action = (
    <Button look="primary" size="small" onClick={onCreate} icon={<Plus aria-hidden="true" />}>
      New token
    </Button>
  );
  return (
    <Section title="Tokens" action={mayMake ? action : null}>
      <TokenList identity={identity} />
      {mayMake || identity.kind === 'service' ? null : (
        <p className="mt-2 text-ink-faint">A person’s tokens and keys are made by that person alone.</p>
      )}
    </Section>
  );
}

function KeySection({
  title,
  owner,
  onAdd,
}: {
  readonly title: string;
  readonly owner: TokenOwner;
  readonly onAdd: () => void;
}) {
  const action = (
    <Button size="small" onClick={onAdd} icon={<Plus aria-hidden="true" />}>
      Add a key
    </Button>
  );
  return (
    <Section title={title} action={useMayAddKeys(owner) ? action : null}>
      <div className="rounded-box border border-line">
        <KeysList owner={owner} />
      </div>
    </Section>
  );
}

function TokenList({ identity }: { readonly identity: TokenOwner }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listTokens.queryOptions({ identityId: identity.id }));
  const [revoking, setRevoking] = useState<TokenView | null>(null);
  if (query.error !== null && query.data === undefined)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonRows rows={3} />;
  const tokens = query.data.filter((token) => token.type !== 'public-key');
  return (
    <>
      {tokens.length === 0 ? (
        <EmptyState icon={KeyRound} title="No tokens" className="rounded-box border border-line py-8">
          A native secret lets {identity.name} connect, an API token lets it use the API.
        </EmptyState>
      ) : (
        <ul className="divide-y divide-line rounded-box border border-line" aria-label="Tokens">
          {tokens.map((token) => (
            <TokenRow key={token.id} token={token} onRevoke={() => setRevoking(token)} />
          ))}
        </ul>
      )}
      {revoking === null ? null : <RevokeToken token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function CreateToken({
  identity,
  onClose,
  onCreated,
}: {
  readonly identity: TokenOwner;
  readonly onClose: () => void;
  readonly onCreated: (created: { label: string; secret: string }) => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const connections = useQuery(trpc.connections.listConnections.queryOptions({})).data ?? [];
  const [type, setType] = useState<'native' | 'api'>('native');
  const [label, setLabel] = useState('');
  const [connectionIds, setConnectionIds] = useState<readonly string[]>([]);
  const [days, setDays] = useState<Lifetime>('30');
  const create = useMutation(
    trpc.identities.createToken.mutationOptions({
      onSuccess: ({ token, secret }) => {
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onCreated({ label: token.label, secret });
      },
    }),
  );
  const needsConnection = type === 'native' && connectionIds.length === 0;
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (needsConnection) return;
        create.mutate({
          identityId: identity.id,
          type,
          label: label.trim(),
          expiresInDays: Number(days),
          ...(type === 'native' ? { connectionIds: [...connectionIds] } : {}),
        });
      }}
    >
      <div>
        <p className="mb-1 font-medium">Kind</p>
        <Segmented
          label="Kind"
          value={type}
          onValue={setType}
          choices={[
            { value: 'native', label: 'Native secret' },
            { value: 'api', label: 'API token' },
          ]}
        />
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Label" help="Where it will live, so that you know what a revocation stops.">
          {(control) => (
            <Input
              {...control}
              value={label}
              required
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
      {type === 'native' ? (
        <fieldset>
          <legend className="mb-1 font-medium">Opens</legend>
          <div className="max-h-48 space-y-1.5 overflow-y-auto">
            {connections.map((connection) => (
              <Checkbox
                key={connection.id}
                label={connection.name}
                checked={connectionIds.includes(connection.id)}
                onChecked={(checked) =>
                  setConnectionIds((before) =>
                    checked ? [...before, connection.id] : before.filter((id) => id !== connection.id),
                  )
                }
              />
            ))}
          </div>
          {connections.length === 0 ? (
            <p className="text-ink-soft">There is no connection yet; add one first.</p>
          ) : null}
        </fieldset>
      ) : null}
      <Failure error={create.error} />
      <DialogButtons>
        <Button onClick={onClose}>Back</Button>
        <Button type="submit" look="primary" busy={create.isPending} disabled={needsConnection || label.trim() === ''}>
          Make it
        </Button>
      </DialogButtons>
    </form>
  );
}
