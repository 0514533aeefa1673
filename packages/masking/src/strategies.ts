import type { MaskStrategy } from '@sluice/domain';
import type { Detector } from './detectors/subject.ts';

/** A keyed digest as text, at least 20 characters of letters, digits, `-` or `_`. A port: the key never enters this package. */
export type KeyedDigest = (text: string) => string;

/** How a value is replaced, and for whose class the digest is made. */
export interface Replacement {
  readonly strategy: MaskStrategy;
  readonly dataClass: string;
}

/** What a masked literal and a masked quotation show. */
export const maskDots = '•••';
const hashLength = 16;
const tokenLength = 20;
/** From these lengths on a value of unknown form may show its last two or four characters. */
const minPartialTwo = 8;
const minPartialFour = 16;

/** Strictest first: where two rules meet on a value, the earlier strategy is taken. */
export const strictestFirst: readonly MaskStrategy[] = ['null', 'redact', 'hash', 'token', 'partial'];

/**
 * The masked form of a value that one detector found, or of a whole value (`detector` null). Never longer than a fixed
 * addition to what it shows, and no detector finds anything in it again. `null` is for the caller to carry out; where a text is
 * needed it reads as redacted.
 */
export function replace(value: string, detector: Detector | null, how: Replacement, digest: KeyedDigest): string {
  switch (how.strategy) {
    case 'null':
    case 'redact':
      return redacted(detector);
    case 'partial':
      return partial(value, detector);
    case 'hash':
      return `h:${letters(digest(`${how.dataClass}\0${value}`), hashLength)}`;
    case 'token':
      return `tok_${how.dataClass}_${letters(digest(`${how.dataClass}\0${value}`), tokenLength)}`;
  }
}

export function redacted(detector: Detector | null): string {
  return `[${detector?.word ?? 'redacted'}]`;
}

/** Digits become letters so that no detector of numbers can hit a digest. Distinct digests stay distinct but for g–p, which hex never holds. */
function letters(digest: string, length: number): string {
  return digest.slice(0, length).replace(/[0-9]/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
}

function partial(value: string, detector: Detector | null): string {
  if (detector?.secret) return redacted(detector);
  switch (detector?.name) {
    case 'email':
      return partialEmail(value);
    case 'payment-card':
      return `•••• •••• •••• ${lastDigits(value, 4)}`;
    case 'us-ssn':
      return `•••-••-${lastDigits(value, 4)}`;
    case 'phone':
      return `••• ••• ${lastDigits(value, 3)}`;
    case 'iban':
      return `${value.slice(0, 2).toUpperCase()}•• •••• ${value.replace(/[ \n-]/g, '').slice(-4)}`;
    default:
      return partialUnknown(value);
  }
}

/** `alice@example.com` → `a•••@•••.com`. */
function partialEmail(value: string): string {
  const at = value.indexOf('@');
  const dot = value.lastIndexOf('.');
  if (at < 1 || dot < at) return '[email]';
  return `${firstCharacter(value)}•••@•••${value.slice(dot)}`;
}

/** The last digits, read through separators and disguises. */
function lastDigits(value: string, count: number): string {
  const digits = value.normalize('NFKC').replace(/\D/g, '');
  return digits.length > count * 2 ? digits.slice(-count) : '•'.repeat(count);
}

function partialUnknown(value: string): string {
  const characters = Array.from(value.trimEnd());
  const shown = characters.length >= minPartialFour ? 4 : characters.length >= minPartialTwo ? 2 : 0;
  return `${maskDots}${shown === 0 ? '' : characters.slice(-shown).join('')}`;
}

function firstCharacter(value: string): string {
  return Array.from(value.slice(0, 2))[0] ?? '';
}
