import { type ErrorCode, errorCodes, SluiceError } from '@sluice/domain';
import { maxCloseReasonBytes } from './limits.ts';

/** RFC 6455, 7.4.1. */
export const normalClosure = 1000;

/** RFC 6455, 7.4.2 leaves 4000–4999 to applications; where HTTP has a status for it, the number is 4000 + status. */
const closeCodes: Readonly<Record<ErrorCode, number>> = {
  'bad-request': 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  'not-found': 4404,
  'timed-out': 4408,
  conflict: 4409,
  'too-large': 4413,
  'protocol-violation': 4422,
  'too-many': 4429,
  cancelled: 4499,
  internal: 4500,
  unsupported: 4501,
  unavailable: 4503,
  'gateway-offline': 4504,
  'control-plane-away': 4505,
  'lease-expired': 4506,
  'target-unreachable': 4507,
  'target-tls': 4508,
  'target-auth': 4509,
  'wrong-database': 4510,
  'policy-invalid': 4511,
  'credential-address': 4512,
  'spool-full': 4513,
  'recording-damaged': 4514,
};

/** Close codes that RFC 6455 defines and a WebSocket library raises by itself, in our words. */
const standardCodes: ReadonlyMap<number, ErrorCode> = new Map([
  [1001, 'unavailable'],
  [1002, 'protocol-violation'],
  [1003, 'protocol-violation'],
  [1007, 'protocol-violation'],
  [1008, 'forbidden'],
  [1009, 'too-large'],
  [1011, 'internal'],
  [1012, 'unavailable'],
  [1013, 'too-many'],
]);

/** The WebSocket close code for an error code. */
export function closeCodeOf(code: ErrorCode): number {
  return closeCodes[code];
}

/** What a close frame says: null for a clean end, else an error with the peer's own reason. */
export function errorOfClose(code: number, reason: string): SluiceError | null {
  if (code === normalClosure) return null;
  const errorCode = errorCodes.find((name) => closeCodes[name] === code) ?? standardCodes.get(code) ?? 'unavailable';
  return new SluiceError(errorCode, reason === '' ? `the connection was cut (WebSocket code ${code})` : reason);
}

/** `text` cut to at most `limit` bytes of UTF-8, never inside a character. */
export function boundedText(text: string, limit: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= limit) return text;
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** A reason that fits a close frame. */
export function closeReason(text: string): string {
  return boundedText(text, maxCloseReasonBytes);
}

/**
 * What may cross to the other side of an error: a SluiceError's code and message. Of any other error only the system's own code,
 * because its text may quote bytes of a session.
 */
export function portableError(error: unknown): { readonly code: ErrorCode; readonly reason: string } {
  if (error instanceof SluiceError) return { code: error.code, reason: error.message };
  const systemCode = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (systemCode !== null && /^E[A-Z_]{2,40}$/.test(systemCode)) {
    return { code: 'unavailable', reason: `the connection failed (${systemCode})` };
  }
  return { code: 'internal', reason: 'the stream failed' };
}
