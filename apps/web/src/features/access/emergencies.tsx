'use client';

import type { GrantView } from '@sluice/api';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Siren } from 'lucide-react';
import { useState } from 'react';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Countdown, RelativeTime, useNow } from '../../components/clock.tsx';
import { Field, Input } from '../../components/form.tsx';
import { Link } from '../../components/link.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Failure } from './access-forms.tsx';

function isOpen(grant: GrantView, now: number): boolean {
  return grant.revokedAt === null && grant.expiresAt.getTime() > now;
}

/** On every page while a glass is broken, for who watches over access and for who broke it. */
export function EmergencyBanner() {
  const trpc = useTRPC();
  const now = useNow();
  const open = (useQuery(trpc.access.listEmergencies.queryOptions()).data ?? []).filter((one) => isOpen(one, now));
  if (open.length === 0) return null;
  return (
    <div role="alert" className="border-deny border-b bg-deny-tint text-deny">
      <ul className="mx-auto max-w-[1400px] px-4 py-2 sm:px-6">
        {open.map((one) => (
          <li key={one.id} className="flex items-start gap-2">
            <Siren aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
            <p className="min-w-0 flex-1 [overflow-wrap:anywhere]">
              <strong className="font-medium">
                {one.holder.name} broke the glass of {one.connection?.name ?? 'a connection'}
              </strong>
              {': '}
              {one.reason} (ends in <Countdown until={one.expiresAt} />)
            </p>
            <Link href="/access?tab=emergencies" className="shrink-0 underline">
              Look at it
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Emergencies in force, and those that nobody has reviewed. */
export function EmergenciesList() {
  const trpc = useTRPC();
  const query = useQuery(trpc.access.listEmergencies.queryOptions());
  if (query.data === undefined)
    return query.error === null ? (
      <SkeletonRows rows={2} />
    ) : (
      <ErrorState error={query.error} onRetry={() => void query.refetch()} />
    );
  if (query.data.length === 0)
    return (
      <EmptyState icon={Siren} title="No emergency waits for a review" className="py-8">
        When somebody breaks the glass of a connection it stands here until another person has looked at what was done.
      </EmptyState>
    );
  return (
    <ul className="divide-y divide-line">
      {query.data.map((grant) => (
        <Emergency key={grant.id} grant={grant} />
      ))}
    </ul>
  );
}

function Emergency({ grant }: { readonly grant: GrantView }) {
  const trpc = useTRPC();
  const me = useMe();
  const now = useNow();
  const mayReview = useMay('access.review') && grant.holder.id !== me?.person.id;
  const mayEnd = useMay('access.write') || grant.holder.id === me?.person.id;
  const [comment, setComment] = useState('');
  const review = useMutation(trpc.access.reviewEmergency.mutationOptions());
  const end = useMutation(trpc.access.revokeGrant.mutationOptions());
  const open = isOpen(grant, now);
  return (
    <li className="space-y-2 px-4 py-3">
      <div className="flex flex-wrap items-baseline gap-x-3">
        <span className="font-medium">
          {grant.holder.name} broke the glass of {grant.connection?.name}
        </span>
        <RelativeTime at={grant.startsAt} className="text-ink-faint text-small" />
        <span className={open ? 'text-deny' : 'text-hold'}>
          {open ? (
            <>
              open for another <Countdown until={grant.expiresAt} />
            </>
          ) : (
            'waits for a review'
          )}
        </span>
        {open && mayEnd ? (
          <Button size="small" onClick={() => end.mutate({ id: grant.id })} busy={end.isPending} className="ml-auto">
            End it now
          </Button>
        ) : null}
      </div>
      <p className="text-ink-soft [overflow-wrap:anywhere]">{grant.reason}</p>
      {grant.connection === null ? null : (
        <Link href={`/connections/${grant.connection.id}?tab=sessions`} className="text-accent text-small underline">
          What was done: sessions of {grant.connection.name}
        </Link>
      )}
      {open && mayReview ? <p className="text-ink-faint text-small">It can be reviewed once it has ended.</p> : null}
      {!open && mayReview ? (
        <form
          className="flex flex-wrap items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            review.mutate({ id: grant.id, comment });
          }}
        >
          <Field label="What you found" className="flex-1 basis-60">
            {(control) => <Input {...control} value={comment} onChange={(event) => setComment(event.target.value)} />}
          </Field>
          <Button look="primary" type="submit" busy={review.isPending} disabled={comment.trim().length < 3}>
            Reviewed
          </Button>
        </form>
      ) : null}
      <Failure error={review.error ?? end.error} />
    </li>
  );
}
