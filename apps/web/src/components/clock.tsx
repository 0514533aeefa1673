'use client';

import { useSyncExternalStore } from 'react';
import { classNames } from './class-names.ts';
import { clockText, countdownText, exactTimeText, relativeTimeText } from './measures.ts';

const tickMs = 1_000;

/** One clock for every time on the page; it ticks only while somebody looks at it. */
const clock = {
  now: 0,
  timer: undefined as ReturnType<typeof setInterval> | undefined,
  watchers: new Set<() => void>(),
};

function watchClock(onTick: () => void): () => void {
  clock.watchers.add(onTick);
  clock.timer ??= setInterval(() => {
    clock.now = Date.now();
    for (const watcher of clock.watchers) watcher();
  }, tickMs);
  return () => {
    clock.watchers.delete(onTick);
    if (clock.watchers.size > 0) return;
    clearInterval(clock.timer);
    clock.timer = undefined;
  };
}

function readClock(): number {
  const now = Date.now();
  if (now - clock.now >= tickMs) clock.now = now;
  return clock.now;
}

/** Milliseconds since 1970, renewed each second. 0 on the server, where nobody's clock is known. */
export function useNow(): number {
  return useSyncExternalStore(watchClock, readClock, () => 0);
}

export function RelativeTime({ at, className }: { readonly at: Date; readonly className?: string }) {
  const now = useNow();
  return (
    <time
      dateTime={at.toISOString()}
      title={exactTimeText(at)}
      className={classNames('whitespace-nowrap', className)}
      suppressHydrationWarning
    >
      {relativeTimeText(at, new Date(now))}
    </time>
  );
}

/** The time of day, with the date on hover. */
export function ClockTime({ at, className }: { readonly at: Date; readonly className?: string }) {
  return (
    <time dateTime={at.toISOString()} title={exactTimeText(at)} className={classNames('whitespace-nowrap', className)}>
      {clockText(at)}
    </time>
  );
}

const urgentMs = 60_000;

/** Time left until a moment. Not announced each second: `role="timer"` is silent unless asked. */
export function Countdown({ until, className }: { readonly until: Date; readonly className?: string }) {
  const now = useNow();
  const urgent = until.getTime() - now < urgentMs;
  return (
    <span
      role="timer"
      title={exactTimeText(until)}
      className={classNames('whitespace-nowrap', urgent && 'font-medium text-deny', className)}
    >
      {countdownText(until, new Date(now))}
    </span>
  );
}
