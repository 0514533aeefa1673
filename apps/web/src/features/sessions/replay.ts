import type { TimelineEntry } from '@sluice/api';

/** Where a replay stands. Entries stay outside: the moment is an id, so that new entries never move it. */
export interface ReplayState {
  /** The entry that is shown; null while there is none. */
  readonly at: string | null;
  readonly playing: boolean;
  /** On a live session: keep to the newest entry until the reader goes elsewhere. */
  readonly following: boolean;
  readonly search: string;
}

export type ReplayEvent =
  | { readonly type: 'loaded'; readonly ids: readonly string[]; readonly wanted: string | null; readonly live: boolean }
  | { readonly type: 'jumped'; readonly id: string }
  | { readonly type: 'stepped'; readonly by: number }
  | { readonly type: 'to-next-stop' }
  | { readonly type: 'toggled-play' }
  | { readonly type: 'ticked' }
  | { readonly type: 'follow' }
  | { readonly type: 'searched'; readonly search: string };

export const startOfReplay: ReplayState = { at: null, playing: false, following: false, search: '' };

/** `entries` are those of the search, oldest first. */
export function reduceReplay(state: ReplayState, event: ReplayEvent, entries: readonly TimelineEntry[]): ReplayState {
  switch (event.type) {
    case 'loaded':
      return load(state, event.ids, event.wanted, event.live);
    case 'jumped':
      return { ...state, at: event.id, playing: false, following: false };
    case 'stepped':
      return { ...moveTo(state, entries, indexOf(state, entries) + event.by), playing: false };
    case 'to-next-stop': {
      const next = nextStop(entries, indexOf(state, entries));
      return next === null ? { ...state, playing: false } : { ...state, at: next, playing: false, following: false };
    }
    case 'toggled-play':
      return togglePlay(state, entries);
    case 'ticked': {
      if (!state.playing) return state;
      const isLast = indexOf(state, entries) >= entries.length - 1;
      return isLast ? { ...state, playing: false } : moveTo(state, entries, indexOf(state, entries) + 1);
    }
    case 'follow':
      return { ...state, at: entries.at(-1)?.id ?? state.at, following: true, playing: false };
    case 'searched':
      return { ...state, search: event.search, playing: false };
  }
}

function load(state: ReplayState, ids: readonly string[], wanted: string | null, live: boolean): ReplayState {
  if (ids.length === 0) return state;
  if (state.at === null) {
    if (wanted !== null && ids.includes(wanted)) return { ...state, at: wanted };
    return { ...state, at: (live ? ids.at(-1) : ids[0]) ?? null, following: live };
  }
  return state.following ? { ...state, at: ids.at(-1) ?? state.at } : state;
}

function moveTo(state: ReplayState, entries: readonly TimelineEntry[], index: number): ReplayState {
  const entry = entries[Math.max(0, Math.min(entries.length - 1, index))];
  return entry === undefined ? state : { ...state, at: entry.id, following: false };
}

/** At the end, playing begins again at the start. */
function togglePlay(state: ReplayState, entries: readonly TimelineEntry[]): ReplayState {
  if (state.playing) return { ...state, playing: false };
  const isLast = indexOf(state, entries) >= entries.length - 1;
  return { ...(isLast ? moveTo(state, entries, 0) : state), playing: entries.length > 1, following: false };
}

/** The next hold or refusal after a place, round the end; null when there is none. */
export function nextStop(entries: readonly TimelineEntry[], from: number): string | null {
  const order = [...entries.slice(from + 1), ...entries.slice(0, from + 1)];
  return order.find((entry) => entry.verdict !== 'allow')?.id ?? null;
}

export function indexOf(state: Pick<ReplayState, 'at'>, entries: readonly TimelineEntry[]): number {
  return entries.findIndex((entry) => entry.id === state.at);
}

/** The entries whose text, command, rule or error has every word of the search. */
export function searchEntries(entries: readonly TimelineEntry[], search: string): readonly TimelineEntry[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  return entries.filter((entry) => {
    const text = [entry.text, entry.command, entry.rule ?? '', entry.error?.message ?? '', entry.verdict]
      .join('\n')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

const lowestBar = 0.12;
const shortestMs = 0.1;
const longestMs = 60_000;

/** A bar's height from 0 to 1: logarithmic, so that a millisecond and a minute are both seen. */
export function barHeight(entry: Pick<TimelineEntry, 'durationMs' | 'held'>): number {
  const ms = Math.max(entry.durationMs ?? 0, entry.held?.waitedMs ?? 0);
  if (ms <= shortestMs) return lowestBar;
  const share = Math.log(ms / shortestMs) / Math.log(longestMs / shortestMs);
  return lowestBar + (1 - lowestBar) * Math.min(1, share);
}

/** The address's `#s=ID`, or null. */
export function momentOfHash(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('s');
}

/** What a key does in the replay, or null for keys that are not ours. */
export function replayKey(key: string): ReplayEvent | { readonly type: 'focus-search' } | null {
  switch (key) {
    case ' ':
      return { type: 'toggled-play' };
    case 'ArrowDown':
    case 'ArrowRight':
    case 'j':
      return { type: 'stepped', by: 1 };
    case 'ArrowUp':
    case 'ArrowLeft':
    case 'k':
      return { type: 'stepped', by: -1 };
    case 'Home':
      return { type: 'stepped', by: Number.NEGATIVE_INFINITY };
    case 'End':
      return { type: 'stepped', by: Number.POSITIVE_INFINITY };
    case 'h':
      return { type: 'to-next-stop' };
    case '/':
      return { type: 'focus-search' };
    default:
      return null;
  }
}
