'use client';

import type { TimelineEntry } from '@sluice/api';
import { ArrowDownToLine, Pause, Play, SkipForward } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { Key } from '../../components/layout.tsx';
import { clockText, durationText } from '../../components/measures.ts';
import { barHeight, type ReplayEvent } from './replay.ts';

const barColours = { allow: 'bg-bar-allow', hold: 'bg-bar-hold', deny: 'bg-bar-deny' };

/** One bar per statement: height is its duration, colour its verdict. A press jumps there. */
export function Timeline({
  entries,
  at,
  playing,
  following,
  live,
  send,
}: {
  readonly entries: readonly TimelineEntry[];
  readonly at: string | null;
  readonly playing: boolean;
  readonly following: boolean;
  readonly live: boolean;
  readonly send: (event: ReplayEvent) => void;
}) {
  const current = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it scrolls when the moment changes.
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [at]);
  return (
    <section
      aria-label="Timeline"
      className="flex items-center gap-3 border-line border-b bg-surface px-4 py-2 sm:px-6"
    >
      <div className="flex shrink-0 gap-1">
        <Button
          size="icon"
          aria-label={playing ? 'Pause' : 'Play'}
          title="Space"
          disabled={entries.length < 2}
          onClick={() => send({ type: 'toggled-play' })}
        >
          {playing ? <Pause aria-hidden="true" /> : <Play aria-hidden="true" />}
        </Button>
        <Button
          size="icon"
          aria-label="Next hold or refusal"
          title="h: next hold or refusal"
          disabled={entries.length === 0}
          onClick={() => send({ type: 'to-next-stop' })}
        >
          <SkipForward aria-hidden="true" />
        </Button>
      </div>
      <div className="flex h-12 min-w-0 flex-1 items-end gap-px overflow-x-auto overflow-y-hidden px-0.5">
        {entries.map((entry) => (
          <button
            key={entry.id}
            ref={entry.id === at ? current : null}
            type="button"
            tabIndex={entry.id === at ? 0 : -1}
            data-inset-focus=""
            onClick={() => send({ type: 'jumped', id: entry.id })}
            aria-label={`${clockText(entry.at)} ${entry.command}, ${entry.verdict}`}
            aria-current={entry.id === at ? 'true' : undefined}
            title={`${clockText(entry.at)}  ${entry.command}  ${entry.verdict}${entry.durationMs === null ? '' : `  ${durationText(entry.durationMs)}`}`}
            className={classNames(
              'group flex h-full min-w-[5px] max-w-4 flex-1 items-end rounded-t-small',
              entry.id === at && 'bg-chosen',
            )}
          >
            <span
              className={classNames(
                'block w-full rounded-t-[2px]',
                barColours[entry.verdict],
                entry.id === at ? 'opacity-100' : 'opacity-75 group-hover:opacity-100',
              )}
              style={{ height: `${Math.round(barHeight(entry) * 100)}%` }}
            />
          </button>
        ))}
      </div>
      {live ? (
        <Button
          size="small"
          disabled={following}
          onClick={() => send({ type: 'follow' })}
          icon={<ArrowDownToLine aria-hidden="true" />}
        >
          {following ? 'Following' : 'Follow'}
        </Button>
      ) : null}
      <span className="hidden shrink-0 items-center gap-1 text-ink-faint text-small xl:inline-flex">
        <Key>Space</Key> play <Key>←</Key> <Key>→</Key> step <Key>h</Key> next stop
      </span>
    </section>
  );
}
