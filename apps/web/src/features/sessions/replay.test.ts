import type { TimelineEntry } from '@sluice/api';
import { describe, expect, test } from 'vitest';
import {
  barHeight,
  momentOfHash,
  nextStop,
  type ReplayEvent,
  type ReplayState,
  reduceReplay,
  replayKey,
  searchEntries,
  startOfReplay,
} from './replay.ts';

function entry(id: string, verdict: TimelineEntry['verdict'] = 'allow', text = `SELECT ${id}`): TimelineEntry {
  return {
    id,
    at: new Date(0),
    origin: 'client',
    text,
    command: 'SELECT',
    kind: 'read',
    verdict,
    rule: null,
    reason: '',
    matched: [],
    binds: [],
    held: null,
    results: [],
    outputs: [],
    error: null,
    asWriter: false,
    durationMs: 1,
  };
}

const entries = [entry('a'), entry('b', 'hold'), entry('c'), entry('d', 'deny', 'DROP TABLE customers')];
const ids = entries.map(({ id }) => id);
const run = (...events: ReplayEvent[]): ReplayState =>
  events.reduce((state, event) => reduceReplay(state, event, entries), startOfReplay);
const opened: ReplayEvent = { type: 'loaded', ids, wanted: null, live: false };

describe('opening', () => {
  test('a closed session opens at its start, a live one at its end and follows', () => {
    expect(run(opened)).toMatchObject({ at: 'a', following: false });
    expect(run({ type: 'loaded', ids, wanted: null, live: true })).toMatchObject({ at: 'd', following: true });
  });

  test('the address decides, where it names a moment that exists', () => {
    expect(run({ type: 'loaded', ids, wanted: 'c', live: true })).toMatchObject({ at: 'c', following: false });
    expect(run({ type: 'loaded', ids, wanted: 'zzz', live: false }).at).toBe('a');
  });

  test('new entries move only who follows', () => {
    const following = run({ type: 'loaded', ids: ['a', 'b'], wanted: null, live: true });
    expect(reduceReplay(following, { type: 'loaded', ids, wanted: null, live: true }, entries).at).toBe('d');
    const elsewhere = reduceReplay(following, { type: 'jumped', id: 'a' }, entries);
    expect(reduceReplay(elsewhere, { type: 'loaded', ids, wanted: null, live: true }, entries).at).toBe('a');
  });
});

describe('moving', () => {
  test('steps stop at both ends', () => {
    expect(run(opened, { type: 'stepped', by: -1 }).at).toBe('a');
    expect(run(opened, { type: 'stepped', by: 1 }).at).toBe('b');
    expect(run(opened, { type: 'stepped', by: Number.POSITIVE_INFINITY }).at).toBe('d');
  });

  test('h goes from hold to refusal and round', () => {
    expect(run(opened, { type: 'to-next-stop' }).at).toBe('b');
    expect(run(opened, { type: 'to-next-stop' }, { type: 'to-next-stop' }).at).toBe('d');
    expect(run(opened, { type: 'to-next-stop' }, { type: 'to-next-stop' }, { type: 'to-next-stop' }).at).toBe('b');
    expect(nextStop([entry('x')], 0)).toBeNull();
  });

  test('playing ends at the last entry, and begins again from the first', () => {
    let state = run(opened, { type: 'toggled-play' });
    expect(state.playing).toBe(true);
    for (let tick = 0; tick < 4; tick += 1) state = reduceReplay(state, { type: 'ticked' }, entries);
    expect(state).toMatchObject({ at: 'd', playing: false });
    expect(reduceReplay(state, { type: 'toggled-play' }, entries)).toMatchObject({ at: 'a', playing: true });
  });

  test('stepping stops the play', () => {
    expect(run(opened, { type: 'toggled-play' }, { type: 'stepped', by: 1 }).playing).toBe(false);
  });

  test('without entries nothing moves', () => {
    expect(reduceReplay(startOfReplay, { type: 'stepped', by: 1 }, [])).toEqual(startOfReplay);
    expect(reduceReplay(startOfReplay, { type: 'toggled-play' }, []).playing).toBe(false);
  });
});

test('search wants every word, in text, command, rule, error or verdict', () => {
  expect(searchEntries(entries, 'drop customers').map(({ id }) => id)).toEqual(['d']);
  expect(searchEntries(entries, 'hold').map(({ id }) => id)).toEqual(['b']);
  expect(searchEntries(entries, '  ')).toBe(entries);
});

test('bars grow with time and stay in their box', () => {
  const heights = [null, 0, 1, 10, 1000, 1e9].map((durationMs) => barHeight({ durationMs, held: null }));
  expect(heights).toEqual([...heights].sort((a, b) => a - b));
  expect(Math.max(...heights)).toBe(1);
  expect(Math.min(...heights)).toBeGreaterThan(0);
});

test('the address points at a moment', () => {
  expect(momentOfHash('#s=abc')).toBe('abc');
  expect(momentOfHash('')).toBeNull();
});

test('keys', () => {
  expect(replayKey(' ')).toEqual({ type: 'toggled-play' });
  expect(replayKey('h')).toEqual({ type: 'to-next-stop' });
  expect(replayKey('x')).toBeNull();
});
