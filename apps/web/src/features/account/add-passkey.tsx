'use client';

import type { PasskeysView } from '@sluice/api';
import { passkeyText } from '@sluice/domain';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ShieldAlert } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { makePasskey, signWithPasskey } from '../../client/passkeys.ts';
import { useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Callout } from '../../components/states.tsx';
import { PasskeyNameField } from './passkey-name-field.tsx';

/** Makes a passkey in the browser; a further one is signed in by one that the person has. */
export function AddPasskey({ view, onClose }: { readonly view: PasskeysView; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const me = useMe();
  const [name, setName] = useState('');
  const add = useMutation(trpc.passkeys.addPasskey.mutationOptions());
  const isFirst = view.passkeys.length === 0;
  const register = useMutation({
    mutationFn: async () => {
      const preparation = await queryClient.fetchQuery(
        trpc.passkeys.preparePasskey.queryOptions(undefined, { staleTime: 0 }),
      );
      const made = await makePasskey(preparation);
      const { prepared, rpId, existing: passkeys } = preparation;
      const { registration } = made;
      if (passkeys.length === 0) return add.mutateAsync({ name, prepared, registration });
      const text = passkeyText({ personId: me?.person.id ?? '', ...made });
      const vouch = await signWithPasskey({ text, rpId, passkeys });
      return add.mutateAsync({ name, prepared, registration, vouch });
    },
    onSuccess: () => {
      toast.success(`${name} is registered.`);
      void queryClient.invalidateQueries({ queryKey: trpc.passkeys.pathKey() });
      onClose();
    },
  });
  return (
    <Dialog
      open
      onOpen={onClose}
      title="Register a passkey"
      description={
        isFirst
          ? 'Your browser asks for a fingerprint, a face or a PIN.'
          : 'Your browser asks twice: for the new passkey, and for one that you have, which vouches for it.'
      }
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          register.mutate();
        }}
      >
        {isFirst && !view.signInIsFresh ? (
          <Callout tone="hold" icon={ShieldAlert}>
            You signed in more than ten minutes ago. Sign out, sign in again and come back here.
          </Callout>
        ) : null}
        <PasskeyNameField
          name={name}
          onName={setName}
          error={register.error}
          help="So that you know it again: “work laptop”, “blue key”."
        />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            busy={register.isPending}
            disabled={name.trim() === '' || (isFirst && !view.signInIsFresh)}
          >
            Register
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
