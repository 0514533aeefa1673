/** Requests to addresses that somebody typed: https, no private address unless it is listed, no redirect, bounded in time and size. */
import { lookup as resolve } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import { SluiceError } from '@sluice/domain';

const timeoutMs = 10_000;
/** Of an answer; more is not read. */
const maxAnswerBytes = 64 * 1_024;

/** Addresses that lead to this machine, its network or its cloud (RFC 6890, and 169.254.169.254 within link-local). */
const privateSubnets: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const privateSubnets6: readonly (readonly [string, number])[] = [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
const forbidden = new BlockList();
for (const [address, bits] of privateSubnets) forbidden.addSubnet(address, bits, 'ipv4');
for (const [address, bits] of privateSubnets6) forbidden.addSubnet(address, bits, 'ipv6');

/** Says whether an address may be asked. */
export type AddressGuard = (address: string) => boolean;

/** The guard that lets public addresses through, and of the private ones those in the list of addresses and subnets. */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const listed = new BlockList();
  for (const entry of allowed) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) listed.addAddress(address, family);
    else listed.addSubnet(address, Number(bits), family);
  }
  return (given) => {
    const address = given.startsWith('::ffff:') ? given.slice('::ffff:'.length) : given;
    if (isIP(address) === 0) return false;
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    return listed.check(address, family) || !forbidden.check(address, family);
  };
}

export interface GuardedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly mayAsk: AddressGuard;
}

export interface GuardedAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * POSTs. The name is resolved once and the connection goes to the address that was looked at, so that it cannot change in between.
 * Throws SluiceError: `forbidden` for an address that may not be asked, `unavailable` or `timed-out` for what may pass.
 */
export function guardedPost(request: GuardedRequest): Promise<GuardedAnswer> {
  const url = new URL(request.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.username !== '' || url.password !== '') throw refused('it holds a user name or password');
  if (isIP(host) !== 0 && !request.mayAsk(host)) throw refused(`${host} is a private address`);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused('it is no web address');
  const isPlain = url.protocol === 'http:';
  const send = isPlain ? httpRequest : httpsRequest;
  const body = Buffer.from(request.body, 'utf8');
  return new Promise((fulfil, reject) => {
    const outgoing = send(
      url,
      {
        method: 'POST',
        headers: { ...request.headers, 'content-length': String(body.length) },
        lookup: guardedLookup(request.mayAsk, isPlain),
        signal: AbortSignal.timeout(timeoutMs),
        agent: false,
      },
      (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          if (size <= maxAnswerBytes) parts.push(part);
          else answer.destroy();
        });
        answer.once('close', () =>
          fulfil({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
        answer.once('error', () => undefined);
      },
    );
    if (isPlain && isIP(host) !== 0 && !loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')) {
      outgoing.destroy(refused('only an address of this machine may be asked without https'));
    }
    outgoing.once('error', (error) => reject(faultOf(error, host)));
    outgoing.end(body);
  });
}

function guardedLookup(mayAsk: AddressGuard, loopbackOnly: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 4);
      const [first] = found;
      // One private address among public ones is a trick, not a choice.
      const wrong = found.find(
        ({ address, family }) =>
          !mayAsk(address) || (loopbackOnly && !loopback.check(address, family === 6 ? 'ipv6' : 'ipv4')),
      );
      if (first === undefined || wrong !== undefined)
        return callback(refused(`${hostname} leads to a private address, or is asked without https`), '', 4);
      if (options.all === true) return callback(null, found);
      return callback(null, first.address, first.family);
    });
  };
}

function faultOf(error: Error, host: string): SluiceError {
  if (error instanceof SluiceError) return error;
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return new SluiceError('timed-out', `${host} did not answer within ${timeoutMs / 1_000} s.`, {
      audience: 'person',
    });
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return new SluiceError('unavailable', `${host} could not be reached${code}.`, { audience: 'person', cause: error });
}

function refused(because: string): SluiceError {
  return new SluiceError('forbidden', `The address may not be asked: ${because}.`, {
    audience: 'person',
    hint: 'Use a public https address, or have SLUICE_NOTIFY_ALLOW_ADDRESSES list this one.',
  });
}
