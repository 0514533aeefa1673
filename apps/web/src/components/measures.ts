const units: readonly (readonly [seconds: number, unit: string])[] = [
  [31_536_000, 'y'],
  [2_592_000, 'mo'],
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
];

/** `12 s ago`, `in 3 h`, `now`. Coarse on purpose: the exact time is one hover away. */
export function relativeTimeText(at: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - at.getTime()) / 1000);
  const size = Math.abs(seconds);
  if (size < 3) return 'now';
  const [unitSeconds, unit] = units.find(([limit]) => size >= limit) ?? [1, 's'];
  const amount = `${Math.floor(size / unitSeconds)} ${unit}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

/** `2026-11-23 14:02:11 UTC+01:00`, in the reader's own time zone, which it names: people of other zones read it over a shoulder. */
export function exactTimeText(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockText(at)} ${zoneText(-at.getTimezoneOffset())}`;
}

/** `UTC`, `UTC+01:00`, `UTC-03:30`, from minutes east of Greenwich. */
export function zoneText(minutesEast: number): string {
  if (minutesEast === 0) return 'UTC';
  const size = Math.abs(minutesEast);
  return `UTC${minutesEast > 0 ? '+' : '-'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** `14:02:11`. */
export function clockText(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `0:21`, `27:41`, `1:02:03` until a moment; `0:00` once it has passed. */
export function countdownText(until: Date, now: Date): string {
  const seconds = Math.max(0, Math.ceil((until.getTime() - now.getTime()) / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** `0.4 ms`, `12 ms`, `1.3 s`, `4 min 10 s`. */
export function durationText(ms: number): string {
  if (ms < 10) return `${trimmed(ms)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${trimmed(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `18 KiB`, `7.0 MiB`. */
export function bytesText(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let index = 0;
  while (value >= 1024 && index < names.length - 1) {
    value /= 1024;
    index += 1;
  }
  return `${index === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${names[index]}`;
}

/** `1 row`, `49 rows`, `1,204 rows`. */
export function countText(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? singular : plural}`;
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
