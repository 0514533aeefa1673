/**
 * PROXY protocol, version 2 (haproxy.org, proxy-protocol.txt, 2.2): what a load balancer says about the client it stands in for. Pure.
 */
import { clientAddressText } from './client-address.ts';
import { maxProxyHeaderBytes } from './limits.ts';

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const fixedBytes = 16;

export type ProxyHeader =
  /** More bytes are needed; never more than `maxProxyHeaderBytes` in all. */
  | { readonly type: 'incomplete' }
  /** `clientAddress` is null for LOCAL: the proxy speaks for itself (a health check). */
  | { readonly type: 'complete'; readonly bytes: number; readonly clientAddress: string | null }
  | { readonly type: 'malformed' };

const malformed = { type: 'malformed' } as const;
const incomplete = { type: 'incomplete' } as const;

/** Reads the header at the start of a connection. TCP over IPv4 and IPv6 are accepted, and LOCAL. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const seen = Math.min(bytes.length, signature.length);
  if (bytes.compare(signature, 0, seen, 0, seen) !== 0) return malformed;
  if (bytes.length < fixedBytes) return incomplete;
  const version = bytes.readUInt8(12) >> 4;
  const command = bytes.readUInt8(12) & 0x0f;
  const family = bytes.readUInt8(13);
  const length = bytes.readUInt16BE(14);
  const total = fixedBytes + length;
  if (version !== 2 || command > 1 || total > maxProxyHeaderBytes) return malformed;
  if (bytes.length < total) return incomplete;
  if (command === 0) return { type: 'complete', bytes: total, clientAddress: null };
  if (family === 0x11 && length >= 12) {
    return complete(total, [...bytes.subarray(16, 20)].join('.'), bytes.readUInt16BE(24));
  }
  if (family === 0x21 && length >= 36) return complete(total, ipv6Text(bytes, 16), bytes.readUInt16BE(48));
  return malformed;
}

function complete(bytes: number, host: string, port: number): ProxyHeader {
  return { type: 'complete', bytes, clientAddress: clientAddressText(host, port) };
}

function ipv6Text(bytes: Buffer, start: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(start + index * 2).toString(16));
  // The URL parser is the platform's own RFC 5952 printer.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
