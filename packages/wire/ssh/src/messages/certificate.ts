/** OpenSSH certificates over Ed25519 keys (PROTOCOL.certkeys), as they are read. */
import { Cursor } from './cursor.ts';

export const ed25519Type = 'ssh-ed25519';
export const certificateType = 'ssh-ed25519-cert-v01@openssh.com';
export const rawKeyBytes = 32;
/** Names and options of one certificate. */
const maxEntries = 64;

export interface CriticalOption {
  readonly name: string;
  /** Empty where the option has no value. */
  readonly value: string;
}

export interface Certificate {
  /** The certified key's own bytes, as of a key without certificate. */
  readonly publicKey: Buffer;
  readonly serial: string;
  readonly kind: number;
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Seconds since 1970. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly CriticalOption[];
  readonly extensions: readonly string[];
  /** The authority's public key. */
  readonly authority: Buffer;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Null when the bytes are no certificate of this kind, whole and with nothing behind it. */
export function readCertificate(bytes: Buffer): Certificate | null {
  const cursor = new Cursor(bytes);
  if (cursor.text() !== certificateType) return null;
  cursor.bytes();
  const raw = cursor.bytes();
  const serial = cursor.uint64();
  const kind = cursor.uint32();
  const keyId = cursor.text();
  const principals = strings(cursor.bytes());
  const validAfter = cursor.uint64();
  const validBefore = cursor.uint64();
  const criticalOptions = pairs(cursor.bytes());
  const extensions = pairs(cursor.bytes());
  cursor.bytes();
  const authority = cursor.bytes();
  const signed = bytes.subarray(0, cursor.position);
  const signature = cursor.bytes();
  if (!cursor.isWholeAndOver || raw.length !== rawKeyBytes) return null;
  if (principals === null || criticalOptions === null || extensions === null) return null;
  return {
    publicKey: ed25519Blob(raw),
    serial: serial.toString(),
    kind,
    keyId,
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    extensions: extensions.map(({ name }) => name),
    authority,
    signed,
    signature,
  };
}

export function ed25519Blob(raw: Buffer): Buffer {
  return Buffer.concat([lengthThen(Buffer.from(ed25519Type)), lengthThen(raw)]);
}

function lengthThen(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A list of strings packed into one; a name with a comma is one name. Null when it does not end where it should. */
function strings(packed: Buffer): string[] | null {
  const cursor = new Cursor(packed);
  const found: string[] = [];
  while (!cursor.isOver && found.length <= maxEntries) found.push(cursor.text());
  return cursor.isWholeAndOver ? found : null;
}

function pairs(packed: Buffer): CriticalOption[] | null {
  const cursor = new Cursor(packed);
  const found: CriticalOption[] = [];
  while (!cursor.isOver && found.length <= maxEntries) {
    const name = cursor.text();
    const data = cursor.bytes();
    // A value is a string packed once more (PROTOCOL.certkeys, "Critical options").
    const inside = new Cursor(data);
    const value = data.length === 0 ? '' : inside.text();
    if (data.length > 0 && !inside.isWholeAndOver) return null;
    found.push({ name, value });
  }
  return cursor.isWholeAndOver ? found : null;
}
