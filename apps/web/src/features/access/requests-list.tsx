'use client';

import type { AccessRequestView } from '@sluice/api';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Inbox } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { Field, Input } from '../../components/form.tsx';
import { countText } from '../../components/measures.ts';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';

/** Requests for access, newest first; who may answer one does it here. */
export function RequestsList({ connectionId }: { readonly connectionId?: string }) {
  const trpc = useTRPC();
  const query = useQuery(
    trpc.access.listAccessRequests.queryOptions(connectionId === undefined ? {} : { connectionId }),
  );
  if (query.data === undefined)
    return query.error === null ? (
      <SkeletonRows rows={3} />
    ) : (
      <ErrorState error={query.error} onRetry={() => void query.refetch()} />
    );
  if (query.data.length === 0)
    return (
      <EmptyState icon={Inbox} title="Nobody asks for access" className="py-8">
        Somebody who may not connect asks on a connection’s Access tab, or with <code>sluice access request</code>.
      </EmptyState>
    );
  const waiting = query.data.filter(({ state }) => state === 'waiting');
  const settled = query.data.filter(({ state }) => state !== 'waiting');
  return (
    <ul className="divide-y divide-line">
      {[...waiting, ...settled].map((request) => (
        <RequestRow key={request.id} request={request} />
      ))}
    </ul>
  );
}

const tones = {
  waiting: 'text-hold',
  granted: 'text-allow',
  denied: 'text-deny',
  cancelled: 'text-ink-faint',
  expired: 'text-ink-faint',
} as const;

function RequestRow({ request }: { readonly request: AccessRequestView }) {
  const { requester, connection, state, grant } = request;
  const who = requester.owner === null ? requester.name : `${requester.name} for ${requester.owner}`;
  const ended = grant !== null && (grant.revokedAt !== null || grant.expiresAt < new Date());
  return (
    <li className="px-4 py-3">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <span className="font-medium">{who}</span>
        <span>
          {request.kind === 'unmask' ? 'asks to read unmasked on' : 'asks for'} {connection.name}
        </span>
        <span className="text-ink-soft">for {request.lasts}</span>
        <span className={tones[state]}>{ended ? 'ended' : state}</span>
        <RelativeTime at={request.createdAt} className="ml-auto text-ink-faint text-small" />
      </div>
      <p className="mt-1 text-ink-soft [overflow-wrap:anywhere]">{request.reason}</p>
      {request.decisions.map((decision) => (
        <p key={decision.by} className="mt-1 text-small">
          {decision.by} {decision.outcome === 'approve' ? 'agreed' : 'refused'}
          {decision.comment === null ? '' : `: ${decision.comment}`}
        </p>
      ))}
      {state === 'waiting' ? <Answer request={request} /> : null}
    </li>
  );
}

function Answer({ request }: { readonly request: AccessRequestView }) {
  const trpc = useTRPC();
  const [comment, setComment] = useState('');
  const failed = { onError: (error: unknown) => void toast.error(errorSentence(error)) };
  const decide = useMutation(trpc.access.decideAccessRequest.mutationOptions(failed));
  const cancel = useMutation(trpc.access.cancelAccessRequest.mutationOptions(failed));
  const answer = (outcome: 'approve' | 'deny') => decide.mutate({ id: request.id, outcome, comment });
  if (!request.mayDecide)
    return (
      <div className="mt-2 flex flex-wrap items-center gap-3 text-small">
        <span className="text-ink-faint">
          {request.mine
            ? `Waits for ${countText(request.approvalCount, 'consent')} of ${request.approvers.join(' or ')}.`
            : request.because}
        </span>
        {request.mine ? (
          <Button size="small" onClick={() => cancel.mutate({ id: request.id })} busy={cancel.isPending}>
            Cancel the request
          </Button>
        ) : null}
      </div>
    );
  return (
    <div className="mt-2 flex flex-wrap items-end gap-2">
      <Field label="Comment" optional className="flex-1 basis-full sm:basis-60">
        {(control) => <Input {...control} value={comment} onChange={(event) => setComment(event.target.value)} />}
      </Field>
      <span className="grid w-full grid-cols-2 gap-2 sm:w-auto">
        <Button look="dangerPlain" onClick={() => answer('deny')} busy={decide.isPending} className="h-11 sm:h-8">
          Deny
        </Button>
        <Button look="primary" onClick={() => answer('approve')} busy={decide.isPending} className="h-11 sm:h-8">
          Grant
        </Button>
      </span>
    </div>
  );
}
