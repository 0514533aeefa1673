'use client';

import type { GatewayView } from '@sluice/api';
import { confirmMemberKeys, sealingKeyFingerprint } from '@sluice/keys/sealing';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Field, Input, TextArea } from '../../components/form.tsx';

/** Somebody compares what the new gateway printed, and vouches for it with a code that a gateway of the group printed. */
export function ConfirmMemberDialog({
  gateway,
  open,
  onOpen,
}: {
  readonly gateway: GatewayView;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}) {
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      wide
      title={`Confirm ${gateway.name}`}
      description={`It joined ${gateway.group.name} and gets credentials from another gateway of that group as soon as you vouch for it.`}
    >
      {open ? <Confirm gateway={gateway} onDone={() => onOpen(false)} /> : null}
    </Dialog>
  );
}

function Confirm({ gateway, onDone }: { readonly gateway: GatewayView; readonly onDone: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [fingerprint, setFingerprint] = useState('');
  const [code, setCode] = useState('');
  const send = useMutation(trpc.gateways.confirmMember.mutationOptions());
  const confirm = useMutation({
    mutationFn: async () => {
      const plain = (text: string) => text.replace(/\s+/g, '').toLowerCase();
      // Computed here from the key itself: the code is spent on nothing that was not compared.
      if (plain(await sealingKeyFingerprint(gateway.sealingKey)) !== plain(fingerprint))
        throw new Error(
          'This is not the fingerprint of the key that enrolled. If you copied all of it, revoke this gateway.',
        );
      const { id, group, signingKey, sealingKey } = gateway;
      const keys = { groupId: group.id, gatewayId: id, signingKey, sealingKey };
      const confirmation = code.trim() === '' ? null : await confirmMemberKeys(code, keys);
      return send.mutateAsync({ id, fingerprint, confirmation });
    },
    onSuccess: () => {
      onDone();
      toast.success(`Confirmed ${gateway.name}. Its group gives it the credentials now.`);
      void queryClient.invalidateQueries({ queryKey: trpc.gateways.pathKey() });
    },
  });
  return (
    <form
      noValidate
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate();
      }}
    >
      <Field
        label="Sealing key’s fingerprint"
        help={`Copy it from what ${gateway.name} printed on its own host when it enrolled, not from this page.`}
        error={confirm.error === null ? null : errorSentence(confirm.error)}
      >
        {(control) => (
          <TextArea
            {...control}
            rows={2}
            autoFocus
            spellCheck={false}
            className="font-mono text-small"
            placeholder="SHA256:…"
            value={fingerprint}
            onChange={(event) => setFingerprint(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Confirmation code"
        optional
        help="From `sluice-gateway confirmation-code` on a gateway that is in the group already. Not needed where that gateway’s floor file names the key."
      >
        {(control) => (
          <Input
            {...control}
            className="font-mono"
            autoComplete="off"
            spellCheck={false}
            placeholder="xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxx"
            value={code}
            onChange={(event) => setCode(event.target.value)}
          />
        )}
      </Field>
      <DialogButtons>
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" look="primary" busy={confirm.isPending}>
          Confirm
        </Button>
      </DialogButtons>
    </form>
  );
}
