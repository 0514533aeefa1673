import type { TimelineEntry } from '@sluice/api';
import type { RecoveredCommand } from './recover-commands.ts';
import type { SearchHit, TerminalTrack } from './track.ts';

/** A place worth going to. */
export interface Moment {
  readonly key: string;
  /** ms since the track began. */
  readonly at: number;
  /** `command`: read from the screen, an aid; `statement`: what policy judged; `gap`: a hole in the record. */
  readonly sort: 'statement' | 'command' | 'gap';
  readonly text: string;
  readonly verdict: TimelineEntry['verdict'] | null;
}

/** Places of a track in the order of their time. */
export function momentsOf(
  track: TerminalTrack,
  commands: readonly RecoveredCommand[],
  statements: readonly TimelineEntry[],
): readonly Moment[] {
  const moments: Moment[] = [
    ...statements
      .filter((entry) => entry.origin === 'client')
      .map(
        (entry): Moment => ({
          key: entry.id,
          at: Math.max(0, entry.at.getTime() - track.opening.at),
          sort: 'statement',
          text: entry.text,
          verdict: entry.verdict,
        }),
      ),
    ...commands.map(({ event, at, text }): Moment => ({ key: `c${event}`, at, sort: 'command', text, verdict: null })),
    ...track.gaps.map(({ at, reason }): Moment => ({ key: `g${at}`, at, sort: 'gap', text: reason, verdict: null })),
  ];
  return moments.sort((a, b) => a.at - b.at);
}

/** The moment that a time belongs to: the last one that began; null before the first. */
export function momentAt(moments: readonly Moment[], ms: number): Moment | null {
  return moments.findLast((moment) => moment.at <= ms) ?? null;
}

/** The next hold or refusal behind a time, round the end; null where there is none. */
export function nextStopAfter(moments: readonly Moment[], ms: number): Moment | null {
  const stops = moments.filter(({ verdict }) => verdict === 'hold' || verdict === 'deny');
  return stops.find(({ at }) => at > ms) ?? stops[0] ?? null;
}

/** The next or the previous hit round the end; null where there is none. */
export function hitBeside(hits: readonly SearchHit[], ms: number, direction: 1 | -1): SearchHit | null {
  const ordered = direction === 1 ? hits : [...hits].reverse();
  return ordered.find(({ at }) => (direction === 1 ? at > ms : at < ms)) ?? ordered[0] ?? null;
}

/** The address's `#t=SECONDS` in ms, or null. */
export function timeOfHash(hash: string): number | null {
  const seconds = new URLSearchParams(hash.replace(/^#/, '')).get('t');
  return seconds !== null && /^\d{1,9}(\.\d{1,3})?$/.test(seconds) ? Number(seconds) * 1000 : null;
}

export type PlayerAction =
  | 'play'
  | 'back'
  | 'on'
  | 'start'
  | 'end'
  | 'stop'
  | 'search'
  | 'slower'
  | 'faster'
  | 'idle'
  | 'hit'
  | 'previous-hit'
  | 'next-moment'
  | 'previous-moment';

const keys: Readonly<Record<string, PlayerAction>> = {
  ' ': 'play',
  ArrowLeft: 'back',
  ArrowRight: 'on',
  ArrowDown: 'next-moment',
  ArrowUp: 'previous-moment',
  j: 'next-moment',
  k: 'previous-moment',
  Home: 'start',
  End: 'end',
  h: 'stop',
  '/': 'search',
  '<': 'slower',
  '>': 'faster',
  i: 'idle',
  n: 'hit',
  N: 'previous-hit',
};

/** What a key does in the player, or null for keys that are not ours. */
export function playerKey(key: string): PlayerAction | null {
  return Object.hasOwn(keys, key) ? (keys[key] ?? null) : null;
}
