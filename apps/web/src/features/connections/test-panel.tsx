'use client';

import type { ConnectionDetail } from '@sluice/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleAlert, FlaskConical } from 'lucide-react';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { Panel } from '../../components/layout.tsx';
import { Callout, ProgressBar } from '../../components/states.tsx';
import { TestSteps } from './test-result.tsx';

/** Asks the connection's gateway to reach the target and shows each step; the last result stays until the next. */
export function TestPanel({
  connection,
  auto = false,
}: {
  readonly connection: ConnectionDetail;
  readonly auto?: boolean;
}) {
  const test = useTestConnection();
  const mayTest = useMay('connections.write');
  const started = test.isPending || test.isSuccess || test.isError;
  const result = test.data ?? (test.isPending ? null : connection.lastTest);
  return (
    <Panel
      title={
        <>
          Test
          {test.data === undefined && !test.isPending && connection.lastTest !== null ? (
            <span className="ml-2 font-normal text-ink-faint">
              <RelativeTime at={connection.lastTest.at} />
            </span>
          ) : null}
        </>
      }
      aside={
        mayTest ? (
          <Button
            size="small"
            busy={test.isPending}
            onClick={() => test.mutate({ id: connection.id })}
            icon={<FlaskConical aria-hidden="true" />}
          >
            {started || connection.lastTest !== null || auto ? 'Test again' : 'Test'}
          </Button>
        ) : undefined
      }
    >
      <ProgressBar active={test.isPending} label="Testing in the gateway" />
      {test.error !== null ? (
        <Callout tone="deny" icon={CircleAlert}>
          {errorSentence(test.error)}
        </Callout>
      ) : result === null ? (
        <p role="status" className="text-ink-soft">
          {test.isPending
            ? `${connection.group?.name ?? 'The gateway'} is reaching ${connection.host}:${connection.port}…`
            : 'Not tested yet. The gateway reaches the target, opens the credential and signs in.'}
        </p>
      ) : (
        <TestSteps result={result} />
      )}
    </Panel>
  );
}

export function useTestConnection() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return useMutation(
    trpc.connections.testConnection.mutationOptions({
      onSettled: () => void queryClient.invalidateQueries({ queryKey: trpc.connections.pathKey() }),
    }),
  );
}
