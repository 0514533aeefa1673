import { BlockList, isIP, isIPv6 } from 'node:net';
import { SluiceError } from '@sluice/domain';

/** A dual-stack socket shows an IPv4 client as `::ffff:192.0.2.1`. */
function plainHost(host: string): string {
  return host.startsWith('::ffff:') && isIP(host.slice(7)) === 4 ? host.slice(7) : host;
}

/** `ip:port`, with an IPv6 address in brackets. */
export function clientAddressText(host: string, port: number): string {
  const plain = plainHost(host);
  return isIPv6(plain) ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** A list of addresses and of subnets in CIDR notation. Throws SluiceError (`bad-request`) at the first that is neither. */
export function addressList(entries: readonly string[]): { readonly has: (host: string) => boolean } {
  const list = new BlockList();
  for (const entry of entries) {
    const [host = '', bits, ...rest] = entry.split('/');
    const version = isIP(host);
    const family = version === 6 ? 'ipv6' : 'ipv4';
    const prefix = bits === undefined ? null : Number(bits);
    const validPrefix = prefix === null || (/^\d{1,3}$/.test(bits ?? '') && prefix <= (version === 6 ? 128 : 32));
    if (version === 0 || rest.length > 0 || !validPrefix) {
      throw new SluiceError('bad-request', `“${entry}” is not an address or a subnet`, { audience: 'operator' });
    }
    if (prefix === null) list.addAddress(host, family);
    else list.addSubnet(host, prefix, family);
  }
  return {
    has(host) {
      const plain = plainHost(host);
      return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
    },
  };
}
