'use client';

import type { TokenView } from '@sluice/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { toast } from 'sonner';
import { useTRPC } from '../../client/trpc.ts';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { scopeText } from './token-row.tsx';

/** Asks before a token or a key is taken back, and says what stops with it. */
export function RevokeToken({ token, onClose }: { readonly token: TokenView; readonly onClose: () => void }) {
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
      <p>{consequence(token)}</p>
    </ConfirmDialog>
  );
}

function consequence(token: TokenView): string {
  const sessions = `Sessions that were opened with it on ${scopeText(token)} end within two seconds`;
  switch (token.type) {
    case 'api':
      return 'Programs and command lines that use it are refused from now on.';
    case 'native':
      return `${sessions}, and nothing can connect with it again.`;
    case 'public-key':
      return `${sessions}, and the key signs nobody in any more. It can be added again later.`;
    case 'certificate':
      return `${sessions}, and gateways refuse it for the rest of its minutes.`;
  }
}
