'use client';

import type { TokenView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { CopyBlock } from '../../components/copy.tsx';
import { ConfirmDialog, Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Checkbox, Field, Input, Segmented, Select } from '../../components/form.tsx';
import { Callout, EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { Failure } from './failure.tsx';

interface Identity {
  readonly id: string;
  readonly name: string;
  readonly kind: 'person' | 'service';
}

/** An identity's tokens: what there is, one more, one less. A secret is shown once, in here. */
export function TokensDialog({ identity, onClose }: { readonly identity: Identity; readonly onClose: () => void }) {
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<{ readonly label: string; readonly secret: string } | null>(null);
  return (
    <Dialog
      open
      onOpen={onClose}
      wide
      title={`Tokens of ${identity.name}`}
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
      ) : creating ? (
        <CreateToken
          identity={identity}
          onClose={() => setCreating(false)}
          onCreated={(created) => {
            setCreating(false);
            setSecret(created);
          }}
        />
      ) : (
        <TokenList identity={identity} onCreate={() => setCreating(true)} />
      )}
    </Dialog>
  );
}

function TokenList({ identity, onCreate }: { readonly identity: Identity; readonly onCreate: () => void }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listTokens.queryOptions({ identityId: identity.id }));
  const [revoking, setRevoking] = useState<TokenView | null>(null);
  const me = useMe();
  const mayMake = useMay('identities.write.own') && (identity.kind === 'service' || identity.id === me?.person.id);
  if (query.error !== null && query.data === undefined)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonRows rows={3} />;
  return (
    <>
      {query.data.length === 0 ? (
        <EmptyState icon={KeyRound} title="No tokens" className="py-8">
          Without one {identity.name} can neither connect nor use the API.
        </EmptyState>
      ) : (
        <ul className="divide-y divide-line rounded-box border border-line">
          {query.data.map((token) => (
            <TokenRow key={token.id} token={token} onRevoke={() => setRevoking(token)} />
          ))}
        </ul>
      )}
      {mayMake ? (
        <DialogButtons>
          <Button look="primary" onClick={onCreate} icon={<Plus aria-hidden="true" />}>
            New token
          </Button>
        </DialogButtons>
      ) : (
        <p className="mt-4 text-ink-faint">A person’s tokens are made by that person alone.</p>
      )}
      {revoking === null ? null : <RevokeDialog token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

const typeWords: Readonly<Record<TokenView['type'], string>> = {
  api: 'API token',
  native: 'native secret',
  'public-key': 'public key',
  certificate: 'certificate',
};

function TokenRow({ token, onRevoke }: { readonly token: TokenView; readonly onRevoke: () => void }) {
  const ended = token.revokedAt !== null;
  return (
    <li className="flex items-start gap-3 px-3 py-2.5">
      <div className={classNames('min-w-0 flex-1', ended && 'text-ink-faint')}>
        <p className="flex flex-wrap items-center gap-x-2">
          <span className={classNames('font-medium', ended && 'line-through')}>{token.label}</span>
          <Badge tone={token.type === 'api' ? 'neutral' : 'info'}>{typeWords[token.type]}</Badge>
          <code className="text-ink-faint text-small">{token.display}</code>
        </p>
        <p className="text-ink-soft text-small">
          {token.type === 'api' ? 'the API and the command line' : scopeText(token)}
        </p>
        <p className="text-ink-faint text-small">
          made <RelativeTime at={token.createdAt} />
          {token.lastUsedAt === null ? ', never used' : ', used '}
          {token.lastUsedAt === null ? null : <RelativeTime at={token.lastUsedAt} />}
          {ended ? ', revoked ' : token.expiresAt === null ? ', does not expire' : ', expires '}
          {token.revokedAt !== null ? (
            <RelativeTime at={token.revokedAt} />
          ) : token.expiresAt === null ? null : (
            <RelativeTime at={token.expiresAt} />
          )}
        </p>
      </div>
      {ended ? null : (
        <Button size="small" look="dangerPlain" onClick={onRevoke} aria-label={`Revoke ${token.label}`}>
          Revoke…
        </Button>
      )}
    </li>
  );
}

function scopeText(token: TokenView): string {
  return token.connections.length === 0
    ? 'every connection'
    : token.connections.map((connection) => connection.name).join(', ');
}

const lifetimes = { '1': '1 day', '7': '7 days', '30': '30 days', '90': '90 days', '365': '1 year' } as const;
type Lifetime = keyof typeof lifetimes;

function CreateToken({
  identity,
  onClose,
  onCreated,
}: {
  readonly identity: Identity;
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

function RevokeDialog({ token, onClose }: { readonly token: TokenView; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const revoke = useMutation(
    trpc.identities.revokeToken.mutationOptions({
      onSuccess: () => {
        toast.success(`Revoked “${token.label}”.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpen={onClose}
      title={`Revoke “${token.label}”?`}
      confirmLabel="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: token.id })}
    >
      <p>
        {token.type === 'native'
          ? `Sessions that were opened with it on ${scopeText(token)} end within two seconds, and nothing can connect with it again.`
          : 'Programs and command lines that use it are refused from now on.'}
      </p>
    </ConfirmDialog>
  );
}
