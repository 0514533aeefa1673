import { z } from 'zod';

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** How far ahead the end of something open is looked for, in ms; what stays open for longer is asked about again then. */
const horizonMs = 7 * dayMs;
/** Steps of that search: two windows a day of each of seven days, and some. */
const maxSteps = 32;

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as 09:30');

/** A weekly window by the clocks of one time zone. `to` at or before `from` is on the next day: equal ones last a whole day. */
export const weeklyWindowSchema = z.strictObject({
  /** An IANA name such as Europe/Berlin. */
  zone: z.string().max(64).refine(isTimeZone, 'no time zone of the IANA data base'),
  /** 1 is Monday, 7 is Sunday; the day on which the window opens. */
  weekdays: z.array(z.int().min(1).max(7)).min(1).max(7),
  from: clockTime,
  to: clockTime,
});
export type WeeklyWindow = z.infer<typeof weeklyWindowSchema>;

/** A window that opens once. */
export const singleWindowSchema = z
  .strictObject({ startsAt: z.iso.datetime(), endsAt: z.iso.datetime() })
  .refine(({ startsAt, endsAt }) => Date.parse(startsAt) < Date.parse(endsAt), 'it must end after it starts');
export type SingleWindow = z.infer<typeof singleWindowSchema>;

/** The last moment, in ms since the epoch, until which a window that is open at `now` stays open; null when it is closed. */
export function openUntil(window: WeeklyWindow | SingleWindow, now: number): number | null {
  if ('startsAt' in window) {
    const ends = Date.parse(window.endsAt);
    return Date.parse(window.startsAt) <= now && now < ends ? ends : null;
  }
  return weeklyOpenUntil(window, now);
}

/**
 * Until when something stays open that is open while any of its parts is. `ends` gives each part's end when it is open at a moment,
 * `Infinity` for one that never ends, else null. Null when all are closed now.
 */
export function openTogetherUntil(ends: (at: number) => readonly (number | null)[], now: number): number | null {
  let until: number | null = null;
  for (let step = 0, at = now; step < maxSteps; step++) {
    const next = Math.max(...ends(at).map((end) => end ?? Number.NEGATIVE_INFINITY));
    if (next === Number.POSITIVE_INFINITY) return next;
    if (!(next > at)) break;
    until = next;
    if (until > now + horizonMs) break;
    at = next;
  }
  return until;
}

/** `Mon–Fri 09:00–17:00 Europe/Berlin`. */
export function describeWindow(window: WeeklyWindow | SingleWindow): string {
  if ('startsAt' in window) return `${window.startsAt} to ${window.endsAt}`;
  const days = [...new Set(window.weekdays)].sort();
  const run = days.length > 2 && days.every((day, index) => day === (days[0] ?? 0) + index);
  const named = run ? [days[0], days.at(-1)] : days;
  return `${named.map((day) => dayNames[(day ?? 1) - 1]).join(run ? '–' : ', ')} ${window.from}–${window.to} ${window.zone}`;
}

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function weeklyOpenUntil({ zone, weekdays, from, to }: WeeklyWindow, now: number): number | null {
  const wall = now + offsetMs(zone, now);
  const midnight = Math.floor(wall / dayMs) * dayMs;
  const opens = clockMs(from);
  const closes = clockMs(to) > opens ? clockMs(to) : clockMs(to) + dayMs;
  for (const day of [midnight, midnight - dayMs]) {
    const isOpen = weekdays.includes(isoWeekday(day)) && day + opens <= wall && wall < day + closes;
    if (isOpen) return instantOf(zone, day + closes, now);
  }
  return null;
}

/**
 * The first instant after `now` at which the zone's clocks show `wall`. Where they are put back that is the first of two; where they
 * skip it, an instant within that hour.
 */
function instantOf(zone: string, wall: number, now: number): number {
  const first = wall - offsetMs(zone, now);
  const second = wall - offsetMs(zone, first);
  const later = [first, second].filter((instant) => instant > now);
  const exact = later.filter((instant) => instant + offsetMs(zone, instant) === wall);
  return Math.min(...(exact.length > 0 ? exact : later.length > 0 ? later : [now + minuteMs]));
}

/** ISO 8601: the epoch was a Thursday. */
function isoWeekday(midnight: number): number {
  const days = Math.floor(midnight / dayMs);
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

function clockMs(text: string): number {
  const [hours = '0', minutes = '0'] = text.split(':');
  return (Number(hours) * 60 + Number(minutes)) * minuteMs;
}

/** Making a formatter costs more than asking one. Zones are few: those of the IANA data base. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** How far the zone's clocks are ahead of UTC at an instant, in ms. */
function offsetMs(zone: string, instant: number): number {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(zone, formatter);
  }
  const parts = new Map(formatter.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - Math.floor(instant / 1_000) * 1_000;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
