/**
 * Telling a client that its session cannot begin, in bytes that its protocol's manifest supplies. The relay still parses nothing: it
 * compares the first bytes with the protocol's constant request for TLS, and where they match it says the words inside TLS, because
 * a client that asked for TLS believes nothing it reads outside.
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import * as limits from './limits.ts';

/** Bytes of a client that are kept for the case that its gateway goes away before it answered anything. */
const firstBytesKept = 64;

export interface FirstBytes {
  /** What was read so far, at least its first `firstBytesKept` bytes. */
  readonly soFar: () => Buffer;
  /** Whether that is all that was read. */
  readonly isWhole: () => boolean;
  /** The same, and stops remembering. */
  readonly take: () => Buffer;
}

/** Remembers what the socket's reader reads first, without taking it away. */
export function rememberFirstBytes(socket: Socket): FirstBytes {
  let kept: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    kept = Buffer.concat([kept, chunk.subarray(0, firstBytesKept)]);
    if (kept.length >= firstBytesKept) socket.off('data', onData);
  };
  socket.on('data', onData);
  return {
    soFar: () => kept,
    isWhole: () => kept.length < firstBytesKept,
    take: () => {
      socket.off('data', onData);
      return kept;
    },
  };
}

export interface LastWords {
  readonly words: Uint8Array;
  /** How this protocol asks for TLS, and what this node answers with; null when it has no such request or the node no certificate. */
  readonly tls: { readonly request: Uint8Array; readonly accept: Uint8Array; readonly context: SecureContext } | null;
}

/**
 * Says the words and closes, within `lingerMs`. `read` is what the client has sent so far, all of it (at most `firstBytesKept`; more
 * is no request for TLS). Never throws.
 */
export function sayLastWords(socket: Socket, { words, tls }: LastWords, read: Buffer): void {
  const timer = setTimeout(() => socket.destroy(), limits.lingerMs);
  socket.once('close', () => clearTimeout(timer));
  if (tls === null) {
    endAfter(socket, words);
    return;
  }
  let seen = read;
  const wanted = Buffer.from(tls.request);
  const look = (): void => {
    const asked = seen.subarray(0, wanted.length).equals(wanted);
    if (!asked && seen.length < wanted.length && wanted.subarray(0, seen.length).equals(seen)) return;
    socket.off('data', onData);
    // Bytes between the request and TLS are an attack (CVE-2021-23214): nothing is said then.
    if (!asked) endAfter(socket, words);
    else if (seen.length > wanted.length) socket.destroy();
    else upgrade(socket, words, tls);
  };
  const onData = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    look();
  };
  socket.unpipe();
  socket.on('data', onData);
  if (seen.length > 0) look();
  else socket.resume();
}

function upgrade(socket: Socket, words: Uint8Array, tls: NonNullable<LastWords['tls']>): void {
  socket.write(tls.accept);
  const secure = new TLSSocket(socket, { isServer: true, secureContext: tls.context });
  secure.on('error', () => socket.destroy());
  // After the client's own first message: what comes before it would be taken for an answer to nothing.
  secure.once('data', () => endAfter(secure, words));
}

function endAfter(socket: Socket, words: Uint8Array): void {
  socket.resume();
  socket.end(words);
}
