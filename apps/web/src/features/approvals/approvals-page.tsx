'use client';

import { usePathname } from 'next/navigation';
import { useCallback, useDeferredValue, useEffect, useReducer, useRef, useState } from 'react';
import { classNames } from '../../components/class-names.ts';
import type { AlikeGiven } from './alike-choice.tsx';
import { ApprovalPane } from './approval-pane.tsx';
import { type ApprovalScope, useApprovals } from './approvals-list.ts';
import { type CanDecide, type DecisionOutcome, emptyInbox, inboxKey, reduceInbox } from './inbox.ts';
import { InboxList } from './inbox-list.tsx';
import { useDecide } from './use-decide.ts';

/** Inbox left, the open approval right; on a phone one of the two. The address names the open one. */
export function ApprovalsPage() {
  const [scope, setScope] = useState<ApprovalScope>('mine');
  const [search, setSearch] = useState('');
  const pathname = usePathname();
  const [inbox, dispatch] = useReducer(reduceInbox, pathname, (path) => ({
    ...emptyInbox,
    selectedId: idInPath(path),
  }));
  const [canDecide, setCanDecide] = useState<CanDecide>(false);
  const filterRef = useRef<HTMLInputElement>(null);
  const commentRef = useRef<HTMLTextAreaElement>(null);
  const alikeRef = useRef<AlikeGiven | null>(null);
  const list = useApprovals(scope, useDeferredValue(search));
  useSelectionInAddress(inbox.selectedId, (id) => dispatch({ type: 'selected', id }));

  const listKey = `${scope} ${list.search}`;
  const lastKey = useRef<string | null>(null);
  useEffect(() => {
    if (list.ids === null) return;
    dispatch({ type: 'refreshed', ids: list.ids, reset: lastKey.current !== listKey });
    lastKey.current = listKey;
  }, [list.ids, listKey]);

  // With room for both panes one is always open: the first, until the person chooses.
  useEffect(() => {
    const first = inbox.shown[0];
    if (inbox.selectedId === null && first !== undefined && window.matchMedia('(min-width: 1024px)').matches) {
      dispatch({ type: 'selected', id: first });
    }
  }, [inbox.selectedId, inbox.shown]);

  const decide = useDecide();
  const onDecide = useCallback(
    (outcome: DecisionOutcome) => {
      if (inbox.selectedId === null) return;
      dispatch({ type: 'disarmed' });
      decide.run(inbox.selectedId, outcome, { comment: commentRef.current?.value ?? '', alike: alikeRef.current });
    },
    [inbox.selectedId, decide.run],
  );

  useInboxKeys((key) => {
    const event = inboxKey(key, inbox, canDecide);
    if (event === null) return false;
    if (event.type === 'decide') onDecide(event.outcome);
    else if (event.type === 'focus-filter') filterRef.current?.focus();
    else dispatch(event);
    return true;
  });

  const select = (id: string | null) => dispatch({ type: 'selected', id });
  return (
    <div className="lg:grid lg:h-dvh lg:grid-cols-[22rem_minmax(0,1fr)] xl:grid-cols-[25rem_minmax(0,1fr)]">
      <div className={classNames('min-h-0 border-line lg:border-r', inbox.selectedId !== null && 'hidden lg:block')}>
        <InboxList
          inbox={inbox}
          dispatch={dispatch}
          list={list}
          scope={scope}
          onScope={setScope}
          search={search}
          onSearch={setSearch}
          filterRef={filterRef}
          onSelect={select}
        />
      </div>
      <div className={classNames('min-h-0 min-w-0', inbox.selectedId === null && 'hidden lg:block')}>
        <ApprovalPane
          key={inbox.selectedId ?? 'none'}
          id={inbox.selectedId}
          position={positionOf(inbox.shown, inbox.selectedId)}
          armed={inbox.armed}
          decide={decide}
          commentRef={commentRef}
          alikeRef={alikeRef}
          onCanDecide={setCanDecide}
          onDecide={onDecide}
          onMove={(by) => dispatch({ type: 'moved', by })}
          onBack={() => select(null)}
        />
      </div>
    </div>
  );
}

/**
 * Keeps `/approvals/ID` and the open approval the same without a trip to the server; Back closes it on a phone. The address itself is
 * read, never the router's copy, which may lag behind quick key presses.
 */
function useSelectionInAddress(selectedId: string | null, select: (id: string | null) => void): void {
  const pathname = usePathname();
  const known = useRef(selectedId);
  const selectRef = useRef(select);
  selectRef.current = select;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the router's path only tells that the address may have changed.
  useEffect(() => {
    const id = idInPath(window.location.pathname);
    if (id === known.current) return;
    known.current = id;
    selectRef.current(id);
  }, [pathname]);
  useEffect(() => {
    if (selectedId === known.current) return;
    const wasClosed = known.current === null;
    known.current = selectedId;
    const path = selectedId === null ? '/approvals' : `/approvals/${selectedId}`;
    if (wasClosed) window.history.pushState(null, '', path);
    else window.history.replaceState(null, '', path);
  }, [selectedId]);
}

function idInPath(pathname: string): string | null {
  return /^\/approvals\/([^/]+)$/.exec(pathname)?.[1] ?? null;
}

/** Keys reach the inbox from anywhere on the page but a field or an open dialog. */
function useInboxKeys(onKey: (key: string) => boolean): void {
  const handler = useRef(onKey);
  handler.current = onKey;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (target?.closest('input, textarea, select, [contenteditable], [role=dialog], [role=menu], [role=listbox]'))
        return;
      // A focused button keeps its own Enter.
      if (event.key === 'Enter' && target?.closest('button, a')) return;
      if (handler.current(event.key)) event.preventDefault();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}

function positionOf(shown: readonly string[], id: string | null): { readonly at: number; readonly of: number } | null {
  const index = id === null ? -1 : shown.indexOf(id);
  return index === -1 ? null : { at: index + 1, of: shown.length };
}
