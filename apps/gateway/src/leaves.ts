/** TLS leaves of Sluice's own CA for each connection: a key made here, a certificate asked for, renewed before it ends. */
import { generateKeyPairSync } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type BundleConnection, SluiceError } from '@sluice/domain';
import type { ControlPlane } from './control-plane.ts';

/** A leaf is renewed when less than this is left. */
const renewBeforeMs = 6 * 3_600_000;
const retryMs = 5_000;

interface Leaf {
  readonly context: SecureContext;
  readonly notAfter: number;
  readonly names: string;
}

export class Leaves {
  readonly #controlPlane: ControlPlane;
  readonly #caRoot: string;
  readonly #leaves = new Map<string, Leaf>();
  readonly #pending = new Set<string>();
  readonly #log: (message: string, fields: Record<string, unknown>) => void;
  #onNew: () => void = () => undefined;
  #closed = false;

  constructor(
    controlPlane: ControlPlane,
    caRoot: string,
    log: (message: string, fields: Record<string, unknown>) => void,
  ) {
    this.#controlPlane = controlPlane;
    this.#caRoot = caRoot;
    this.#log = log;
  }

  /** The context of a connection's leaf; null when there is none that is still valid. */
  of(connectionId: string): (() => SecureContext) | null {
    const leaf = this.#leaves.get(connectionId);
    return leaf === undefined || leaf.notAfter <= Date.now() ? null : () => leaf.context;
  }

  /** Called whenever a connection got a leaf. */
  onNew(listener: () => void): void {
    this.#onNew = listener;
  }

  /** `ensure` for each of them. */
  ensureAll(connections: Iterable<Pick<BundleConnection, 'id' | 'serverNames'>>): void {
    for (const { id, serverNames } of connections) void this.ensure(id, serverNames);
  }

  /** Makes sure that the leaf exists, has these names and lasts; called whenever the bundle changes and every hour. */
  async ensure(connectionId: string, serverNames: readonly string[]): Promise<void> {
    const names = serverNames.join(' ');
    const leaf = this.#leaves.get(connectionId);
    if (leaf !== undefined && leaf.names === names && leaf.notAfter - Date.now() > renewBeforeMs) return;
    if (this.#pending.has(connectionId)) return;
    this.#pending.add(connectionId);
    try {
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const spki = keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
      const { certificate, notAfter } = await this.#controlPlane.leaf(connectionId, spki);
      const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
      const context = createSecureContext({
        key,
        cert: `${certificate.trimEnd()}\n${this.#caRoot}`,
        minVersion: 'TLSv1.2',
      });
      this.#leaves.set(connectionId, { context, notAfter: Date.parse(notAfter), names });
      if (!this.#closed) this.#onNew();
    } catch (error) {
      // Also a certificate that cannot be read: without a leaf TLS is refused on this port, and the next try may bring a good one.
      const code = error instanceof SluiceError ? error.code : 'internal';
      this.#log('no TLS leaf yet', {
        connectionId,
        code,
        message: error instanceof Error ? error.message : String(error),
      });
      if (!this.#closed) setTimeout(() => void this.ensure(connectionId, serverNames), retryMs).unref();
    } finally {
      this.#pending.delete(connectionId);
    }
  }

  close(): void {
    this.#closed = true;
  }
}
