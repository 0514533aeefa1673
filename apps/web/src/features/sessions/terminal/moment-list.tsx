'use client';

import { CircleSlash2, ScanText } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { classNames } from '../../../components/class-names.ts';
import { VerdictIcon } from '../../../components/verdict.tsx';
import type { Moment } from './moments.ts';
import { momentText } from './playback.ts';

const previewCharacters = 160;

/** What happened, to jump to: what policy judged, and what stood on the screen. */
export function MomentList({
  moments,
  current,
  onJump,
}: {
  readonly moments: readonly Moment[];
  readonly current: string | null;
  readonly onJump: (moment: Moment) => void;
}) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (current === null) return;
    box.current?.querySelector('[aria-current=true]')?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  const hasCommands = moments.some(({ sort }) => sort === 'command');
  return (
    <nav
      ref={box}
      aria-label="Moments"
      className="order-last max-h-[36dvh] min-h-0 overflow-y-auto border-line border-t bg-surface lg:order-none lg:max-h-none lg:border-t-0 lg:border-r"
    >
      {hasCommands ? (
        <p className="flex items-start gap-1.5 border-line border-b px-4 py-1.5 text-ink-soft text-small">
          <ScanText aria-hidden="true" className="mt-px size-3.5 shrink-0" />
          Lines with this mark were read from the screen: an aid, not what was judged.
        </p>
      ) : null}
      {moments.length === 0 ? (
        <p className="px-4 py-3 text-ink-soft text-small">No statement and no command line so far.</p>
      ) : null}
      <ol>
        {moments.map((moment) => (
          <li key={moment.key}>
            <button
              type="button"
              onClick={() => onJump(moment)}
              aria-current={moment.key === current ? 'true' : undefined}
              data-inset-focus=""
              className={classNames(
                'relative grid w-full grid-cols-[max-content_max-content_minmax(0,1fr)] items-center gap-2 px-4 py-1.5 text-left [contain-intrinsic-size:auto_32px] [content-visibility:auto]',
                moment.key === current
                  ? 'bg-chosen before:absolute before:inset-y-0 before:left-0 before:w-[3px] before:bg-accent'
                  : 'hover:bg-hover',
              )}
            >
              <span className="font-mono text-ink-faint text-small tabular-nums">{momentText(moment.at)}</span>
              <MomentIcon moment={moment} />
              <span className="truncate font-mono text-small">
                {moment.text.slice(0, previewCharacters).replace(/\s+/g, ' ')}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function MomentIcon({ moment }: { readonly moment: Moment }) {
  if (moment.verdict !== null) return <VerdictIcon action={moment.verdict} />;
  return moment.sort === 'gap' ? (
    <CircleSlash2 role="img" aria-label="gap in the record" className="size-4 text-deny" />
  ) : (
    <ScanText role="img" aria-label="read from the screen" className="size-4 text-ink-faint" />
  );
}
