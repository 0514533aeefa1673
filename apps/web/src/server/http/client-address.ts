import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';

/** Reads who sent a request: the socket's address or, from a listed proxy, the last address that the proxy added. */
export type ClientAddressReader = (request: IncomingMessage) => string;

export function clientAddressReader(trustedProxies: readonly string[]): ClientAddressReader {
  const proxies = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  return (request) => {
    const direct = plain(request.socket.remoteAddress ?? 'unknown');
    if (!proxies.check(direct, isIPv6(direct) ? 'ipv6' : 'ipv4')) return direct;
    const forwarded = request.headers['x-forwarded-for'];
    const last = String(forwarded ?? '')
      .split(',')
      .at(-1)
      ?.trim();
    return last === undefined || last === '' ? direct : plain(last);
  };
}

/** A dual-stack socket shows IPv4 clients as IPv6. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
