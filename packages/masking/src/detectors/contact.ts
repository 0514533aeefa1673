import type { Detector, DigitGroup, Subject } from './subject.ts';
import { flag, isDigitCode, isForeignLetter, isGap, isWordCode } from './subject.ts';

/** RFC 5321, 4.5.3.1: 64 octets before the sign, 255 after it. */
const maxLocal = 64;
const maxDomain = 255;
/** RFC 5321 allows more; what addresses do not use in practice stands around them in URLs and code. */
const localPunctuation = '._%+-';

/** Mail addresses: found from the sign outwards, so each character is looked at twice at most. */
export const email: Detector = {
  name: 'email',
  word: 'email',
  secret: false,
  needs: flag.at,
  find({ text }, report) {
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      let start = at;
      while (start > 0 && at - start < maxLocal && isLocal(text, start - 1)) start -= 1;
      // Leading punctuation belongs to the sentence around the address.
      while (start < at && !isWordCode(text.charCodeAt(start)) && text.charAt(start) !== '_') start += 1;
      if (start === at) continue;
      const end = domainEnd(text, at + 1);
      if (end > 0) report(start, end);
    }
  },
};

function isLocal(text: string, index: number): boolean {
  return isWordCode(text.charCodeAt(index)) || localPunctuation.includes(text.charAt(index));
}

/** The end of a dotted name whose last label is a plausible top-level domain; -1 when there is none. */
function domainEnd(text: string, start: number): number {
  let at = start;
  let lastDot = -1;
  while (at < text.length && at - start < maxDomain) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      if (lastDot === at - 1 || at === start) break;
      lastDot = at;
    } else if (!isWordCode(code) && code !== 45) break;
    at += 1;
  }
  let end = at;
  while (end > start && (text.charAt(end - 1) === '.' || text.charAt(end - 1) === '-')) end -= 1;
  const dot = lastDot < end ? lastDot : text.slice(start, end).lastIndexOf('.') + start;
  if (dot <= start || end - dot - 1 < 2) return -1;
  const first = text.charCodeAt(dot + 1);
  return isDigitCode(first) || !(isWordCode(first) || isForeignLetter(first)) ? -1 : end;
}

const phoneWords =
  /\b(?:tele)?(?:phones?|tel|mobile|cell|call(?:ed|ing)?|fax|whatsapp|dial|sms|pager|landline|hotline)\b/;
const phoneContextReach = 64;
/** `…, fax`: the word may follow. */
const phoneWordAfter = 12;
const phoneGap = ' .-()/';
const maxPhoneGap = 3;
/** ITU-T E.164: at most 15 digits with the country's code. */
const maxPhoneDigits = 15;
const minInternationalDigits = 8;
const minPhoneDigits = 7;
const extension = /[ ,]{0,2}(?:x|ext\.?|extension)[ .:]{0,2}\d{1,6}(?!\d)/iy;

/**
 * Phone numbers: with a plus sign, in the North American form, or, beside a word that says so, in any form of 7 to 15 digits.
 * Dates, amounts, addresses of the internet and identifiers have none of these.
 */
export const phone: Detector = {
  name: 'phone',
  word: 'phone',
  secret: false,
  needs: flag.digits,
  find(subject, report) {
    const { text, groups } = subject;
    let index = 0;
    while (index < groups.length) {
      const last = phoneFrom(subject, index);
      if (last < 0) {
        index += 1;
        continue;
      }
      const end = withExtension(text, groups[last]!.end);
      report(phoneStart(text, groups[index]!.start), end);
      index = last + 1;
      while (index < groups.length && groups[index]!.start < end) index += 1;
    }
  },
};

/** The index of the last group of a phone number that starts with group `first`; -1 when none does. */
function phoneFrom(subject: Subject, first: number): number {
  const { text, groups } = subject;
  const start = groups[first]!.start;
  const plus = plusBefore(text, start);
  if (plus < 0 && touchesWord(text, start)) return -1;
  if (plus >= 0) {
    const most = text.charAt(start) === '1' ? 11 : maxPhoneDigits;
    const last = extent(subject, first, most);
    const digits = count(groups, first, last);
    return digits >= minInternationalDigits && digits <= most && text.charAt(start) !== '0' ? last : -1;
  }
  const american = northAmerican(subject, first);
  if (american >= 0) return american;
  const last = extent(subject, first, maxPhoneDigits);
  const digits = count(groups, first, last);
  if (digits < minPhoneDigits || digits > maxPhoneDigits || isDate(subject, first, last)) return -1;
  if (isWordCode(text.charCodeAt(groups[last]!.end)) && withExtension(text, groups[last]!.end) === groups[last]!.end)
    return -1;
  const end = groups[last]!.end;
  const named =
    subject.hasContext(phoneWords, start, phoneContextReach) ||
    phoneWords.test(text.slice(end, end + phoneWordAfter).toLowerCase());
  return named ? last : -1;
}

/** Joins groups over phone punctuation while the digits stay within `most`. */
function extent(subject: Subject, first: number, most: number): number {
  const { text, groups } = subject;
  let digits = groups[first]!.end - groups[first]!.start;
  let last = first;
  while (last + 1 < groups.length && isGap(text, groups[last]!.end, groups[last + 1]!.start, phoneGap, maxPhoneGap)) {
    digits += groups[last + 1]!.end - groups[last + 1]!.start;
    if (digits > most) break;
    last += 1;
  }
  return last;
}

/** `(212) 555-0123`, `212.555.0123` (North American Numbering Plan: area and exchange start with 2 to 9), `1-212-555-0123`, `001-212-555-0123` (the prefix says enough). */
function northAmerican(subject: Subject, first: number): number {
  const { text, groups } = subject;
  const opening = groups[first]!;
  const prefix = text.slice(opening.start, opening.end);
  const area = prefix === '1' || prefix === '001' ? first + 1 : first;
  for (let index = first; index <= area + 2; index += 1) {
    const group = groups[index];
    if (group === undefined) return -1;
    if (index > first && !isGap(text, groups[index - 1]!.end, group.start, ' .-()', 2)) return -1;
    if (index >= area && group.end - group.start !== (index === area + 2 ? 4 : 3)) return -1;
    if (area === first && index < area + 2 && text.charAt(group.start) < '2') return -1;
  }
  const end = groups[area + 2]!.end;
  if (isWordCode(text.charCodeAt(end)) && withExtension(text, end) === end) return -1;
  // Further digits behind a dash or point: an identifier, not a phone number.
  if ('-.'.includes(text.charAt(end) || ' ') && isDigitCode(text.charCodeAt(end + 1))) return -1;
  return area + 2;
}

function plusBefore(text: string, start: number): number {
  const at = text.charAt(start - 1) === '(' ? start - 2 : start - 1;
  return text.charAt(at) === '+' && !isWordCode(text.charCodeAt(at - 1)) ? at : -1;
}

function phoneStart(text: string, start: number): number {
  const plus = plusBefore(text, start);
  if (plus >= 0) return plus;
  return text.charAt(start - 1) === '(' ? start - 1 : start;
}

function touchesWord(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1);
  if (isWordCode(before)) return text.charAt(start - 2) !== '\\';
  return '-.'.includes(text.charAt(start - 1) || ' ') && isWordCode(text.charCodeAt(start - 2));
}

function withExtension(text: string, end: number): number {
  extension.lastIndex = end;
  return extension.test(text) ? extension.lastIndex : end;
}

function count(groups: readonly DigitGroup[], first: number, last: number): number {
  let digits = 0;
  for (let index = first; index <= last; index += 1) digits += groups[index]!.end - groups[index]!.start;
  return digits;
}

/** `2024-01-31`, `31/01/2024`, `192.168.10.20`. */
function isDate({ text, groups }: Subject, first: number, last: number): boolean {
  const lengths: number[] = [];
  for (let index = first; index <= last; index += 1) lengths.push(groups[index]!.end - groups[index]!.start);
  const shape = lengths.join('-');
  if (/^(?:4-2-2|2-2-4|1-2-4|2-1-4|1-1-4)/.test(shape)) return true;
  return lengths.length === 4 && lengths.every((length) => length <= 3) && text.charAt(groups[first]!.end) === '.';
}
