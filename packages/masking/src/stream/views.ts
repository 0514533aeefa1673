import { flagsOf } from '../detectors/subject.ts';
import { asDrawn, undisguise } from '../disguise.ts';

/** A text as a detector reads it. `origin` null: as it stands. */
export interface View {
  readonly text: string;
  readonly origin: readonly number[] | null;
}

/** The readings of a text in which a value may be growing. */
export function viewsOf(text: string): readonly View[] {
  const plain = undisguise(text, flagsOf(text));
  const drawn = asDrawn(text);
  if (plain === null && drawn.length === 0) return [{ text, origin: null }];
  return [plain ?? { text, origin: null }, ...drawn];
}

/** Terminal sequences: the longest that carries a text of its own and is still waited for (characters). */
const maxSequence = 4_160;
const openSequence = /^\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|[ -/]{0,4}|[\]PX^_][^\x07\x1b\x9c]{0,4096}\x1b?)?$/;
const openEscape =
  /(?:\\(?:u[0-9a-fA-F]{0,3}|u\{[0-9a-fA-F]{0,6}|x[0-9a-fA-F]?|[0-9a-fA-F]{0,3})|%[0-9a-fA-F]?|&(?:#(?:[xX]?[0-9a-fA-F]{0,7})?)?)$/;
const maxEscape = 12;

/** The index at which a terminal sequence or an escape begins that is not complete; the text's length when there is none. */
export function unfinishedSequence(text: string): number {
  const sequence = text.lastIndexOf('\x1b', text.length - 1);
  const first = sequence > 0 && text.charCodeAt(sequence - 1) !== 0x1b ? text.lastIndexOf('\x1b', sequence - 1) : -1;
  // The last may be the first half of the mark that ends the one before it.
  for (const at of [first, sequence]) {
    if (at >= 0 && text.length - at <= maxSequence && openSequence.test(text.slice(at))) return at;
  }
  const from = Math.max(0, text.length - maxEscape);
  const begun = openEscape.exec(text.slice(from));
  return begun === null ? text.length : from + begun.index;
}
