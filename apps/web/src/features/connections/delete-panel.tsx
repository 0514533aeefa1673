'use client';

import type { ConnectionDetail } from '@sluice/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { toast } from 'sonner';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { Panel } from '../../components/layout.tsx';

export function DeletePanel({ connection }: { readonly connection: ConnectionDetail }) {
  const [open, setOpen] = useState(false);
  const mayWrite = useMay('connections.write');
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const router = useRouter();
  const remove = useMutation(
    trpc.connections.deleteConnection.mutationOptions({
      onSuccess: () => {
        toast.success(`Deleted ${connection.name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.connections.pathKey() });
        router.push('/connections');
      },
    }),
  );
  if (!mayWrite) return null;
  return (
    <Panel title="Delete">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-1 basis-60 text-ink-soft">
          Ends its live sessions and closes its port. Recordings, approvals and the audit stay.
        </p>
        <Button look="dangerPlain" onClick={() => setOpen(true)} icon={<Trash2 aria-hidden="true" />}>
          Delete…
        </Button>
      </div>
      <ConfirmDialog
        open={open}
        onOpen={setOpen}
        title={`Delete ${connection.name}?`}
        confirmLabel="Delete connection"
        typed={connection.name}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate({ id: connection.id })}
      >
        <p>
          This ends every live session on it, cancels its waiting approvals and closes{' '}
          {connection.listener === null
            ? 'its relay port'
            : `port ${connection.listener.port} on the gateway and the relay port`}
          .
        </p>
        <p>The sealed credential is destroyed. Recordings and the audit trail stay.</p>
      </ConfirmDialog>
    </Panel>
  );
}
