import type { Detector } from './detectors/subject.ts';
import { flagsOf, Subject } from './detectors/subject.ts';
import { encodedRuns, undisguise } from './disguise.ts';

/** A hit; UTF-16 offsets, end exclusive. Findings of one scan are in order and do not overlap. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly detector: Detector;
}

const none: readonly Finding[] = [];

/** Below this no detector can hit: the shortest are `a@b.co` and `pwd=abcd`. */
const minScanChars = 6;

/**
 * Finds what the detectors know in a text, in the disguises of full-width digits, invisible characters, escapes, and base64
 * or hex. Linear in the text. `detectors` is in order of precedence.
 */
export function scan(text: string, detectors: readonly Detector[]): readonly Finding[] {
  if (text.length < minScanChars) return none;
  const flags = flagsOf(text);
  if (flags === 0) return none;
  const found: Finding[] = [];
  collect(text, flags, detectors, (start, end, detector) => found.push({ start, end, detector }));

  const plain = undisguise(text, flags);
  if (plain !== null) {
    const { origin } = plain;
    const report = (start: number, end: number, detector: Detector): void => {
      found.push({ start: origin[start] ?? 0, end: origin[end] ?? text.length, detector });
    };
    collect(plain.text, flagsOf(plain.text), detectors, report);
    findEncoded(plain.text, detectors, report);
  }
  // The original too: to `\x3431…` the first byte of a hex code looks like an escape.
  findEncoded(text, detectors, (start, end, detector) => found.push({ start, end, detector }));
  return found.length === 0 ? none : merge(found, detectors);
}

type Report = (start: number, end: number, detector: Detector) => void;

function collect(text: string, flags: number, detectors: readonly Detector[], report: Report): void {
  const subject = new Subject(text, flags);
  for (const detector of detectors) {
    if ((flags & detector.needs) === detector.needs)
      detector.find(subject, (start, end) => report(start, end, detector));
  }
}

/** What decodes to a text with a finding is replaced as a whole: a part of a code cannot be masked. */
function findEncoded(text: string, detectors: readonly Detector[], report: Report): void {
  for (const { start, end, decoded } of encodedRuns(text, flagsOf(text))) {
    let first: Detector | null = null;
    collect(decoded, flagsOf(decoded), detectors, (_start, _end, detector) => {
      first ??= detector;
    });
    if (first !== null) report(start, end, { ...(first as Detector), secret: true });
  }
}

/** Joins what overlaps; the stretch takes the name of the detector that comes first in the list. */
function merge(found: Finding[], detectors: readonly Detector[]): readonly Finding[] {
  if (found.length === 1) return found;
  const order = new Map(detectors.map((detector, index) => [detector.name, index]));
  const rank = (finding: Finding): number => order.get(finding.detector.name) ?? detectors.length;
  found.sort((a, b) => a.start - b.start || rank(a) - rank(b));
  const merged: Finding[] = [];
  for (const next of found) {
    const last = merged.at(-1);
    if (last === undefined || next.start >= last.end) {
      merged.push(next);
      continue;
    }
    // `user:password@host` reads as an address from inside the password; the host may stay.
    if (last.detector.name === 'connection-url' && next.detector.name === 'email') continue;
    const leading = rank(next) < rank(last) ? next.detector : last.detector;
    // A part of a secret or of a code must not show because something else overlaps it.
    const detector = next.detector.secret && !leading.secret ? { ...leading, secret: true } : leading;
    merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, next.end), detector };
  }
  return merged;
}
