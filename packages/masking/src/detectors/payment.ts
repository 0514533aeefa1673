import type { Detector, DigitGroup, Subject } from './subject.ts';
import { flag, isDigitCode, isGap, isWordCode } from './subject.ts';

/** ISO/IEC 7812-1: 12 to 19 digits; below 13 nothing is issued any more that passes for a card by itself. */
const minCardDigits = 13;
const maxCardDigits = 19;
/** What may stand between the groups of a card number; line ends too, because values are wrapped. */
const cardGap = ' -.\n\r\t';
const maxCardGap = 3;
/** How people write card numbers; any other grouping counts only when it is all the digits there are. */
const cardShapes = new Set(['4-4-4-4', '4-6-5', '4-6-4', '4-4-4-4-3', '4-4-4-1', '4-4-5']);

export const paymentCard: Detector = {
  name: 'payment-card',
  word: 'card',
  secret: false,
  needs: flag.digits,
  find(subject, report) {
    const { groups } = subject;
    let index = 0;
    while (index < groups.length) {
      const last = cardFrom(subject, index);
      if (last < 0) {
        index += 1;
      } else {
        report(groups[index]!.start, groups[last]!.end);
        index = last + 1;
      }
    }
  },
};

/** The index of the last group of a card number that starts with group `first`; -1 when none does. At most 19 groups are looked at. */
function cardFrom(subject: Subject, first: number): number {
  const { text, groups } = subject;
  const start = groups[first]!.start;
  if (isWordBefore(text, start)) return -1;
  let digits = '';
  let shape = '';
  for (let index = first; index < groups.length; index += 1) {
    const group = groups[index]!;
    if (index > first && !joins(text, groups[index - 1]!, group)) return -1;
    digits += text.slice(group.start, group.end);
    if (digits.length > maxCardDigits) return -1;
    shape += `${index === first ? '' : '-'}${group.end - group.start}`;
    if (digits.length < minCardDigits || isWordCode(text.charCodeAt(group.end))) continue;
    const alone = index === first ? !isFraction(text, start) : isWholeCluster(text, groups, first, index);
    if ((alone || cardShapes.has(shape)) && isIssued(digits) && passesLuhn(digits)) return index;
  }
  return -1;
}

function joins(text: string, left: DigitGroup, right: DigitGroup): boolean {
  return isGap(text, left.end, right.start, cardGap, maxCardGap);
}

function isWholeCluster(text: string, groups: readonly DigitGroup[], first: number, last: number): boolean {
  const before = groups[first - 1];
  const after = groups[last + 1];
  return (
    (before === undefined || !joins(text, before, groups[first]!)) &&
    (after === undefined || !joins(text, groups[last]!, after))
  );
}

/** `0.4111…` is a number, not a card. */
function isFraction(text: string, start: number): boolean {
  return text.charAt(start - 1) === '.' && isDigitCode(text.charCodeAt(start - 2));
}

/** A letter or digit stands before; the letter of an escape such as `\n` does not count. */
function isWordBefore(text: string, start: number): boolean {
  return isWordCode(text.charCodeAt(start - 1)) && text.charAt(start - 2) !== '\\';
}

/** ISO/IEC 7812-1 annex B, the check digit. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  let double = false;
  for (let index = digits.length - 1; index >= 0; index -= 1) {
    let digit = digits.charCodeAt(index) - 48;
    if (double) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
    double = !double;
  }
  return sum % 10 === 0 && sum > 0;
}

/** Whether an issuer uses this prefix at this length: Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro, Mir. */
function isIssued(digits: string): boolean {
  const { length } = digits;
  const two = Number(digits.slice(0, 2));
  const three = Number(digits.slice(0, 3));
  const four = Number(digits.slice(0, 4));
  if (digits.startsWith('4')) return length === 13 || length === 16 || length === 19;
  if (two === 34 || two === 37) return length === 15;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length === 16;
  if ((three >= 300 && three <= 305) || three === 309 || two === 36 || two === 38 || two === 39)
    return length === 14 || length === 16;
  if (four >= 2200 && four <= 2204) return length >= 16;
  if (four >= 3528 && four <= 3589) return length >= 16;
  if (four === 6011 || two === 65 || (three >= 644 && three <= 649) || two === 62) return length >= 16;
  if (four === 1800 || four === 2131) return length === 15;
  return two === 50 || (two >= 56 && two <= 58) || two === 60 || two === 63 || two === 67;
}

/** Lengths by country, from the SWIFT IBAN registry. */
export const ibanLengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 ' +
    'LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 ' +
    'SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const ibanWords = /\biban\b/;
const ibanContextReach = 40;
const ibanStart = /(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}/g;

export const iban: Detector = {
  name: 'iban',
  word: 'iban',
  secret: false,
  needs: flag.digits,
  find(subject, report) {
    const { text } = subject;
    ibanStart.lastIndex = 0;
    for (let match = ibanStart.exec(text); match !== null; match = ibanStart.exec(text)) {
      const end = ibanEnd(subject, match.index);
      if (end < 0) continue;
      report(match.index, end);
      ibanStart.lastIndex = end;
    }
  },
};

/** Reads as many letters and digits as the country asks for, over single spaces and dashes; -1 when it is no IBAN. */
function ibanEnd(subject: Subject, start: number): number {
  const { text } = subject;
  const length = ibanLengths.get(text.slice(start, start + 2).toUpperCase());
  if (length === undefined) return -1;
  let compact = '';
  let at = start;
  while (compact.length < length) {
    const code = text.charCodeAt(at);
    if (isDigitCode(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)) compact += text.charAt(at);
    else if (!isGap(text, at, at + 1, ' -\n', 1) || !isWordCode(text.charCodeAt(at - 1))) return -1;
    at += 1;
  }
  if (isWordCode(text.charCodeAt(at))) return -1;
  if (ibanRemainder(compact) === 1) return at;
  // A mistyped account number is still somebody's: with the word beside it, the form is enough.
  return subject.hasContext(ibanWords, start, ibanContextReach) ? at : -1;
}

/** ISO 13616-1 / ISO 7064 mod 97-10. */
function ibanRemainder(compact: string): number {
  const turned = (compact.slice(4) + compact.slice(0, 4)).toUpperCase();
  let remainder = 0;
  for (let index = 0; index < turned.length; index += 1) {
    const code = turned.charCodeAt(index);
    remainder = isDigitCode(code) ? (remainder * 10 + code - 48) % 97 : (remainder * 100 + code - 55) % 97;
  }
  return remainder;
}
