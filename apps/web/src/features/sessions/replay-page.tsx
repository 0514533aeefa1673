'use client';

import type { SessionDetail, TimelineEntry } from '@sluice/api';
import { manifestByName } from '@sluice/protocols/manifests';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { ListX } from 'lucide-react';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTRPC } from '../../client/trpc.ts';
import { Segmented } from '../../components/form.tsx';
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from '../../components/states.tsx';
import { EntryView } from './entry-view.tsx';
import {
  momentOfHash,
  type ReplayEvent,
  type ReplayState,
  reduceReplay,
  replayKey,
  searchEntries,
  startOfReplay,
} from './replay.ts';
import { ReplayHead } from './replay-head.tsx';
import { StatementList } from './statement-list.tsx';
import { firstPieceOptions } from './terminal/first-piece.ts';
import type { TerminalReplay as TerminalReplayComponent } from './terminal/terminal-replay.tsx';
import { Timeline } from './timeline.tsx';

const pageSize = 200;
/** Pages that are fetched by themselves; more come by "load more". */
const eagerPages = 10;
const playStepMs = 1_200;

type View = 'terminal' | 'statements';

export function ReplayPage({ id }: { readonly id: string }) {
  const trpc = useTRPC();
  const session = useQuery(trpc.sessions.showSession.queryOptions({ id }));
  if (session.data === undefined) {
    return session.error === null ? (
      <ReplaySkeleton />
    ) : (
      <ErrorState
        error={session.error}
        onRetry={() => void session.refetch()}
        wayBack={{ href: '/sessions', label: 'All sessions' }}
      />
    );
  }
  return session.data.terminals > 0 ? <WithTerminal session={session.data} /> : <Replay session={session.data} />;
}

/**
 * The terminal and its player are loaded by those who watch one, while the recording's beginning is fetched beside. No lazy component:
 * React keeps what replaces a fallback back for 300 ms, and nothing would be asked for until then.
 */
function useTerminalReplay(sessionId: string): {
  readonly component: typeof TerminalReplayComponent | null;
  readonly failure: unknown;
} {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [loaded, setLoaded] = useState<{ readonly component: typeof TerminalReplayComponent } | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    void queryClient.prefetchQuery(firstPieceOptions(trpc, sessionId));
    let wanted = true;
    import('./terminal/terminal-replay.tsx').then(
      (module) => wanted && setLoaded({ component: module.TerminalReplay }),
      (cause: unknown) => wanted && setFailure(cause),
    );
    return () => {
      wanted = false;
    };
  }, [trpc, queryClient, sessionId]);
  return { component: loaded?.component ?? null, failure };
}

/** A session that opened a terminal: its screen, or its statements. */
function WithTerminal({ session }: { readonly session: SessionDetail }) {
  const { component: TerminalReplay, failure } = useTerminalReplay(session.id);
  const [view, setView] = useState<View>('terminal');
  const [search, setSearch] = useState('');
  const searchRef = useRef<HTMLInputElement>(null);
  const timeline = useTimeline(session.id);
  const views = (
    <Segmented
      label="View"
      value={view}
      onValue={setView}
      choices={[
        { value: 'terminal', label: 'Terminal' },
        { value: 'statements', label: `Statements (${session.statements})` },
      ]}
    />
  );
  if (view === 'statements') return <Replay session={session} views={views} />;
  return (
    <div className="flex min-h-dvh flex-col lg:h-dvh">
      <ReplayHead session={session} search={search} onSearch={setSearch} searchRef={searchRef} />
      {failure !== null ? (
        <ErrorState error={failure} onRetry={() => window.location.reload()} />
      ) : TerminalReplay === null ? (
        <SkeletonRows />
      ) : (
        <TerminalReplay
          session={session}
          entries={timeline.entries}
          search={search}
          searchRef={searchRef}
          views={views}
        />
      )}
    </div>
  );
}

function Replay({ session, views }: { readonly session: SessionDetail; readonly views?: ReactNode }) {
  const timeline = useTimeline(session.id);
  const live = session.state === 'live';
  const { state, shown, send } = useReplay(timeline.entries, live);
  const searchRef = useRef<HTMLInputElement>(null);
  useReplayKeys(send, () => searchRef.current?.focus());
  const language = manifestByName(session.connection.protocol)?.highlight ?? 'plain';
  const current = timeline.entries.find((entry) => entry.id === state.at) ?? null;
  return (
    <div className="flex min-h-dvh flex-col lg:h-dvh">
      <ReplayHead
        session={session}
        search={state.search}
        onSearch={(search) => send({ type: 'searched', search })}
        searchRef={searchRef}
      />
      {views === undefined ? null : <div className="border-line border-b bg-surface px-4 py-2 sm:px-6">{views}</div>}
      <Timeline
        entries={shown}
        at={state.at}
        playing={state.playing}
        following={state.following}
        live={live}
        send={send}
      />
      {timeline.error !== null && timeline.entries.length === 0 ? (
        <ErrorState error={timeline.error} onRetry={timeline.retry} />
      ) : timeline.loading ? (
        <SkeletonRows />
      ) : timeline.entries.length === 0 ? (
        <EmptyState icon={ListX} title="No statement yet">
          The client connected but has not sent anything{live ? ' so far. Statements appear here as they come.' : '.'}
        </EmptyState>
      ) : (
        <div className="min-h-0 flex-1 lg:grid lg:grid-cols-[20rem_minmax(0,1fr)] xl:grid-cols-[24rem_minmax(0,1fr)]">
          <StatementList
            entries={shown}
            total={timeline.entries.length}
            at={state.at}
            onJump={(id) => send({ type: 'jumped', id })}
            hasMore={timeline.hasMore}
            loadingMore={timeline.loadingMore}
            onMore={timeline.loadMore}
          />
          <div className="min-h-0 min-w-0 overflow-y-auto">
            {current === null ? null : <EntryView key={current.id} entry={current} language={language} />}
          </div>
        </div>
      )}
    </div>
  );
}

interface TimelineQuery {
  readonly entries: readonly TimelineEntry[];
  readonly loading: boolean;
  readonly error: unknown;
  readonly retry: () => void;
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  readonly loadMore: () => void;
}

function useTimeline(id: string): TimelineQuery {
  const trpc = useTRPC();
  const query = useInfiniteQuery(
    trpc.sessions.listTimeline.infiniteQueryOptions(
      { id, limit: pageSize },
      { getNextPageParam: (page) => page.nextCursor ?? undefined },
    ),
  );
  const entries = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const pages = query.data?.pages.length ?? 0;
  const { hasNextPage, isFetching, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching && pages < eagerPages) void fetchNextPage();
  }, [hasNextPage, isFetching, pages, fetchNextPage]);
  return {
    entries,
    loading: query.isPending,
    error: query.error,
    retry: () => void query.refetch(),
    hasMore: hasNextPage,
    loadingMore: query.isFetchingNextPage,
    loadMore: () => void fetchNextPage(),
  };
}

/** The replay's state over the entries that fit the search; the address always names the moment. */
function useReplay(
  entries: readonly TimelineEntry[],
  live: boolean,
): {
  readonly state: ReplayState;
  readonly shown: readonly TimelineEntry[];
  readonly send: (event: ReplayEvent) => void;
} {
  const [state, setState] = useState(startOfReplay);
  const shown = useMemo(() => searchEntries(entries, state.search), [entries, state.search]);
  const shownRef = useRef(shown);
  shownRef.current = shown;
  const send = useCallback(
    (event: ReplayEvent) => setState((before) => reduceReplay(before, event, shownRef.current)),
    [],
  );

  useEffect(() => {
    send({ type: 'loaded', ids: entries.map((entry) => entry.id), wanted: momentOfHash(window.location.hash), live });
  }, [entries, live, send]);
  useEffect(() => {
    if (state.at !== null && momentOfHash(window.location.hash) !== state.at)
      window.history.replaceState(null, '', `#s=${state.at}`);
  }, [state.at]);
  useEffect(() => {
    const onHash = () => {
      const id = momentOfHash(window.location.hash);
      if (id !== null) send({ type: 'jumped', id });
    };
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, [send]);
  useEffect(() => {
    if (!state.playing) return;
    const timer = setInterval(() => send({ type: 'ticked' }), playStepMs);
    return () => clearInterval(timer);
  }, [state.playing, send]);
  return { state, shown, send };
}

function useReplayKeys(send: (event: ReplayEvent) => void, focusSearch: () => void): void {
  const focus = useRef(focusSearch);
  focus.current = focusSearch;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (target?.closest('input, textarea, select, [role=dialog], [role=menu], [role=listbox], [data-own-arrows]'))
        return;
      // A focused button or link keeps its own Space.
      if (event.key === ' ' && target?.closest('button, a')) return;
      const action = replayKey(event.key);
      if (action === null) return;
      event.preventDefault();
      if (action.type === 'focus-search') focus.current();
      else send(action);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [send]);
}

function ReplaySkeleton() {
  return (
    <div role="status" className="space-y-4 p-6">
      <span className="sr-only">Loading…</span>
      <Skeleton className="h-6 w-1/2" />
      <Skeleton className="h-14" />
      <div className="grid gap-4 lg:grid-cols-[20rem_1fr]">
        <SkeletonRows />
        <Skeleton className="h-64" />
      </div>
    </div>
  );
}
