'use client';

import type { AuditEventView } from '@sluice/api';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { ChevronRight, ScrollText, SearchX } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { useIdentities } from '../../client/identities.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorMark } from '../../components/actor.tsx';
import { classNames } from '../../components/class-names.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { CopyId } from '../../components/copy.tsx';
import { SearchInput, Select } from '../../components/form.tsx';
import { Fact, Facts, Page, Panel } from '../../components/layout.tsx';
import { exactTimeText } from '../../components/measures.ts';
import { LoadMore } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, ProgressBar, SkeletonRows } from '../../components/states.tsx';
import { ChangeView } from './change-view.tsx';
import { VerifyChain } from './verify-chain.tsx';

const anyone = 'any';

export function AuditPage() {
  const trpc = useTRPC();
  const [search, setSearch] = useState('');
  const [actorId, setActorId] = useState(anyone);
  const deferred = useDeferredValue(search.trim());
  const query = useInfiniteQuery(
    trpc.audit.listEvents.infiniteQueryOptions(
      { ...(deferred === '' ? {} : { search: deferred }), ...(actorId === anyone ? {} : { actorId }) },
      { getNextPageParam: (page) => page.nextCursor ?? undefined, placeholderData: keepPreviousData },
    ),
  );
  const events = query.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = deferred !== '' || actorId !== anyone;
  return (
    <Page
      title="Audit"
      lead="Every change that was made through Sluice, each entry chained to the one before."
      actions={<VerifyChain />}
    >
      <div className="mb-3 flex flex-wrap gap-2">
        <SearchInput label="Search the audit" value={search} onValue={setSearch} className="w-full sm:w-72" />
        <WhoFilter actorId={actorId} onActor={setActorId} />
      </div>
      <Panel flush>
        <ProgressBar active={query.isPlaceholderData} label="Filtering" />
        {query.error !== null && query.data === undefined ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : query.data === undefined ? (
          <SkeletonRows rows={10} />
        ) : events.length === 0 ? (
          filtered ? (
            <EmptyState icon={SearchX} title="No entry fits">
              Try other words, or anyone’s changes.
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
                <Entry key={event.id} event={event} />
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

function WhoFilter({ actorId, onActor }: { readonly actorId: string; readonly onActor: (id: string) => void }) {
  const { people, agents } = useIdentities();
  return (
    <Select
      label="Who"
      className="w-full sm:w-48"
      value={actorId}
      onValue={onActor}
      choices={[
        { value: anyone, label: 'Anyone' },
        ...people.map((person) => ({ value: person.id, label: person.name, detail: person.role })),
        ...agents.map((agent) => ({ value: agent.id, label: agent.name, detail: `agent of ${agent.owner.name}` })),
      ]}
    />
  );
}

function Entry({ event }: { readonly event: AuditEventView }) {
  const [open, setOpen] = useState(false);
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
      {open ? <EntryDetail event={event} /> : null}
    </li>
  );
}

function EntryDetail({ event }: { readonly event: AuditEventView }) {
  const owner = 'owner' in event.actor ? event.actor.owner : null;
  return (
    <div className="space-y-3 border-line border-t bg-canvas px-4 py-3 sm:pl-11">
      <Facts>
        <Fact name="Entry">
          {event.index} <CopyId id={event.id} />
        </Fact>
        <Fact name="When">{exactTimeText(event.at)}</Fact>
        <Fact name="Who">
          {event.actor.name}
          {owner === null ? null : <span className="text-ink-faint"> for {owner.name}</span>}
          {event.address === null ? null : <span className="text-ink-faint"> from {event.address}</span>}
        </Fact>
        <Fact name="Action">
          <span className="font-mono">{event.action}</span>
        </Fact>
        {event.subject === null ? null : (
          <Fact name="About">
            {event.subject.type} {event.subject.name} <CopyId id={event.subject.id} />
          </Fact>
        )}
      </Facts>
      <ChangeView before={event.before} after={event.after} />
    </div>
  );
}
