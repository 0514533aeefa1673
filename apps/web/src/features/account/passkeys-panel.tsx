'use client';

import type { PasskeysView, PasskeyView } from '@sluice/api';
import { passkeyRemovalText } from '@sluice/domain';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Fingerprint, Pencil, Plus, ShieldAlert, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { canUsePasskeys, signWithPasskey } from '../../client/passkeys.ts';
import { useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { CopyButton } from '../../components/copy.tsx';
import { ConfirmDialog, Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Panel } from '../../components/layout.tsx';
import { Callout, EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { AddPasskey } from './add-passkey.tsx';
import { PasskeyNameField } from './passkey-name-field.tsx';

/** The person's passkeys: what there is, one more, another name, one less. */
export function PasskeysPanel() {
  const trpc = useTRPC();
  const query = useQuery(trpc.passkeys.listPasskeys.queryOptions());
  const [adding, setAdding] = useState(false);
  const view = query.data;
  return (
    <Panel
      title="Passkeys"
      aside={
        <Button
          look="primary"
          size="small"
          icon={<Plus aria-hidden="true" />}
          disabled={view === undefined || !canUsePasskeys()}
          onClick={() => setAdding(true)}
        >
          Register a passkey
        </Button>
      }
      flush
    >
      {view === undefined ? (
        query.error === null ? (
          <SkeletonRows rows={2} />
        ) : (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        )
      ) : (
        <PasskeyList view={view} />
      )}
      {adding && view !== undefined ? <AddPasskey view={view} onClose={() => setAdding(false)} /> : null}
    </Panel>
  );
}

function PasskeyList({ view }: { readonly view: PasskeysView }) {
  const [renaming, setRenaming] = useState<PasskeyView | null>(null);
  const [removing, setRemoving] = useState<PasskeyView | null>(null);
  if (view.passkeys.length === 0)
    return (
      <EmptyState icon={Fingerprint} title="No passkey yet">
        Some connections ask for decisions that are signed. A passkey signs them with your fingerprint, face or PIN; the
        gateway checks the signature itself, so that nobody can decide in your name.
        {view.signInIsFresh
          ? null
          : ' A first one is registered within ten minutes of signing in: sign in again first.'}
      </EmptyState>
    );
  return (
    <>
      <ul className="divide-y divide-line">
        {view.passkeys.map((passkey) => (
          <PasskeyItem
            key={passkey.id}
            passkey={passkey}
            onRename={() => setRenaming(passkey)}
            onRemove={() => setRemoving(passkey)}
          />
        ))}
      </ul>
      {renaming === null ? null : <RenamePasskey passkey={renaming} onClose={() => setRenaming(null)} />}
      {removing === null ? null : <RemovePasskey passkey={removing} view={view} onClose={() => setRemoving(null)} />}
    </>
  );
}

function PasskeyItem({
  passkey,
  onRename,
  onRemove,
}: {
  readonly passkey: PasskeyView;
  readonly onRename: () => void;
  readonly onRemove: () => void;
}) {
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-3">
      <Fingerprint aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-ink-faint" />
      <div className="min-w-0 flex-1 basis-60">
        <p className="font-medium [overflow-wrap:anywhere]">{passkey.name}</p>
        <p className="text-ink-soft">
          {passkey.backedUp ? 'synced between your devices' : 'on one device'} · registered{' '}
          <RelativeTime at={passkey.createdAt} /> ·{' '}
          {passkey.lastUsedAt === null ? (
            'never used'
          ) : (
            <>
              used <RelativeTime at={passkey.lastUsedAt} />
            </>
          )}
        </p>
        <p className="mt-1 flex items-start gap-1 text-ink-faint text-small">
          <code className="min-w-0 font-mono [overflow-wrap:anywhere]">{passkey.fingerprint}</code>
          <CopyButton text={passkey.fingerprint} label="Copy the fingerprint" />
        </p>
      </div>
      <div className="flex gap-1">
        <Button
          look="quiet"
          size="icon"
          aria-label={`Rename ${passkey.name}`}
          icon={<Pencil aria-hidden="true" />}
          onClick={onRename}
        />
        <Button
          look="quiet"
          size="icon"
          aria-label={`Remove ${passkey.name}`}
          icon={<Trash2 aria-hidden="true" />}
          onClick={onRemove}
        />
      </div>
    </li>
  );
}

function RenamePasskey({ passkey, onClose }: { readonly passkey: PasskeyView; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [name, setName] = useState(passkey.name);
  const rename = useMutation(
    trpc.passkeys.renamePasskey.mutationOptions({
      onSuccess: () => {
        void queryClient.invalidateQueries({ queryKey: trpc.passkeys.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <Dialog
      open
      onOpen={onClose}
      title={`Rename ${passkey.name}`}
      description="The name is for you and for the audit log."
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate({ id: passkey.id, name });
        }}
      >
        <PasskeyNameField name={name} onName={setName} error={rename.error} />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={rename.isPending} disabled={name.trim() === ''}>
            Rename
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

function RemovePasskey({
  passkey,
  view,
  onClose,
}: {
  readonly passkey: PasskeyView;
  readonly view: PasskeysView;
  readonly onClose: () => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const me = useMe();
  const remove = useMutation(trpc.passkeys.removePasskey.mutationOptions());
  const confirm = useMutation({
    mutationFn: async () => {
      if (view.signInIsFresh) return remove.mutateAsync({ id: passkey.id });
      const text = passkeyRemovalText({ personId: me?.person.id ?? '', passkeyId: passkey.id });
      const passkeys = view.passkeys.map(({ credentialId }) => ({ credentialId, transports: [] }));
      const assertion = await signWithPasskey({ text, rpId: window.location.hostname, passkeys });
      return remove.mutateAsync({ id: passkey.id, assertion });
    },
    onSuccess: () => {
      toast.success(`${passkey.name} was removed. Gateways no longer accept it.`);
      void queryClient.invalidateQueries({ queryKey: trpc.passkeys.pathKey() });
      onClose();
    },
    onError: (error) => toast.error(errorSentence(error)),
  });
  const isLast = view.passkeys.length === 1;
  return (
    <ConfirmDialog
      open
      onOpen={onClose}
      title={`Remove ${passkey.name}?`}
      confirmLabel="Remove"
      busy={confirm.isPending}
      onConfirm={() => confirm.mutate()}
    >
      <p>It signs nothing here any more, and no gateway takes it back.</p>
      {isLast ? (
        <Callout tone="hold" icon={ShieldAlert}>
          It is your last one. Gateways trust a new passkey because an older one of yours vouched for it; after this,
          whoever runs each gateway has to list your next one by its fingerprint. Register another one first.
        </Callout>
      ) : null}
    </ConfirmDialog>
  );
}
