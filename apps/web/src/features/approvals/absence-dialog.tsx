'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { UserRoundMinus } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Field, Input, Select } from '../../components/form.tsx';
import { countText } from '../../components/measures.ts';
import { ErrorState, SkeletonRows } from '../../components/states.tsx';

/** Who answers in whose stead, and what decisions let run without asking: both end by themselves, or here. */
export function AbsenceDialog() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        look="quiet"
        size="icon"
        aria-label="Away, and leave that was given"
        onClick={() => setOpen(true)}
        icon={<UserRoundMinus aria-hidden="true" />}
      />
      <Dialog
        open={open}
        onOpen={setOpen}
        title="Away, and leave that was given"
        description="Both end by themselves, and are in the audit log."
      >
        <div className="space-y-5 overflow-y-auto px-4 py-3">
          <Delegations />
          <Leave />
        </div>
      </Dialog>
    </>
  );
}

function Delegations() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const query = useQuery(trpc.approvals.listDelegations.queryOptions());
  const refresh = () => queryClient.invalidateQueries({ queryKey: trpc.approvals.pathKey() });
  const end = useMutation(
    trpc.approvals.endDelegation.mutationOptions({
      onSuccess: refresh,
      onError: (error) => toast.error(errorSentence(error)),
    }),
  );
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonRows />;
  return (
    <section aria-label="While you are away">
      <h3 className="font-medium">While you are away</h3>
      {query.data.items.length === 0 ? (
        <p className="text-ink-faint">Nobody stands in for you, and you stand in for nobody.</p>
      ) : (
        <ul className="my-1 divide-y divide-line">
          {query.data.items.map((item) => (
            <li key={item.id} className="flex flex-wrap items-center gap-x-2 gap-y-1 py-1.5">
              <ActorName actor={item.to} /> <span className="text-ink-faint">for</span> <ActorName actor={item.from} />
              <span className="text-ink-soft">
                until <RelativeTime at={item.endsAt} />
              </span>
              <Button look="quiet" className="ml-auto" busy={end.isPending} onClick={() => end.mutate({ id: item.id })}>
                End
              </Button>
            </li>
          ))}
        </ul>
      )}
      <DelegateForm candidates={query.data.candidates} onDone={() => void refresh()} />
    </section>
  );
}

function DelegateForm({
  candidates,
  onDone,
}: {
  readonly candidates: readonly { readonly id: string; readonly name: string; readonly role: string }[];
  readonly onDone: () => void;
}) {
  const trpc = useTRPC();
  const [to, setTo] = useState('');
  const [until, setUntil] = useState('');
  const delegate = useMutation(
    trpc.approvals.delegateApprovals.mutationOptions({
      onSuccess: () => {
        setUntil('');
        onDone();
      },
    }),
  );
  if (candidates.length === 0) return null;
  return (
    <form
      className="mt-2 flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        delegate.mutate({ toPersonId: to, endsAt: new Date(until) });
      }}
    >
      <Field label="Stands in for you" className="min-w-36 flex-1">
        {(control) => (
          <Select
            id={control.id}
            value={to}
            onValue={setTo}
            choices={candidates.map(({ id, name, role }) => ({ value: id, label: name, detail: role }))}
            className="w-full"
          />
        )}
      </Field>
      <Field label="Until" className="min-w-44">
        {(control) => (
          <Input
            {...control}
            type="datetime-local"
            required
            value={until}
            onChange={(event) => setUntil(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" busy={delegate.isPending} disabled={to === '' || until === ''}>
        Delegate
      </Button>
      {delegate.error === null ? null : (
        <p role="alert" className="basis-full text-deny text-small">
          {errorSentence(delegate.error)}
        </p>
      )}
    </form>
  );
}

function Leave() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const query = useQuery(trpc.approvals.listAlikeGrants.queryOptions());
  const end = useMutation(
    trpc.approvals.endAlikeGrant.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.approvals.pathKey() }),
      onError: (error) => toast.error(errorSentence(error)),
    }),
  );
  if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonRows />;
  return (
    <section aria-label="Leave for others like it">
      <h3 className="font-medium">“The same for an hour”</h3>
      {query.data.length === 0 ? (
        <p className="text-ink-faint">No decision lets others like it run right now.</p>
      ) : (
        <ul className="divide-y divide-line">
          {query.data.map((grant) => (
            <li key={grant.id} className="flex items-start gap-2 py-1.5">
              <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
                {grant.covers}, {countText(grant.rows, 'row')} at most{' '}
                <span className="text-ink-faint">
                  given by {grant.grantedBy ?? 'somebody'}, ends <RelativeTime at={grant.expiresAt} />
                </span>
              </span>
              <Button look="quiet" busy={end.isPending} onClick={() => end.mutate({ id: grant.id })}>
                End
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
