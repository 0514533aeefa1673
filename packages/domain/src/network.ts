import { z } from 'zod';

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A network such as 10.0.0.0/8 or 2001:db8::/32; a single address is one of itself. */
export const networkSchema = z
  .string()
  .max(64)
  .refine((text) => parseNetwork(text) !== null, 'a network such as 10.0.0.0/8 or 2001:db8::/32');

/** Whether an address, with or without a port, is in one of the networks. What cannot be read is in none. */
export function isInNetworks(address: string, networks: readonly string[]): boolean {
  const given = parseAddress(withoutPort(address));
  return (
    given !== null &&
    networks.some((text) => {
      const network = parseNetwork(text);
      if (network === null || network.address.bits !== given.bits) return false;
      const host = BigInt(given.bits - network.prefix);
      return given.value >> host === network.address.value >> host;
    })
  );
}

/** `10.0.0.1:5432`, `[::1]:5432` and `::1` without what follows the address. */
export function withoutPort(address: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(address);
  if (bracketed !== null) return bracketed[1] ?? '';
  return address.replace(/^([^:]+):\d+$/, '$1');
}

function parseNetwork(text: string): { readonly address: Address; readonly prefix: number } | null {
  const [host = '', prefix, more] = text.split('/');
  const address = parseAddress(host);
  if (address === null || more !== undefined) return null;
  if (prefix === undefined) return { address, prefix: address.bits };
  const length = Number(prefix);
  return /^\d{1,3}$/.test(prefix) && length <= address.bits ? { address, prefix: length } : null;
}

/** RFC 4291; an IPv4-mapped address counts as the IPv4 address that it is. */
function parseAddress(text: string): Address | null {
  const plain = parseIpv4(text);
  if (plain !== null) return { bits: 32, value: plain };
  const value = parseIpv6(text);
  if (value === null) return null;
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
}

function parseIpv4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | null {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return null;
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  if (before === null || after === null) return null;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...Array.from({ length: missing }, () => 0), ...after];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** The 16-bit groups of one side of `::`, whose last two may be written as an IPv4 address. */
function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const dotted = index === parts.length - 1 ? parseIpv4(part) : null;
    if (dotted !== null) groups.push(Number(dotted >> 16n), Number(dotted & 0xffffn));
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}
