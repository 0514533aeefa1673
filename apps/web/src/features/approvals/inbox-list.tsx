'use client';

import type { ApprovalSummary } from '@sluice/api';
import { ArrowUp, CircleCheckBig, History, ListChecks, SearchX } from 'lucide-react';
import { type Dispatch, type RefObject, useEffect, useRef } from 'react';
import { ActorName } from '../../components/actor.tsx';
import { classNames } from '../../components/class-names.ts';
import { Countdown, RelativeTime } from '../../components/clock.tsx';
import { SearchInput, Segmented } from '../../components/form.tsx';
import { Key } from '../../components/layout.tsx';
import { LoadMore } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { ApprovalBadge } from '../../components/verdict.tsx';
import { AbsenceDialog } from './absence-dialog.tsx';
import type { ApprovalScope, ApprovalsList } from './approvals-list.ts';
import type { InboxEvent, InboxState } from './inbox.ts';

export function InboxList({
  inbox,
  dispatch,
  list,
  scope,
  onScope,
  search,
  onSearch,
  filterRef,
  onSelect,
}: {
  readonly inbox: InboxState;
  readonly dispatch: Dispatch<InboxEvent>;
  readonly list: ApprovalsList;
  readonly scope: ApprovalScope;
  readonly onScope: (scope: ApprovalScope) => void;
  readonly search: string;
  readonly onSearch: (search: string) => void;
  readonly filterRef: RefObject<HTMLInputElement | null>;
  readonly onSelect: (id: string) => void;
}) {
  const waiting = inbox.shown.filter((id) => !inbox.gone.has(id)).length;
  return (
    <section aria-label="Inbox" className="flex h-full min-h-0 flex-col bg-surface">
      <header className="space-y-3 border-line border-b px-4 pt-5 pb-3">
        <div className="flex items-baseline gap-2">
          <h1 className="font-semibold text-heading tracking-tight">Approvals</h1>
          <p aria-live="polite" className="text-ink-soft">
            {list.ids === null ? '' : scope === 'decided' ? '' : `${waiting}${list.hasMore ? '+' : ''} waiting`}
          </p>
          <span className="ml-auto hidden items-center gap-1 text-ink-faint text-small lg:inline-flex">
            <Key>j</Key>
            <Key>k</Key> move
          </span>
        </div>
        <div className="flex items-center gap-2">
          <Segmented
            label="Which approvals"
            value={scope}
            onValue={onScope}
            choices={[
              { value: 'mine', label: 'Mine' },
              { value: 'all', label: 'All' },
              { value: 'decided', label: 'Decided' },
            ]}
          />
          <AbsenceDialog />
          <SearchInput label="Filter" value={search} onValue={onSearch} ref={filterRef} className="flex-1" />
        </div>
      </header>
      {inbox.arrived.length === 0 ? null : (
        <button
          type="button"
          onClick={() => dispatch({ type: 'show-arrived' })}
          className="flex items-center justify-center gap-1 border-line border-b bg-accent-tint py-1.5 font-medium text-accent text-small"
        >
          {inbox.arrived.length} new
          <ArrowUp aria-hidden="true" className="size-3.5" />
        </button>
      )}
      <div
        className="min-h-0 flex-1 overflow-y-auto"
        onPointerEnter={(event) => {
          if (event.pointerType === 'mouse') dispatch({ type: 'pointer-entered' });
        }}
        onPointerLeave={() => dispatch({ type: 'pointer-left' })}
      >
        <Rows inbox={inbox} list={list} scope={scope} searching={search !== ''} onSelect={onSelect} />
      </div>
    </section>
  );
}

function Rows({
  inbox,
  list,
  scope,
  searching,
  onSelect,
}: {
  readonly inbox: InboxState;
  readonly list: ApprovalsList;
  readonly scope: ApprovalScope;
  readonly searching: boolean;
  readonly onSelect: (id: string) => void;
}) {
  if (list.error !== null && inbox.shown.length === 0) return <ErrorState error={list.error} onRetry={list.retry} />;
  if (list.ids === null && inbox.shown.length === 0) return <SkeletonRows />;
  if (inbox.shown.length === 0) return <EmptyInbox scope={scope} searching={searching} />;
  return (
    <>
      <ul aria-label="Approvals">
        {inbox.shown.map((id) => {
          const approval = list.byId.get(id);
          return approval === undefined ? null : (
            <Row
              key={id}
              approval={approval}
              chosen={id === inbox.selectedId}
              gone={inbox.gone.has(id)}
              onSelect={() => onSelect(id)}
            />
          );
        })}
      </ul>
      <LoadMore hasMore={list.hasMore} busy={list.loadingMore} onMore={list.loadMore} />
    </>
  );
}

function Row({
  approval,
  chosen,
  gone,
  onSelect,
}: {
  readonly approval: ApprovalSummary;
  readonly chosen: boolean;
  readonly gone: boolean;
  readonly onSelect: () => void;
}) {
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (chosen) ref.current?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <li className="border-line border-b">
      <button
        ref={ref}
        type="button"
        onClick={onSelect}
        aria-current={chosen ? 'true' : undefined}
        data-inset-focus=""
        className={classNames(
          'relative block w-full px-4 py-2.5 text-left',
          chosen
            ? 'bg-chosen before:absolute before:inset-y-0 before:left-0 before:w-[3px] before:bg-accent'
            : 'hover:bg-hover',
        )}
      >
        <span className="block">
          <span className="flex items-baseline gap-2">
            <span className="min-w-0 flex-1 truncate">
              <span className={classNames('font-mono', gone ? 'text-ink-soft line-through' : 'font-semibold')}>
                {approval.command}
              </span>{' '}
              <span className={classNames('font-mono text-ink-soft', gone && 'line-through')}>
                {objectsText(approval.objects)}
              </span>
            </span>{' '}
            {approval.state === 'waiting' && !gone ? (
              <Countdown until={approval.expiresAt} className="text-ink-faint text-small" />
            ) : null}
          </span>
          <span className="mt-1 flex items-center gap-2 text-small">
            <ActorName actor={approval.actor} className="min-w-0 shrink" />{' '}
            <span className="min-w-0 flex-1 truncate text-ink-faint">{approval.connection.name}</span>{' '}
            {gone ? (
              <span className="text-ink-faint">no longer waiting</span>
            ) : approval.state === 'waiting' ? (
              <>
                {approval.count === 1 ? null : (
                  <span className="text-ink-soft">
                    {approval.given} of {approval.count}
                  </span>
                )}
                <RelativeTime at={approval.createdAt} className="text-ink-faint" />
              </>
            ) : (
              <ApprovalBadge state={approval.state} bare />
            )}
          </span>
          {approval.run === null ? null : (
            <span className="mt-1 flex items-center gap-1.5 text-ink-faint text-small">
              <ListChecks aria-hidden="true" className="size-3.5 shrink-0" />
              <span className="sr-only">run </span>
              <span className="min-w-0 truncate">
                {approval.run.taskId === null ? '' : `${approval.run.taskId} · `}
                {approval.run.purpose}
              </span>
            </span>
          )}
        </span>
      </button>
    </li>
  );
}

function EmptyInbox({ scope, searching }: { readonly scope: ApprovalScope; readonly searching: boolean }) {
  if (searching) {
    return (
      <EmptyState icon={SearchX} title="No match">
        Nothing here has these words in its command, objects, actor or connection.
      </EmptyState>
    );
  }
  if (scope === 'decided') {
    return (
      <EmptyState icon={History} title="Nothing decided yet">
        Every answered, expired or cancelled approval is kept here with its outcome.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={CircleCheckBig} title="Nothing is waiting">
      When a rule holds a statement, it stops here until a person answers. It shows up by itself; you may leave this
      page open.
    </EmptyState>
  );
}

/** `customers`, `customers, orders`, `customers and 3 more`. The schema `public` goes without saying. */
export function objectsText(objects: readonly string[]): string {
  const names = objects.map((name) => name.replace(/^public\./, ''));
  if (names.length <= 2) return names.join(', ');
  return `${names[0]} and ${names.length - 1} more`;
}
