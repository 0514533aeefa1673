/**
 * What of a text's end may still become a part of a value when more comes. Everything before the returned place is settled: no
 * detector's finding can begin there and reach into what follows. All walks are bounded, so a call costs some microseconds.
 */
import { ibanLengths } from '../detectors/payment.ts';
import { isDigitCode } from '../detectors/subject.ts';

/** A word in which nothing was found is let go but for its end when it gets longer; no value but a code is as long (characters). */
export const maxOpenWord = 2_048;
/** Card numbers: 19 digits with up to three characters between two of them, and what may stand around them (characters). */
const maxCluster = 96;
/** A number waits for the word behind it that makes it a phone number, or for its extension (characters). */
const wordAfterReach = 24;
/** The longest IBAN with a character between each two. */
const maxIbanReach = 68;
/** The name of a secret, its signs and a quoted value of 512 characters. */
const assignmentReach = 640;
/** Lines of wrapped base64 are at least this long; see `encodedRuns`. */
const minWrappedLine = 60;
/** A wrapped code is kept together up to here; the caller's bound is smaller. */
const maxCode = 65_536;

const wordEnd = /[\s"'`<>]/;
const longNumber = /[+(]{0,2}\d(?:[ .\-()/\n\r\t]{0,3}\d){6,}/g;
const secretWord = /pass|pwd|key|secret|token|credential/i;
const openQuote =
  /(?:pass(?:word|wd|phrase|code)?|pwd|key|secret|token|credentials?)["'`]?[ \t]{0,3}(?::=|=>|[:=])[ \t]{0,3}(?:"[^"\r\n]{0,512}|'[^'\r\n]{0,512})$/i;
const ibanStart = /(?<![A-Za-z0-9])([A-Za-z]{2})[ -]?\d{2}/g;
const openHeader = /^-----[A-Z0-9 ]{0,60}-{0,5}$/;

/** The index from which the end of `plain`, an undisguised text, is open; its length when it is settled. */
export function openTail(plain: string): number {
  return Math.min(
    openWord(plain),
    openCluster(plain),
    openNumber(plain),
    openIban(plain),
    openAssignment(plain),
    openKeyHeader(plain),
    openCode(plain),
  );
}

/** The start of the word at the end. */
export function openWord(plain: string): number {
  let at = plain.length;
  const least = Math.max(0, at - maxOpenWord);
  while (at > least && !wordEnd.test(plain.charAt(at - 1))) at -= 1;
  return at > least || least === 0 ? at : plain.length - maxOpenWord / 2;
}

/** The start of the digits at the end, over whatever may stand between the groups of a number. */
export function openCluster(plain: string): number {
  const least = Math.max(0, plain.length - maxCluster);
  let at = plain.length;
  let start = at;
  let gap = 0;
  while (at > least) {
    const code = plain.charCodeAt(at - 1);
    if (isDigitCode(code)) {
      gap = 0;
      start = at - 1;
    } else if (' .-()/+\n\r\t'.includes(plain.charAt(at - 1))) {
      gap += 1;
      if (gap > 3) break;
      if (start < plain.length && (code === 43 || code === 40)) start = at - 1;
    } else {
      break;
    }
    at -= 1;
  }
  return start;
}

function openNumber(plain: string): number {
  const from = Math.max(0, plain.length - wordAfterReach - maxCluster);
  const window = plain.slice(from);
  longNumber.lastIndex = 0;
  for (let match = longNumber.exec(window); match !== null; match = longNumber.exec(window)) {
    if (window.length - (match.index + match[0].length) < wordAfterReach) return from + match.index;
  }
  return plain.length;
}

/** The start of what may be an IBAN in groups. */
export function openIban(plain: string): number {
  const from = Math.max(0, plain.length - maxIbanReach - 1);
  const window = plain.slice(from);
  ibanStart.lastIndex = 0;
  for (let match = ibanStart.exec(window); match !== null; match = ibanStart.exec(window)) {
    const rest = window.slice(match.index);
    const length = ibanLengths.get((match[1] ?? '').toUpperCase());
    if (length === undefined || !/^(?:[A-Za-z0-9][ \n-]?)*$/.test(rest)) continue;
    if (rest.replace(/[ \n-]/g, '').length <= length) return from + match.index;
  }
  return plain.length;
}

/** The start of a quoted value behind the name of a secret, as long as its quote is open. A bare value is a word. */
export function openAssignment(plain: string): number {
  const from = Math.max(0, plain.length - assignmentReach);
  const window = plain.slice(from);
  if (!secretWord.test(window)) return plain.length;
  const match = openQuote.exec(window);
  return match === null ? plain.length : from + match.index;
}

function openKeyHeader(plain: string): number {
  const from = Math.max(0, plain.length - maxCluster);
  const window = plain.slice(from);
  const at = window.lastIndexOf('-----B');
  return at >= 0 && openHeader.test(window.slice(at)) ? from + at : plain.length;
}

/** The start of the code at the end: its last line, and the long lines before it. */
function openCode(plain: string): number {
  const least = Math.max(0, plain.length - maxCode);
  let at = plain.length;
  let start = at;
  while (at > least) {
    const code = plain.charCodeAt(at - 1);
    if (isCodeLetter(code)) {
      at -= 1;
      start = at;
      continue;
    }
    if (code !== 10 && code !== 13) break;
    // The last line may be of any length; one before it belongs to the code when it is long enough to be wrapped.
    at -= code === 10 && plain.charCodeAt(at - 2) === 13 ? 2 : 1;
    if (!isWrappedLine(plain, at)) break;
  }
  return start;
}

function isWrappedLine(plain: string, end: number): boolean {
  for (let index = 1; index <= minWrappedLine; index += 1) {
    if (!isCodeLetter(plain.charCodeAt(end - index))) return false;
  }
  return true;
}

function isCodeLetter(code: number): boolean {
  return (
    isDigitCode(code) ||
    (code >= 65 && code <= 90) ||
    (code >= 97 && code <= 122) ||
    '+/-_'.includes(String.fromCharCode(code))
  );
}
