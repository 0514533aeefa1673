'use client';

import type { AuditEventView } from '@sluice/api';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { ChevronRight, ScrollText, SearchX } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorMark } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { CopyButton, CopyId } from '../../components/copy.tsx';
import { Fact, Facts, Page, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { exactTimeText } from '../../components/measures.ts';
import { LoadMore } from '../../components/record-list.tsx';
import { RunLink } from '../../components/run-link.tsx';
import { EmptyState, ErrorState, ProgressBar, SkeletonRows } from '../../components/states.tsx';
import { AuditFilterBar, type AuditFilters, useAuditFilters } from './audit-filters.tsx';
import { ChangeView } from './change-view.tsx';
import { pageOfSubject } from './resources.ts';
import { VerifyChain } from './verify-chain.tsx';

export function AuditPage() {
  const trpc = useTRPC();
  const mayRead = useMay('audit.read');
  const filters = useAuditFilters();
  const query = useInfiniteQuery(
    trpc.audit.listEvents.infiniteQueryOptions(filters.input, {
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
  const events = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title="Audit"
      lead="Every change that was made through Sluice, each entry chained to the one before."
      actions={mayRead ? <VerifyChain /> : undefined}
    >
      {mayRead ? <AuditFilterBar filters={filters} /> : null}
      <Panel flush>
        <ProgressBar active={query.isPlaceholderData} label="Filtering" />
        {query.error !== null && query.data === undefined ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : query.data === undefined ? (
          <SkeletonRows rows={10} />
        ) : events.length === 0 ? (
          filters.any ? (
            <EmptyState icon={SearchX} title="No entry fits" action={<Button onClick={filters.clear}>Show all</Button>}>
              Try other words, a longer time, or anyone’s changes.
            </EmptyState>
          ) : (
            <EmptyState icon={ScrollText} title="Nothing yet">
              Sign-ins, policy versions, decisions, tokens, connections: each change leaves a sentence here that nobody
              can alter unseen.
            </EmptyState>
          )
        ) : (
          <>
            <ul aria-label="Audit entries" className="divide-y divide-line">
              {events.map((event) => (
                <Entry key={event.id} event={event} startOpen={event.index === filters.entry} filters={filters} />
              ))}
            </ul>
            <LoadMore
              hasMore={query.hasNextPage}
              busy={query.isFetchingNextPage}
              onMore={() => void query.fetchNextPage()}
            />
          </>
        )}
      </Panel>
    </Page>
  );
}

interface EntryProps {
  readonly event: AuditEventView;
  readonly filters: AuditFilters;
}

function Entry({ event, filters, startOpen }: EntryProps & { readonly startOpen: boolean }) {
  const [open, setOpen] = useState(startOpen);
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        data-inset-focus=""
        onClick={() => setOpen(!open)}
        className="flex w-full items-start gap-2.5 px-4 py-2.5 text-left hover:bg-hover"
      >
        <ChevronRight
          aria-hidden="true"
          className={classNames('mt-0.5 size-4 shrink-0 text-ink-faint transition-transform', open && 'rotate-90')}
        />
        <ActorMark kind={event.actor.kind} />
        <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{event.sentence}</span>
        <RelativeTime at={event.at} className="shrink-0 text-ink-faint text-small" />
      </button>
      {open ? <EntryDetail event={event} filters={filters} /> : null}
    </li>
  );
}

function EntryDetail({ event, filters }: EntryProps) {
  const { subject, through } = event;
  const page = subject === null ? null : pageOfSubject(subject);
  const owner = 'owner' in event.actor ? event.actor.owner : null;
  return (
    <div className="space-y-3 border-line border-t bg-canvas px-4 py-3 sm:pl-11">
      <Facts>
        <Fact name="Entry">
          <span className="inline-flex flex-wrap items-center gap-2">
            {event.index}
            <CopyButton
              text={`${window.location.origin}/audit?entry=${event.index}`}
              label="Copy a link to this entry"
              showLabel
              size="small"
            />
            <CopyId id={event.id} />
          </span>
        </Fact>
        <Fact name="When">{exactTimeText(event.at)}</Fact>
        <Fact name="Who">
          {event.actor.name}
          {owner === null ? null : <span className="text-ink-faint"> for {owner.name}</span>}
          {event.address === null ? null : <span className="text-ink-faint"> from {event.address}</span>}
        </Fact>
        {through === null ? null : (
          <Fact name="Through">
            {credentialNames[through.by] ?? through.by}
            {through.id === null ? null : <CopyId id={through.id} />}
            {through.software === null ? null : (
              <span className="text-ink-faint [overflow-wrap:anywhere]"> that calls itself {through.software}</span>
            )}
          </Fact>
        )}
        {event.run === null ? null : (
          <Fact name="In the run">
            <RunLink run={event.run} />
          </Fact>
        )}
        <Fact name="Action">
          <Narrow onClick={() => filters.set('action', event.action)}>
            <span className="font-mono">{event.action}</span>
          </Narrow>
        </Fact>
        {subject === null ? null : (
          <Fact name="About">
            <span className="inline-flex flex-wrap items-center gap-x-2">
              {subject.type}{' '}
              {page === null ? (
                subject.name
              ) : (
                <Link href={page} className="text-accent underline-offset-2 hover:underline">
                  {subject.name === '' ? 'open it' : subject.name}
                </Link>
              )}
              <CopyId id={subject.id} />
              <Narrow onClick={() => filters.set('subject', subject.id)}>all about it</Narrow>
            </span>
          </Fact>
        )}
      </Facts>
      <ChangeView before={event.before} after={event.after} />
    </div>
  );
}

const credentialNames: Readonly<Record<string, string>> = {
  'web-session': 'a sign-in in the browser',
  'api-token': 'an API token',
  'native-secret': 'a native secret',
  slack: 'Slack',
  none: 'no known credential',
};

/** Narrows the list to what is pressed. */
function Narrow({ onClick, children }: { readonly onClick: () => void; readonly children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={onClick}
      title="Show only these"
      className="rounded-small text-left text-accent underline-offset-2 hover:underline"
    >
      {children}
    </button>
  );
}
