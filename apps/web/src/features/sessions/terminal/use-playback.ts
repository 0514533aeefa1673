'use client';

import { useCallback, useEffect, useRef, useState } from 'react';
import { advance, type PlaybackPace } from './playback.ts';
import type { TerminalTrack } from './track.ts';

/** The slider and the clock move this often, in ms; the screen follows every frame. */
const redrawMs = 100;

export interface Playback {
  /** ms since the track began. */
  readonly at: number;
  readonly playing: boolean;
  /** On a live session: keeps to the newest moment. */
  readonly following: boolean;
  readonly pace: PlaybackPace;
  readonly seek: (ms: number) => void;
  readonly toggle: () => void;
  readonly follow: () => void;
  readonly setPace: (pace: PlaybackPace) => void;
}

/** Time of a replay. `onMoment` hears of every moment, as a count of events. */
export function usePlayback(
  track: TerminalTrack | null,
  version: number,
  live: boolean,
  onMoment: (events: number) => void,
): Playback {
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [following, setFollowing] = useState(live);
  const [pace, setPace] = useState<PlaybackPace>({ speed: 1, skipIdle: true });
  const now = useRef(0);
  const tell = useRef(onMoment);
  tell.current = onMoment;

  const move = useCallback(
    (ms: number) => {
      if (track === null) return;
      now.current = Math.max(0, Math.min(ms, track.duration));
      setAt(now.current);
      tell.current(track.countAt(now.current));
    },
    [track],
  );
  const seek = useCallback(
    (ms: number) => {
      setFollowing(false);
      move(ms);
    },
    [move],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: a grown track is another one.
  useEffect(() => {
    if (track === null) return;
    if (following) move(track.duration);
    else tell.current(track.countAt(now.current));
  }, [track, version, following, move]);

  useEffect(() => {
    if (!playing || track === null) return;
    let last = performance.now();
    let drawn = last;
    let frame = 0;
    const step = (time: number) => {
      const count = track.countAt(now.current);
      const around = { before: track.event(count - 1)?.at ?? null, next: track.event(count)?.at ?? null };
      now.current = Math.min(track.duration, advance(now.current, time - last, pace, around));
      last = time;
      tell.current(track.countAt(now.current));
      const ended = now.current >= track.duration;
      if (ended || time - drawn >= redrawMs) {
        drawn = time;
        setAt(now.current);
      }
      if (ended) setPlaying(false);
      else frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [playing, track, pace]);

  const toggle = useCallback(() => {
    setFollowing(false);
    // At the end, playing begins again at the start.
    if (!playing && track !== null && now.current >= track.duration) move(0);
    setPlaying(!playing);
  }, [playing, track, move]);
  const follow = useCallback(() => {
    setPlaying(false);
    setFollowing(true);
  }, []);
  return { at, playing, following, pace, seek, toggle, follow, setPace };
}
