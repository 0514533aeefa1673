'use client';

import type { TimelineEntry } from '@sluice/api';
import { Eye } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { classNames } from '../../components/class-names.ts';
import { ClockTime } from '../../components/clock.tsx';
import { durationText } from '../../components/measures.ts';
import { LoadMore } from '../../components/record-list.tsx';
import { VerdictIcon } from '../../components/verdict.tsx';
import { monitorNotes } from './monitored.ts';

const previewCharacters = 120;

export function StatementList({
  entries,
  total,
  at,
  onJump,
  hasMore,
  loadingMore,
  onMore,
}: {
  readonly entries: readonly TimelineEntry[];
  readonly total: number;
  readonly at: string | null;
  readonly onJump: (id: string) => void;
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  readonly onMore: () => void;
}) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (at === null) return;
    box.current?.querySelector('[aria-current=true]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  return (
    <nav
      ref={box}
      aria-label="Statements"
      className="max-h-[28dvh] min-h-0 overflow-y-auto border-line border-b bg-surface lg:max-h-none lg:border-r lg:border-b-0"
    >
      {entries.length === total ? null : (
        <p role="status" className="border-line border-b px-4 py-1.5 text-ink-soft text-small">
          {entries.length} of {total} statements match
        </p>
      )}
      <ol>
        {entries.map((entry) => (
          <li key={entry.id}>
            <button
              type="button"
              onClick={() => onJump(entry.id)}
              aria-current={entry.id === at ? 'true' : undefined}
              data-inset-focus=""
              className={classNames(
                'relative grid w-full grid-cols-[max-content_max-content_minmax(0,1fr)_max-content] items-center gap-2 px-4 py-1.5 text-left [content-visibility:auto] [contain-intrinsic-size:auto_32px]',
                entry.id === at
                  ? 'bg-chosen before:absolute before:inset-y-0 before:left-0 before:w-[3px] before:bg-accent'
                  : 'hover:bg-hover',
              )}
            >
              <ClockTime at={entry.at} className="text-ink-faint text-small" />
              <VerdictIcon action={entry.verdict} />
              <span
                className={classNames(
                  'truncate font-mono text-small',
                  entry.origin === 'gateway' && 'text-ink-faint italic',
                )}
              >
                {entry.text.slice(0, previewCharacters).replace(/\s+/g, ' ')}
              </span>
              <span className="inline-flex items-center gap-1 text-ink-faint text-small">
                {monitorNotes(entry).some(({ stops }) => stops) ? (
                  <Eye role="img" aria-label="monitored: it would not have passed" className="size-3.5 text-info" />
                ) : null}
                {timeText(entry)}
              </span>
            </button>
          </li>
        ))}
      </ol>
      <LoadMore hasMore={hasMore} busy={loadingMore} onMore={onMore} />
    </nav>
  );
}

/** For a hold the wait is what matters, else how long it ran. */
function timeText(entry: TimelineEntry): string {
  if (entry.held !== null) return entry.held.waitedMs === null ? 'waits' : durationText(entry.held.waitedMs);
  return entry.durationMs === null ? '' : durationText(entry.durationMs);
}
