import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Secret } from '@sluice/domain';
import { sha256 } from './digest.ts';

/** `person` and `service` open API and CLI, `enrolment` enrols one gateway, `native` is a password on native ports and nothing else. */
export const tokenKinds = ['person', 'service', 'enrolment', 'native'] as const;
export type TokenKind = (typeof tokenKinds)[number];

const prefixes: Readonly<Record<TokenKind, string>> = {
  person: 'slp_',
  service: 'sls_',
  enrolment: 'slg_',
  native: 'sln_',
};

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 160 bits of chance. */
const randomLength = 20;
/** ceil(160 / log2 62). */
const bodyLength = 27;
/** ceil(32 / log2 62). */
const checksumLength = 6;
const tokenPattern = /^(sl[psgn]_)([0-9A-Za-z]{27})([0-9A-Za-z]{6})$/;
/** How much of a token a list may show: the prefix and four characters. */
const displayLength = 8;

/** A new token: prefix, 27 base62 characters of 160 random bits, 6 base62 characters of CRC-32 over what stands before them. */
export function mintToken(kind: TokenKind): Secret {
  const body = base62(BigInt(`0x${randomBytes(randomLength).toString('hex')}`), bodyLength);
  const text = prefixes[kind] + body;
  return new Secret(text + checksumOf(text));
}

/**
 * What a presented text claims to be. Null: no token of ours at all. `ok: false`: the form is right but the checksum is not, a typing
 * or copying error. Says nothing about whether the token exists.
 */
export function parseToken(text: string): { readonly kind: TokenKind; readonly ok: boolean } | null {
  const [, prefix, body, checksum] = tokenPattern.exec(text) ?? [];
  const kind = tokenKinds.find((candidate) => prefixes[candidate] === prefix);
  if (kind === undefined) return null;
  return { kind, ok: checksumOf(`${prefix}${body}`) === checksum };
}

/** What is stored and looked up: base64url SHA-256 of the token's text. A token has 160 random bits, so it needs no slow hash. */
export function tokenHash(secret: Secret | string): string {
  return sha256(textOf(secret));
}

/** The first 8 characters, for lists. */
export function tokenDisplay(secret: Secret | string): string {
  return textOf(secret).slice(0, displayLength);
}

function textOf(secret: Secret | string): string {
  return typeof secret === 'string' ? secret : secret.reveal();
}

function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), checksumLength);
}

function base62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  while (text.length < length) {
    text = alphabet.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}
