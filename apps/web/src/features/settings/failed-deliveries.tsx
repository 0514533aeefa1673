'use client';

import type { FailedDeliveryView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { MailCheck, RotateCw } from 'lucide-react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { RecordList } from '../../components/record-list.tsx';
import { EmptyState } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';

/** Messages that are being tried again, and those that were given up. */
export function FailedDeliveries({ deliveries }: { readonly deliveries: readonly FailedDeliveryView[] }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const kinds = useQuery(trpc.notifications.showPreferences.queryOptions()).data?.kinds ?? [];
  const retry = useMutation(
    trpc.notifications.retryDelivery.mutationOptions({
      onSuccess: () => {
        toast.success('It is tried again.');
        void queryClient.invalidateQueries({ queryKey: trpc.notifications.pathKey() });
      },
      onError: (error) => toast.error(errorSentence(error)),
    }),
  );
  if (deliveries.length === 0)
    return (
      <EmptyState icon={MailCheck} title="Everything arrived" className="py-7">
        A message that a channel does not take is tried again for hours; what was given up stands here.
      </EmptyState>
    );
  return (
    <RecordList
      caption="Messages that could not be delivered"
      rows={deliveries}
      rowKey={({ id }) => id}
      columns={[
        {
          name: 'Message',
          card: 'title',
          cell: ({ kind, to }) => (
            <span>
              <span className="block">
                {kind === 'test' ? 'A test' : (kinds.find((one) => one.kind === kind)?.label ?? kind)}
              </span>
              <span className="block text-ink-faint text-small">{to === null ? 'to the program' : `to ${to}`}</span>
            </span>
          ),
        },
        { name: 'Channel', cell: ({ channel }) => channel },
        {
          name: 'State',
          card: 'title',
          cell: ({ state, attempts, of, nextTryAt }) =>
            state === 'dead' ? (
              <Badge tone="deny">given up after {attempts}</Badge>
            ) : (
              <span className="inline-flex flex-wrap items-center gap-x-2">
                <Badge tone="hold">
                  {attempts} of {of} tries
                </Badge>
                {nextTryAt === null ? null : <RelativeTime at={nextTryAt} className="text-ink-faint text-small" />}
              </span>
            ),
        },
        {
          name: 'Because',
          cell: ({ error }) => <span className="text-ink-soft [overflow-wrap:anywhere]">{error ?? '–'}</span>,
        },
        {
          name: 'Try again',
          silent: true,
          align: 'right',
          cell: ({ id, state }) =>
            state === 'dead' ? (
              <Button
                size="small"
                icon={<RotateCw aria-hidden="true" />}
                onClick={() => retry.mutate({ id })}
                busy={retry.isPending}
              >
                Try again
              </Button>
            ) : null,
        },
      ]}
    />
  );
}
