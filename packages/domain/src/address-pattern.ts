/**
 * Patterns of target addresses in a gateway's own floor file: `host:port`, where host is a name, `*.` and a name's end, an IP address
 * (IPv6 in brackets) or a subnet in CIDR form, and port a number, a range such as `5432-5440` or `*`.
 */
export interface AddressPattern {
  readonly text: string;
  readonly host:
    | { readonly type: 'name'; readonly name: string }
    | { readonly type: 'suffix'; readonly suffix: string }
    | { readonly type: 'subnet'; readonly base: IpAddress; readonly bits: number };
  readonly ports: { readonly from: number; readonly to: number };
}

/** An IP address as a number; `width` is 32 or 128 bits. */
export interface IpAddress {
  readonly width: 32 | 128;
  readonly value: bigint;
}

const maxPort = 65_535;
const namePattern = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/** Null when the text is no pattern. A bare `*` is none: a list that allows everything should not be written by accident. */
export function parseAddressPattern(text: string): AddressPattern | null {
  const [, bracketed, plain, bits, portText = ''] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:/\s]+))(?:\/(\d{1,3}))?:(\*|\d{1,5}(?:-\d{1,5})?)$/.exec(text) ?? [];
  const ports = parsePorts(portText);
  const host = parseHost((bracketed ?? plain ?? '').toLowerCase(), bracketed !== undefined, bits);
  return ports === null || host === null ? null : { text, host, ports };
}

function parsePorts(text: string): AddressPattern['ports'] | null {
  if (text === '*') return { from: 1, to: maxPort };
  const [from = 0, to = from] = text.split('-').map(Number);
  return from >= 1 && from <= to && to <= maxPort ? { from, to } : null;
}

function parseHost(host: string, bracketed: boolean, bits: string | undefined): AddressPattern['host'] | null {
  const address = parseIp(host);
  if (address !== null) {
    const length = bits === undefined ? address.width : Number(bits);
    return bracketed === (address.width === 128) && length <= address.width
      ? { type: 'subnet', base: address, bits: length }
      : null;
  }
  if (bracketed || bits !== undefined || /^[\d.]+$/.test(host)) return null;
  if (host.startsWith('*.')) return namePattern.test(host.slice(2)) ? { type: 'suffix', suffix: host.slice(1) } : null;
  return namePattern.test(host) ? { type: 'name', name: host } : null;
}

/** Whether a host as a connection names it, or an IP address that its name stands for, matches. Names match by their text alone. */
export function matchesAddress(pattern: AddressPattern, host: string, port: number): boolean {
  if (port < pattern.ports.from || port > pattern.ports.to) return false;
  const name = host.toLowerCase().replace(/\.$/, '');
  switch (pattern.host.type) {
    case 'name':
      return name === pattern.host.name;
    case 'suffix':
      return name.endsWith(pattern.host.suffix) && name.length > pattern.host.suffix.length;
    case 'subnet': {
      const address = parseIp(name.replace(/^\[|\]$/g, ''));
      const { base, bits } = pattern.host;
      if (address === null || address.width !== base.width) return false;
      const shift = BigInt(base.width - bits);
      return address.value >> shift === base.value >> shift;
    }
  }
}

/** IPv4 in dotted form or IPv6 (RFC 4291, 2.2); an IPv4 address mapped into IPv6 counts as IPv4. Null for anything else. */
export function parseIp(text: string): IpAddress | null {
  const v4 = parseIp4(text);
  if (v4 !== null) return { width: 32, value: v4 };
  const value = parseIp6(text);
  if (value === null) return null;
  return value >> 32n === 0xffffn ? { width: 32, value: value & 0xffff_ffffn } : { width: 128, value };
}

function parseIp4(text: string): bigint | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIp6(text: string): bigint | null {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const v4 = tail === null ? null : parseIp4(tail[2] ?? '');
  if (tail !== null && v4 === null) return null;
  const plain = v4 === null ? text : `${tail?.[1] ?? ''}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  const [left = '', right, ...more] = plain.split('::');
  if (more.length > 0) return null;
  const head = left === '' ? [] : left.split(':');
  const rest = right === undefined || right === '' ? [] : right.split(':');
  const zeros = 8 - head.length - rest.length;
  if (right === undefined ? zeros !== 0 : zeros < 1) return null;
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...rest];
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
