/**
 * Telling a client that its session cannot begin, in bytes that its protocol's manifest supplies. The relay still parses nothing: it
 * compares the first bytes with the protocol's constant request for TLS, and where they match it says the words inside TLS, because
 * a client that asked for TLS believes nothing it reads outside.
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import * as limits from './limits.ts';

export interface LastWords {
  readonly words: Uint8Array;
  /** How this protocol asks for TLS, and what this node answers with; null when it has no such request or the node no certificate. */
  readonly tls: { readonly request: Uint8Array; readonly accept: Uint8Array; readonly context: SecureContext } | null;
}

/** Says the words and closes, within `lingerMs`. Nothing of the client may have been read before. Never throws. */
export function sayLastWords(socket: Socket, { words, tls }: LastWords): void {
  const timer = setTimeout(() => socket.destroy(), limits.lingerMs);
  socket.once('close', () => clearTimeout(timer));
  if (tls === null) {
    endAfter(socket, words);
    return;
  }
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    const wanted = Buffer.from(tls.request);
    const asked = seen.subarray(0, wanted.length).equals(wanted);
    if (!asked && seen.length < wanted.length && wanted.subarray(0, seen.length).equals(seen)) return;
    socket.off('data', onData);
    // Bytes between the request and TLS are an attack (CVE-2021-23214): nothing is said then.
    if (!asked) endAfter(socket, words);
    else if (seen.length > wanted.length) socket.destroy();
    else upgrade(socket, words, tls);
  };
  socket.on('data', onData);
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
