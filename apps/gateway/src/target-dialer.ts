/** The only place that opens a socket towards a target. */
import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { type BundleConnection, SluiceError, type TargetAddress } from '@sluice/domain';
import { type Floor, listAllows } from '@sluice/policy';

const dialTimeoutMs = 10_000;

export class TargetDialer {
  readonly #allowed: readonly string[];
  readonly #floor: () => Floor | null;

  /**
   * `host:port`, `host:*` or `*`; from the gateway's own configuration, not from a bundle. Where its floor file lists targets as well,
   * both lists must allow an address; the file alone is enough where `allowed` is empty.
   */
  constructor(allowed: readonly string[], floor: () => Floor | null = () => null) {
    this.#allowed = allowed;
    this.#floor = floor;
  }

  /** Throws SluiceError `target-unreachable`; the message tells an address off the list from one that does not answer. */
  async dial(connection: BundleConnection, signal: AbortSignal): Promise<Socket> {
    const { address } = connection;
    const host = await this.#allowedHost(address);
    const socket = connect({ host, port: address.port, noDelay: true, keepAlive: true });
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(dialTimeoutMs)]);
    try {
      await opened(socket, bounded);
    } catch (cause) {
      socket.destroy();
      throw unreachable(address, cause, bounded.aborted);
    }
    socket.on('error', () => undefined);
    if (isLinkLocal(socket.remoteAddress) && !this.#names(address)) {
      socket.destroy();
      throw new SluiceError(
        'target-unreachable',
        `${address.host} leads to a link-local address, where clouds keep credentials`,
        {
          hint: 'Name it with its port in SLUICE_ALLOW_TARGETS of the gateway if it is meant.',
        },
      );
    }
    return socket;
  }

  /** What to dial: the name, or the one of its addresses that the floor's subnets hold. Throws SluiceError `target-unreachable`. */
  async #allowedHost({ host, port, ...rest }: TargetAddress): Promise<string> {
    const targets = this.#floor()?.targets ?? null;
    const refuse = (list: string) =>
      new SluiceError('target-unreachable', `this gateway's own file does not allow the target ${host}:${port}`, {
        hint: `Add it to ${list} of the gateway, or correct the connection’s address.`,
      });
    if ((targets === null || this.#allowed.length > 0) && !this.allows({ host, port, ...rest }))
      throw refuse('SLUICE_ALLOW_TARGETS');
    if (targets === null || listAllows(targets, host, port)) return host;
    const named = isIP(host) === 0 && targets.some((pattern) => pattern.host.type === 'subnet');
    // A name that does not resolve is told apart by the dial itself only where the name is allowed.
    const found = named ? await lookup(host, { all: true }).catch(() => []) : [];
    const allowed = found.find(({ address }) => listAllows(targets, address, port));
    if (allowed === undefined) throw refuse('`targets` in the floor file');
    return allowed.address;
  }

  /** By host and port, not by a wildcard. */
  #names(address: TargetAddress): boolean {
    const exact = (this.#floor()?.targets ?? []).filter(
      ({ host, ports }) =>
        ports.from === ports.to && (host.type === 'name' || (host.type === 'subnet' && host.bits === host.base.width)),
    );
    return (
      this.#allowed.includes(`${address.host}:${address.port}`) ||
      (exact.length > 0 && listAllows(exact, address.host, address.port))
    );
  }

  allows(address: TargetAddress): boolean {
    return this.#allowed.some(
      (rule) => rule === '*' || rule === `${address.host}:*` || rule === `${address.host}:${address.port}`,
    );
  }
}

function opened(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Error('timed out'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    const settle = (then: () => void) => {
      signal.removeEventListener('abort', stop);
      then();
    };
    socket.once('connect', () => settle(resolve));
    socket.once('error', (error) => settle(() => reject(error)));
  });
}

function unreachable(address: TargetAddress, cause: unknown, timedOut: boolean): SluiceError {
  const code = cause !== null && typeof cause === 'object' && 'code' in cause ? String(cause.code) : '';
  const where = `${address.host}:${address.port}`;
  if (code === 'ECONNREFUSED') {
    return new SluiceError('target-unreachable', `the target ${where} refused the connection`, {
      hint: 'It is down or listens on another port: start it, or correct the connection’s address.',
      cause,
    });
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SluiceError('target-unreachable', `the gateway cannot resolve the target's name ${address.host}`, {
      hint: 'Correct the host name, or the gateway’s DNS.',
      cause,
    });
  }
  return new SluiceError(
    'target-unreachable',
    `the gateway cannot reach the target ${where}${timedOut ? ' in time' : ''}`,
    {
      hint: 'Check that the target runs and that a firewall lets the gateway through.',
      cause,
    },
  );
}

/** 169.254.0.0/16 and fe80::/10: metadata services of clouds live there (SSRF). */
function isLinkLocal(address: string | undefined): boolean {
  const plain = address?.startsWith('::ffff:') ? address.slice(7) : (address ?? '');
  return plain.startsWith('169.254.') || /^fe[89ab]/i.test(plain);
}
