'use client';

import { useEffect, useRef } from 'react';
import { type PlayerAction, playerKey } from './moments.ts';
import { speeds } from './playback.ts';
import { keyStepMs } from './player-bar.tsx';
import type { Playback } from './use-playback.ts';

export interface PlayerKeys {
  readonly playback: Playback;
  /** ms */
  readonly duration: number;
  readonly toStop: () => void;
  readonly toHit: (direction: 1 | -1) => void;
  readonly toMoment: (by: 1 | -1) => void;
  readonly toSearch: () => void;
}

/** The player's keys, wherever the focus is; but fields, menus and a focused button's Space keep theirs. */
export function usePlayerKeys(keys: PlayerKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      // The screen's own hidden field takes nothing in.
      const isScreen = target?.closest('[data-terminal-screen]') !== null && target !== null;
      if (!isScreen && target?.closest('input, textarea, select, [role=dialog], [role=menu], [role=listbox]')) return;
      if (event.key === ' ' && target?.closest('button, a')) return;
      const action = playerKey(event.key);
      if (action === null) return;
      event.preventDefault();
      act(action, latest.current);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function act(action: PlayerAction, { playback, duration, toStop, toHit, toMoment, toSearch }: PlayerKeys): void {
  const actions: Readonly<Record<PlayerAction, () => void>> = {
    play: playback.toggle,
    back: () => playback.seek(playback.at - keyStepMs),
    on: () => playback.seek(playback.at + keyStepMs),
    start: () => playback.seek(0),
    end: () => playback.seek(duration),
    stop: toStop,
    search: toSearch,
    slower: () => changeSpeed(playback, -1),
    faster: () => changeSpeed(playback, 1),
    idle: () => playback.setPace({ ...playback.pace, skipIdle: !playback.pace.skipIdle }),
    hit: () => toHit(1),
    'previous-hit': () => toHit(-1),
    'next-moment': () => toMoment(1),
    'previous-moment': () => toMoment(-1),
  };
  actions[action]();
}

function changeSpeed({ pace, setPace }: Playback, by: 1 | -1): void {
  const place = speeds.findLastIndex((speed) => speed <= pace.speed) + by;
  const speed = speeds[Math.max(0, Math.min(speeds.length - 1, place))];
  if (speed !== undefined) setPace({ ...pace, speed });
}
