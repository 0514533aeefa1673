import type { Detector, Subject } from './subject.ts';
import { flag, isDigitCode, isWordCode } from './subject.ts';

const ssnWords = /\b(?:ssn|ss#|social security|social-security|tax ?id|itin|tin)\b/;
const ssnContextReach = 48;
const ssnSeparators = '- .';

/** Social security numbers as 123-45-6789 with one kind of separator; nine bare digits only beside a word that says so. */
export const usSsn: Detector = {
  name: 'us-ssn',
  word: 'ssn',
  secret: false,
  needs: flag.digits,
  find(subject, report) {
    const { text, groups } = subject;
    for (let index = 0; index < groups.length; index += 1) {
      const first = groups[index]!;
      if (!standsFree(text, first.start, -1)) continue;
      if (first.end - first.start === 9 && standsFree(text, first.end, 1)) {
        if (
          isPossible(text.slice(first.start, first.end)) &&
          subject.hasContext(ssnWords, first.start, ssnContextReach)
        ) {
          report(first.start, first.end);
        }
        continue;
      }
      const end = separatedEnd(subject, index);
      if (end < 0) continue;
      report(first.start, end);
      index += 2;
    }
  },
};

function separatedEnd(subject: Subject, index: number): number {
  const { text, groups } = subject;
  const [first, second, third] = [groups[index], groups[index + 1], groups[index + 2]];
  if (first === undefined || second === undefined || third === undefined) return -1;
  if (first.end - first.start !== 3 || second.end - second.start !== 2 || third.end - third.start !== 4) return -1;
  if (second.start - first.end !== 1 || third.start - second.end !== 1) return -1;
  const separator = text.charAt(first.end);
  if (!ssnSeparators.includes(separator) || text.charAt(second.end) !== separator) return -1;
  if (!standsFree(text, third.end, 1)) return -1;
  const digits =
    text.slice(first.start, first.end) + text.slice(second.start, second.end) + text.slice(third.start, third.end);
  return isPossible(digits) ? third.end : -1;
}

/** No word character touches the place, and no further digits follow a dash or point. */
function standsFree(text: string, edge: number, direction: 1 | -1): boolean {
  const next = direction === 1 ? edge : edge - 1;
  if (isWordCode(text.charCodeAt(next)) && !(direction === -1 && text.charAt(next - 1) === '\\')) return false;
  return !('-.'.includes(text.charAt(next) || ' ') && isDigitCode(text.charCodeAt(next + direction)));
}

/** Numbers that the Social Security Administration does not give out: area 000, 666 and 900 up, group 00, serial 0000. */
function isPossible(digits: string): boolean {
  const area = digits.slice(0, 3);
  return area !== '000' && area !== '666' && area < '900' && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000';
}
