'use client';

import type { GrantView } from '@sluice/api';
import { useMutation, useQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Countdown } from '../../components/clock.tsx';
import { RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';

const kinds = {
  'just-in-time': 'may connect',
  unmask: 'reads unmasked',
  'break-glass': 'broke the glass',
  alike: 'the same as approved',
} as const;

export function GrantsList({ connectionId }: { readonly connectionId?: string }) {
  const trpc = useTRPC();
  const me = useMe();
  const mayWrite = useMay('access.write');
  const query = useQuery(trpc.access.listGrants.queryOptions(connectionId === undefined ? {} : { connectionId }));
  const end = useMutation(
    trpc.access.revokeGrant.mutationOptions({
      onSuccess: () => toast.success('Ended. Live sessions hear of it within two seconds.'),
      onError: (error) => toast.error(errorSentence(error)),
    }),
  );
  if (query.data === undefined)
    return query.error === null ? (
      <SkeletonRows rows={2} />
    ) : (
      <ErrorState error={query.error} onRetry={() => void query.refetch()} />
    );
  if (query.data.length === 0)
    return (
      <EmptyState icon={KeyRound} title="Nothing is granted for a time" className="py-8">
        Granted requests, broken glass and leave for statements like an approved one stand here until they end.
      </EmptyState>
    );
  const mayEnd = (grant: GrantView) =>
    mayWrite || grant.holder.id === me?.person.id || grant.holder.owner === me?.person.name;
  return (
    <RecordList
      caption="Grants in force"
      rows={query.data}
      rowKey={({ id }) => id}
      columns={[
        {
          name: 'Who',
          card: 'title',
          cell: ({ holder }) => (holder.owner === null ? holder.name : `${holder.name} for ${holder.owner}`),
        },
        { name: 'What', card: 'title', cell: ({ kind }) => kinds[kind] },
        { name: 'Where', cell: ({ connection, chosen }) => connection?.name ?? chosen },
        { name: 'Why', cell: ({ reason }) => <span className="text-ink-soft">{reason}</span> },
        { name: 'By', from: 'lg', cell: ({ grantedBy }) => grantedBy ?? '–' },
        { name: 'Ends in', cell: ({ expiresAt }) => <Countdown until={expiresAt} /> },
        {
          name: 'End it',
          silent: true,
          align: 'right',
          cell: (grant) =>
            mayEnd(grant) ? (
              <Button
                size="small"
                onClick={() => end.mutate({ id: grant.id })}
                busy={end.isPending}
                className="max-sm:ml-2"
              >
                End now
              </Button>
            ) : null,
        },
      ]}
    />
  );
}
