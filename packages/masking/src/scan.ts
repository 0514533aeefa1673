import type { Detector } from './detectors/subject.ts';
import { flag, flagsOf, Subject } from './detectors/subject.ts';
import { asDrawn, behindSequence, encodedRuns, undisguise } from './disguise.ts';

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
 * or hex. Linear in the text. `detectors` is in order of precedence. `moreFlags`: what the caller knows of a text that is cut off.
 */
export function scan(text: string, detectors: readonly Detector[], moreFlags = 0): readonly Finding[] {
  if (text.length < minScanChars) return none;
  const flags = flagsOf(text) | moreFlags;
  if (flags === 0) return none;
  const found: Finding[] = [];
  const hasControls = (flags & flag.control) !== 0;
  collect(text, flags, detectors, (start, end, detector) => {
    found.push({ start: hasControls ? behindSequence(text, start, end) : start, end, detector });
  });

  for (const plain of [undisguise(text, flags), ...asDrawn(text)]) {
    if (plain === null) continue;
    const { origin, ends } = plain;
    const report = (start: number, end: number, detector: Detector): void => {
      // What is hidden behind the last character (a colour's reset) is not part of the value.
      found.push({ start: origin[start] ?? 0, end: ends[end - 1] ?? text.length, detector });
    };
    const plainFlags = flagsOf(plain.text) | moreFlags;
    collect(plain.text, plainFlags, detectors, report);
    findEncoded(plain.text, plainFlags, detectors, report);
  }
  // The original too: to `\x3431…` the first byte of a hex code looks like an escape.
  findEncoded(text, flags, detectors, (start, end, detector) => found.push({ start, end, detector }));
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
function findEncoded(text: string, flags: number, detectors: readonly Detector[], report: Report): void {
  for (const { start, end, decoded } of encodedRuns(text, flags)) {
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
