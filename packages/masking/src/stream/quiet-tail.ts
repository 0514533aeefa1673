/**
 * What of a text's end must not be shown although nothing more came for a while: what already looks like the beginning of a value.
 * Whatever this lets go is so little of a value that its rest, masked when it comes, is what matters: up to six digits of a number,
 * the part of a mail address before its sign, the mark by which a key is known, seven letters of a code.
 */
import { isDigitCode, isWordCode } from '../detectors/subject.ts';
import { readCode } from '../disguise.ts';
import { openAssignment, openCluster, openIban, openWord } from './open-tail.ts';

/** No detector finds a number of six digits, and the first six of a card name its bank alone (PCI DSS 3.4.1). */
const maxShownDigits = 6;
/** Shorter codes hold less than six characters. */
const minCode = 8;
const maxCode = 4_096;

/** The marks by which keys and stored passwords are known; see `keys.ts` beside the detectors. */
const keyMark =
  /(?<![A-Za-z0-9])(?:eyJ|(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA|ANVA)|ABSK|AIza|GOCSPX-|ya29\.|AccountKey=|[A-Za-z0-9]{3}8Q~|do[opr]_v1|dapi[a-f0-9]|v1\.0-[a-f0-9]|fo1_|fm[12][A-Za-z0-9_]?|hv[sbr]\.|[A-Za-z0-9]{14}\.at|gh[pousr]_|github_p|gl(?:pat|rt|dt|ft|soat|cbt|ptt|agent|imt|oas)-|xox[abceoprs]-|xapp-|hooks\.slack\.com\/|\d{8,10}:A|(?:sk|rk|pk|ak|api|key|secret)_(?:live|test|prod|sandbox)|whsec_|sq0[a-z]{3}-|access_token\$|shp(?:at|ca|pa|ss)_|sk-|hf_|gsk_|r8_|pplx-|xai-|npm_|pypi-|rubygems_|dckr_|NRAK-|glsa_|lin_api|ntn_|PMAK-|dp\.(?:pt|st|ct|sa|scim|audit)|SG\.|key-[a-f0-9]|sl[psg]_|SCRAM-SHA|\$2[abxy]\$|\$argon2|\$(?:1|5|6|y|7|gy)\$|\{S?SHA|pbkdf2)/;

/** In each the first group is what may show: names, signs and the first characters by which prose is told apart. */
const beginnings: readonly RegExp[] = [
  /((?<![A-Za-z0-9])(?:AC|SK)[a-f0-9]{4})[a-f0-9]{0,28}$/,
  /((?<![A-Za-z0-9])[a-f0-9]{8})[a-f0-9]{8,24}(?:-u?s?\d?)?$/,
  /(\b(?:bearer|basic)[ \t]{1,3}[A-Za-z0-9._~+/-]{7})[A-Za-z0-9._~+/-]{1,2048}={0,2}$/i,
  /((?:pass(?:word|wd|phrase|code)?|pwd|key|secret|token|credentials?)["'`]?[ \t]{0,3}(?::=|=>|[:=])[ \t]{0,3})[^\s"'&,;<>()[\]{}]{1,512}$/i,
  /(:\/\/[^\s/?#"'<>`@:]{0,512}:)(?!\d{1,5}(?:[/?#]|$))[^\s"'<>`]{1,512}$/,
  /()-----B[A-Z0-9 ]{0,60}-{0,5}$/,
];
const window = 2_600;

/** The index in `plain`, an undisguised text, from which nothing may be shown yet; its length when all may. */
export function quietTail(plain: string): number {
  const from = Math.max(0, plain.length - window);
  const text = plain.slice(from);
  const shown = Math.min(
    afterDigits(text, openCluster(text)),
    afterDigits(text, openIban(text)),
    openAssignment(text),
    inWord(text, openWord(text)),
    inCode(text),
    ...beginnings.map((pattern) => afterGroup(pattern, text)),
  );
  return from + shown;
}

/** Where the seventh digit stands from `start` on; the text's end when there are no more than six. */
function afterDigits(text: string, start: number): number {
  let digits = 0;
  for (let at = start; at < text.length; at += 1) {
    if (!isDigitCode(text.charCodeAt(at))) continue;
    digits += 1;
    if (digits > maxShownDigits) return at;
  }
  return text.length;
}

function afterGroup(pattern: RegExp, text: string): number {
  const match = pattern.exec(text);
  return match === null ? text.length : match.index + (match[1] ?? '').length;
}

/** A mail address from its start, or a key from the mark by which it is known. */
function inWord(text: string, start: number): number {
  const word = text.slice(start);
  const sign = word.indexOf('@', 1);
  const mark = keyMark.exec(word);
  return start + Math.min(sign < 0 ? word.length : localStart(word, sign), mark?.index ?? word.length);
}

function localStart(word: string, sign: number): number {
  let at = sign;
  while (at > 0 && (isWordCode(word.charCodeAt(at - 1)) || '._%+-'.includes(word.charAt(at - 1)))) at -= 1;
  return at === sign ? word.length : at;
}

/** The start of base64 or hex that has spelled nothing but plain text so far. */
function inCode(text: string): number {
  const run = /[A-Za-z0-9+/_-]+={0,2}$/.exec(text.slice(-maxCode));
  if (run === null || run[0].length < minCode) return text.length;
  const decoded = readCode(run[0].replace(/=+$/, ''));
  return decoded !== null && /^[\t\n\r -~]*$/.test(decoded) ? text.length - run[0].length : text.length;
}
