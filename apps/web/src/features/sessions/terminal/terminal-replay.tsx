'use client';

import type { SessionDetail, TimelineEntry } from '@sluice/api';
import { ChevronDown, ChevronUp, ClipboardCopy } from 'lucide-react';
import { type ReactNode, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Button } from '../../../components/button.tsx';
import { useCopy } from '../../../components/copy.tsx';
import { Select } from '../../../components/form.tsx';
import { Key } from '../../../components/layout.tsx';
import { clockText } from '../../../components/measures.ts';
import { ErrorState, SkeletonRows } from '../../../components/states.tsx';
import { MomentList } from './moment-list.tsx';
import { hitBeside, type Moment, momentAt, momentsOf, nextStopAfter, timeOfHash } from './moments.ts';
import { PlayerBar } from './player-bar.tsx';
import { RemovedNotice } from './removed-notice.tsx';
import { type ScreenHandle, TerminalScreen } from './terminal-screen.tsx';
import type { SearchHit, TerminalTrack } from './track.ts';
import { type Playback, usePlayback } from './use-playback.ts';
import { usePlayerKeys } from './use-player-keys.ts';
import { type IndexedTrack, useTerminalTracks } from './use-terminal-tracks.ts';

/** The address follows this long after the moment came to rest, in ms. */
const addressDelayMs = 300;

export function TerminalReplay({
  session,
  entries,
  search,
  searchRef,
  views,
}: {
  readonly session: SessionDetail;
  readonly entries: readonly TimelineEntry[];
  readonly search: string;
  readonly searchRef: RefObject<HTMLInputElement | null>;
  /** The choice between this view and that of statements. */
  readonly views: ReactNode;
}) {
  const { tracks, version, loaded, error, retry } = useTerminalTracks(session);
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = tracks.find(({ track }) => track.opening.id === chosen) ?? tracks[0];
  if (shown === undefined) {
    return (
      <>
        <div className="border-line border-b bg-surface px-4 py-2 sm:px-6">{views}</div>
        {error === null ? <SkeletonRows /> : <ErrorState error={error} onRetry={retry} />}
      </>
    );
  }
  return (
    <Player
      key={shown.track.opening.id}
      shown={shown}
      version={version}
      loaded={loaded}
      live={session.state === 'live'}
      entries={entries}
      search={search}
      searchRef={searchRef}
      failed={error === null ? null : <ErrorState error={error} onRetry={retry} />}
    >
      {views}
      {tracks.length < 2 ? null : (
        <Select
          label="Terminal"
          value={shown.track.opening.id}
          onValue={setChosen}
          choices={tracks.map(({ track }, place) => ({
            value: track.opening.id,
            label: `Terminal ${place + 1}, ${clockText(new Date(track.opening.at))}`,
          }))}
        />
      )}
    </Player>
  );
}

function Player({
  shown,
  version,
  loaded,
  live,
  entries,
  search,
  searchRef,
  failed,
  children,
}: {
  readonly shown: IndexedTrack;
  readonly version: number;
  readonly loaded: number;
  readonly live: boolean;
  readonly entries: readonly TimelineEntry[];
  readonly search: string;
  readonly searchRef: RefObject<HTMLInputElement | null>;
  readonly failed: ReactNode;
  readonly children: ReactNode;
}) {
  const { track, index } = shown;
  const screen = useRef<ScreenHandle>(null);
  const onMoment = useCallback((events: number) => void screen.current?.show(events), []);
  const playback = usePlayback(track, version, live, onMoment);
  const commands = index.commands.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the track grows in place.
  const moments = useMemo(
    () => momentsOf(track, index.commands, entries),
    [track, index, entries, commands, track.gaps.length],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the track grows in place.
  const hits = useMemo(() => track.search(search), [track, search, track.length]);
  const toStop = () => {
    const stop = nextStopAfter(moments, playback.at);
    if (stop !== null) playback.seek(stop.at);
  };
  const toHit = (direction: 1 | -1) => void goToHit({ hits, direction, track, playback, screen, search });
  const toMoment = (by: 1 | -1) => {
    const beside =
      by === 1 ? moments.find(({ at }) => at > playback.at) : moments.findLast(({ at }) => at < playback.at);
    if (beside !== undefined) playback.seek(beside.at);
  };
  useMomentInAddress(playback, track, loaded, entries);
  usePlayerKeys({
    playback,
    duration: track.duration,
    toStop,
    toHit,
    toMoment,
    toSearch: () => searchRef.current?.focus(),
  });
  useSearchKeys(searchRef, toHit);
  const current = momentAt(moments, playback.at);
  return (
    <>
      <PlayerBar
        playback={playback}
        track={track}
        version={version}
        moments={moments}
        hits={hits}
        live={live}
        loaded={loaded}
        onStop={toStop}
      />
      {failed}
      <div className="flex min-h-0 flex-1 flex-col lg:grid lg:grid-cols-[20rem_minmax(0,1fr)] xl:grid-cols-[24rem_minmax(0,1fr)]">
        <MomentList
          moments={moments}
          current={current?.key ?? null}
          onJump={(moment: Moment) => playback.seek(moment.at)}
        />
        <div className="flex min-h-0 min-w-0 flex-col">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-line border-b bg-surface px-4 py-1.5 sm:px-6">
            {children}
            <Hits search={search} hits={hits} at={playback.at} onHit={toHit} />
            <CopyScreen screen={screen} />
            <span className="ml-auto hidden items-center gap-1 text-ink-faint text-small 2xl:inline-flex">
              <Key>Space</Key> play <Key>←</Key> <Key>→</Key> 5 s <Key>↑</Key> <Key>↓</Key> moments <Key>h</Key> next
              stop
            </span>
          </div>
          <TerminalScreen shown={shown} handle={screen} />
          <RemovedNotice removed={track.removed} />
          {track.full ? (
            <p className="px-4 py-1.5 text-ink-soft text-small sm:px-6">
              The recording is longer than what is shown here. Export it to have all of it.
            </p>
          ) : null}
        </div>
      </div>
    </>
  );
}

async function goToHit({
  hits,
  direction,
  playback,
  screen,
  track,
  search,
}: {
  readonly hits: readonly SearchHit[];
  readonly direction: 1 | -1;
  readonly playback: Playback;
  readonly screen: RefObject<ScreenHandle | null>;
  readonly track: TerminalTrack;
  readonly search: string;
}): Promise<void> {
  const hit = hitBeside(hits, playback.at, direction);
  if (hit === null) return;
  playback.seek(hit.at);
  await screen.current?.show(track.countAt(hit.at));
  screen.current?.mark(search);
}

function Hits({
  search,
  hits,
  at,
  onHit,
}: {
  readonly search: string;
  readonly hits: readonly SearchHit[];
  readonly at: number;
  readonly onHit: (direction: 1 | -1) => void;
}) {
  if (search.trim() === '') return null;
  const place = hits.filter((hit) => hit.at <= at).length;
  return (
    <span className="flex items-center gap-1">
      <span role="status" className="text-ink-soft text-small">
        {hits.length === 0 ? 'Nowhere in the output' : `${place} of ${hits.length} in the output`}
      </span>
      <Button
        size="iconSmall"
        aria-label="Earlier place"
        title="N"
        disabled={hits.length === 0}
        onClick={() => onHit(-1)}
      >
        <ChevronUp aria-hidden="true" />
      </Button>
      <Button
        size="iconSmall"
        aria-label="Later place"
        title="n or Enter"
        disabled={hits.length === 0}
        onClick={() => onHit(1)}
      >
        <ChevronDown aria-hidden="true" />
      </Button>
    </span>
  );
}

function CopyScreen({ screen }: { readonly screen: RefObject<ScreenHandle | null> }) {
  const { copied, copy } = useCopy();
  return (
    <Button
      size="small"
      icon={<ClipboardCopy aria-hidden="true" />}
      onClick={() => copy(screen.current?.text() ?? '')}
      title="What is selected, or the whole screen"
    >
      {copied ? 'Copied' : 'Copy text'}
    </Button>
  );
}

/** The address begins the replay (`#t=SECONDS`, or `#s=` and a statement) and follows it when it rests. */
function useMomentInAddress(
  { at, playing, following, seek }: Playback,
  track: TerminalTrack,
  loaded: number,
  entries: readonly TimelineEntry[],
): void {
  const wanted = useRef(timeOfHash(window.location.hash));
  const statement = useRef(new URLSearchParams(window.location.hash.slice(1)).get('s'));
  useEffect(() => {
    const entry = entries.find(({ id }) => id === statement.current);
    if (entry !== undefined) {
      statement.current = null;
      wanted.current = Math.max(0, entry.at.getTime() - track.opening.at);
    }
    const { current } = wanted;
    if (current === null || (current > track.duration && loaded < 1)) return;
    wanted.current = null;
    seek(current);
  });
  useEffect(() => {
    if (playing || following || wanted.current !== null || statement.current !== null) return;
    const timer = setTimeout(
      () => window.history.replaceState(null, '', at === 0 ? window.location.pathname : `#t=${(at / 1000).toFixed(1)}`),
      addressDelayMs,
    );
    return () => clearTimeout(timer);
  }, [at, playing, following]);
}

/** Enter in the search goes on to the next place. */
function useSearchKeys(searchRef: RefObject<HTMLInputElement | null>, toHit: (direction: 1 | -1) => void): void {
  const go = useRef(toHit);
  go.current = toHit;
  useEffect(() => {
    const input = searchRef.current;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Enter') go.current(event.shiftKey ? -1 : 1);
    };
    input?.addEventListener('keydown', onKey);
    return () => input?.removeEventListener('keydown', onKey);
  }, [searchRef]);
}
