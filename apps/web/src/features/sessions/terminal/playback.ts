/** How a replay's time goes on. */

export const speeds = [0.5, 1, 2, 4, 8, 16] as const;
/** With idle time skipped, a pause lasts this long, in ms of the recording. */
export const keptPauseMs = 1_500;

export interface PlaybackPace {
  readonly speed: number;
  readonly skipIdle: boolean;
}

/** Where the events around a moment lie, in ms; null where there is none. */
export interface AroundMoment {
  readonly before: number | null;
  readonly next: number | null;
}

/** The moment `elapsedMs` of real time later. */
export function advance(
  at: number,
  elapsedMs: number,
  { speed, skipIdle }: PlaybackPace,
  around: AroundMoment,
): number {
  const moved = at + Math.max(0, elapsedMs) * speed;
  if (!skipIdle || around.next === null) return moved;
  const pauseEnds = (around.before ?? 0) + keptPauseMs;
  // What is left of a longer pause is jumped over.
  return moved >= pauseEnds && moved < around.next ? around.next : moved;
}

/** `1:02:03` or `2:03`. */
export function momentText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** For a screen reader: `1 hour 2 minutes 3 seconds`. */
export function spokenMoment(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 3600), 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`);
  return said.length === 0 ? '0 seconds' : said.join(' ');
}
