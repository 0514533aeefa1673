'use client';

import { ArrowDownToLine, Pause, Play, SkipForward } from 'lucide-react';
import { type PointerEvent, useMemo, useRef } from 'react';
import { Button } from '../../../components/button.tsx';
import { classNames } from '../../../components/class-names.ts';
import { Checkbox, Select } from '../../../components/form.tsx';
import type { Moment } from './moments.ts';
import { momentText, speeds, spokenMoment } from './playback.ts';
import type { SearchHit, TerminalTrack } from './track.ts';
import type { Playback } from './use-playback.ts';

/** Bars of the activity behind the slider. */
const activityParts = 120;
/** The slider's own arrow keys move this far, in ms. */
export const keyStepMs = 5_000;

const tickColours = { allow: 'bg-bar-allow', hold: 'bg-bar-hold', deny: 'bg-bar-deny' };

export function PlayerBar({
  playback,
  track,
  version,
  moments,
  hits,
  live,
  loaded,
  onStop,
}: {
  readonly playback: Playback;
  readonly track: TerminalTrack;
  readonly version: number;
  readonly moments: readonly Moment[];
  readonly hits: readonly SearchHit[];
  readonly live: boolean;
  readonly loaded: number;
  readonly onStop: () => void;
}) {
  const { playing, pace, following } = playback;
  return (
    <section
      aria-label="Player"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 border-line border-b bg-surface px-4 py-2 sm:px-6"
    >
      <div className="flex shrink-0 gap-1">
        <Button size="icon" aria-label={playing ? 'Pause' : 'Play'} title="Space" onClick={playback.toggle}>
          {playing ? <Pause aria-hidden="true" /> : <Play aria-hidden="true" />}
        </Button>
        <Button size="icon" aria-label="Next hold or refusal" title="h: next hold or refusal" onClick={onStop}>
          <SkipForward aria-hidden="true" />
        </Button>
      </div>
      <SeekBar playback={playback} track={track} version={version} moments={moments} hits={hits} loaded={loaded} />
      <div className="flex shrink-0 items-center gap-3">
        <Select
          label="Speed"
          value={String(pace.speed)}
          onValue={(value) => playback.setPace({ ...pace, speed: Number(value) })}
          choices={speeds.map((speed) => ({ value: String(speed), label: `${speed}×` }))}
        />
        <Checkbox
          label={<span className="whitespace-nowrap">Skip idle</span>}
          checked={pace.skipIdle}
          onChecked={(skipIdle) => playback.setPace({ ...pace, skipIdle })}
        />
        {live ? (
          <Button
            size="small"
            disabled={following}
            onClick={playback.follow}
            icon={<ArrowDownToLine aria-hidden="true" />}
          >
            {following ? 'Following' : 'Follow'}
          </Button>
        ) : null}
      </div>
    </section>
  );
}

function SeekBar({
  playback,
  track,
  version,
  moments,
  hits,
  loaded,
}: {
  readonly playback: Playback;
  readonly track: TerminalTrack;
  readonly version: number;
  readonly moments: readonly Moment[];
  readonly hits: readonly SearchHit[];
  readonly loaded: number;
}) {
  const bar = useRef<HTMLDivElement>(null);
  const { at, seek } = playback;
  const duration = Math.max(1, track.duration);
  const share = (ms: number) => `${(Math.min(1, ms / duration) * 100).toFixed(3)}%`;
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    const box = bar.current?.getBoundingClientRect();
    if (box === undefined || (event.type === 'pointermove' && event.buttons !== 1)) return;
    if (event.type === 'pointerdown') event.currentTarget.setPointerCapture(event.pointerId);
    seek((Math.max(0, Math.min(box.width, event.clientX - box.left)) / Math.max(1, box.width)) * duration);
  };
  return (
    <div className="order-last flex w-full min-w-0 flex-1 basis-full items-center gap-3 md:order-none md:basis-0">
      <div
        ref={bar}
        role="slider"
        tabIndex={0}
        aria-label="Moment"
        aria-valuemin={0}
        aria-valuemax={Math.round(duration / 1000)}
        aria-valuenow={Math.round(at / 1000)}
        aria-valuetext={`${spokenMoment(at)} of ${spokenMoment(duration)}`}
        onPointerDown={drag}
        onPointerMove={drag}
        className="relative h-10 min-w-0 flex-1 cursor-pointer touch-none select-none overflow-hidden rounded-small bg-sunken"
      >
        <Activity track={track} version={version} />
        <span aria-hidden="true" className="absolute inset-y-0 left-0 bg-accent/15" style={{ width: share(at) }} />
        {moments.map((moment) => (
          <span
            key={moment.key}
            aria-hidden="true"
            className={classNames(
              'absolute bottom-0 w-0.5 -translate-x-1/2',
              moment.verdict === null ? 'h-2 bg-ink-faint' : `h-full ${tickColours[moment.verdict]}`,
            )}
            style={{ left: share(moment.at) }}
          />
        ))}
        {hits.map((hit) => (
          <span
            key={hit.event}
            aria-hidden="true"
            className="absolute top-0 h-3 w-1 -translate-x-1/2 rounded-b-small bg-mask"
            style={{ left: share(hit.at) }}
          />
        ))}
        {loaded >= 1 ? null : (
          <span aria-hidden="true" className="absolute right-0 bottom-0 h-0.5 w-1/4 animate-pulse bg-accent" />
        )}
        <span
          aria-hidden="true"
          className="absolute inset-y-0 w-0.5 -translate-x-1/2 bg-accent"
          style={{ left: share(at) }}
        />
      </div>
      <span className="shrink-0 whitespace-nowrap font-mono text-ink-soft text-small tabular-nums">
        {momentText(at)} / {momentText(duration)}
      </span>
    </div>
  );
}

function Activity({ track, version }: { readonly track: TerminalTrack; readonly version: number }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: a grown track is another one.
  const parts = useMemo(() => track.activity(activityParts), [track, version]);
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 ${activityParts} 100`}
      preserveAspectRatio="none"
      className="absolute inset-0 size-full text-line-strong"
    >
      <path
        fill="currentColor"
        d={parts.map((part, index) => `M${index + 0.1} 100V${(100 - part * 80).toFixed(1)}h0.8V100z`).join('')}
      />
    </svg>
  );
}
