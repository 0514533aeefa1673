'use client';

import type { ConnectionDetail } from '@sluice/api';
import type { CredentialPurpose } from '@sluice/domain';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleAlert, RotateCw } from 'lucide-react';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/layout.tsx';
import { Callout, ProgressBar } from '../../components/states.tsx';
import { TestSteps } from './test-result.tsx';

/** Has the gateway give the target a new password that nobody but itself ever sees. */
export function RotatePanel({ connection }: { readonly connection: ConnectionDetail }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const mayWrite = useMay('connections.write');
  const rotate = useMutation(
    trpc.connections.rotateCredential.mutationOptions({
      onSettled: () => void queryClient.invalidateQueries({ queryKey: trpc.connections.pathKey() }),
    }),
  );
  const purposes = (['writer', 'reader'] as const).filter(
    (purpose) => (purpose === 'writer' ? connection.credential : connection.readerCredential) === 'sealed',
  );
  if (!mayWrite || purposes.length === 0) return null;
  return (
    <Panel title="Rotate the target’s credential">
      <div className="space-y-3">
        <p className="text-ink-soft">
          Whoever knows the password can go past Sluice. The gateway makes a new one, gives it to the target, seals it
          to itself and tries it: nobody else ever sees it, also not you. Sessions that run keep running; anything else
          that uses this account at the target stops working.
        </p>
        <div className="flex flex-wrap gap-2">
          {purposes.map((purpose) => (
            <Button
              key={purpose}
              busy={rotate.isPending && rotate.variables.purpose === purpose}
              disabled={rotate.isPending}
              onClick={() => rotate.mutate({ id: connection.id, purpose })}
              icon={<RotateCw aria-hidden="true" />}
            >
              {labels[purpose]}
            </Button>
          ))}
        </div>
        <ProgressBar active={rotate.isPending} label="Rotating in the gateway" />
        {rotate.error === null ? null : (
          <Callout tone="deny" icon={CircleAlert}>
            {errorSentence(rotate.error)}
          </Callout>
        )}
        {rotate.data === undefined ? null : <TestSteps result={rotate.data} />}
      </div>
    </Panel>
  );
}

const labels: Readonly<Record<CredentialPurpose, string>> = {
  writer: 'Rotate the password',
  reader: 'Rotate the reader’s password',
};
