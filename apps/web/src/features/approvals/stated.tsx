'use client';

import type { ApprovalDetail } from '@sluice/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ExternalLink, MessageSquareQuote, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Field, Input } from '../../components/form.tsx';
import { Callout } from '../../components/states.tsx';
import { Findings, MarkedStatement } from './marked-statement.tsx';

/** What the requester says of it, in their own words, and what the rule still wants of them. */
export function Stated({ approval }: { readonly approval: ApprovalDetail }) {
  const { reason, ticket, ticketLink, missing } = approval.stated;
  const mayAsk = approval.mayState && (approval.asks.reason || approval.asks.ticket !== null || reason === null);
  if (reason === null && ticket === null && missing === null && !mayAsk) return null;
  return (
    <section aria-label="Why it is asked for" className="space-y-2">
      {reason === null && ticket === null ? null : (
        <div className="flex items-start gap-2">
          <MessageSquareQuote aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-ink-faint" />
          <div className="min-w-0 flex-1">
            <span className="text-ink-faint">{approval.actor.name} says </span>
            {reason === null ? null : (
              <>
                <MarkedStatement text={reason} language="plain" whole onWhole={() => undefined} />
                <Findings text={reason} />
              </>
            )}
            {ticket === null ? null : <Ticket ticket={ticket} link={ticketLink} />}
          </div>
        </div>
      )}
      {missing === null || approval.state !== 'waiting' ? null : (
        <Callout tone="hold" icon={TriangleAlert}>
          The rule asks the requester for {missing}. Nobody can approve it before that.
        </Callout>
      )}
      {mayAsk ? <StateForm approval={approval} /> : null}
    </section>
  );
}

function Ticket({ ticket, link }: { readonly ticket: string; readonly link: string | null }) {
  if (link === null) return <span className="font-mono">ticket {ticket}</span>;
  return (
    <a
      href={link}
      target="_blank"
      rel="noreferrer noopener"
      className="inline-flex items-center gap-1 font-mono text-accent underline-offset-2 hover:underline"
    >
      {ticket}
      <ExternalLink aria-hidden="true" className="size-3.5" />
    </a>
  );
}

function StateForm({ approval }: { readonly approval: ApprovalDetail }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState('');
  const [ticket, setTicket] = useState('');
  const state = useMutation(
    trpc.approvals.stateReason.mutationOptions({
      onSuccess: (after) => {
        queryClient.setQueryData(trpc.approvals.showApproval.queryKey({ id: after.id }), after);
        setReason('');
        setTicket('');
      },
    }),
  );
  const asksTicket = approval.asks.ticket !== null;
  return (
    <form
      className="flex flex-wrap items-end gap-2 rounded-box border border-line bg-surface p-3"
      onSubmit={(event) => {
        event.preventDefault();
        state.mutate({
          id: approval.id,
          ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
          ...(ticket.trim() === '' ? {} : { ticket: ticket.trim() }),
        });
      }}
    >
      <Field label="Why you ask for it" optional={!approval.asks.reason} className="min-w-48 flex-1">
        {(control) => (
          <Input {...control} value={reason} maxLength={1000} onChange={(event) => setReason(event.target.value)} />
        )}
      </Field>
      {asksTicket ? (
        <Field label="Ticket" optional={approval.asks.ticket?.required !== true} className="w-40">
          {(control) => (
            <Input {...control} value={ticket} maxLength={100} onChange={(event) => setTicket(event.target.value)} />
          )}
        </Field>
      ) : null}
      <Button type="submit" busy={state.isPending} disabled={reason.trim() === '' && ticket.trim() === ''}>
        Tell reviewers
      </Button>
      {state.error === null ? null : (
        <p role="alert" className="basis-full text-deny text-small">
          {errorSentence(state.error)}
        </p>
      )}
    </form>
  );
}
