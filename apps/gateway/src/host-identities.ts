/**
 * What the gateway shows to clients that know servers by their keys: one key of its own, made once, and for each connection a
 * certificate of it by Sluice's own authority.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  type BundleConnection,
  type HostCertificates,
  hostCertificatesSchema,
  Secret,
  type SignedBundle,
  SluiceError,
} from '@sluice/domain';
import { hostCertificatesContext, hostKeyContext, openSigned, signBytes } from '@sluice/keys';
import { protocolByName } from '@sluice/protocols';
import type { GatewayIdentity } from '@sluice/wire-kit';
import type { Bundles } from './bundles.ts';
import type { ControlPlane } from './control-plane.ts';
import type { StateStore } from './state-store.ts';

/** The control plane may not have the connection yet, or be away. In ms. */
const retryMs = 5_000;
/** Certificates hold for a day. In ms. */
const renewEveryMs = 3_600_000;

export interface HostIdentitiesOptions {
  readonly store: Pick<StateStore, 'hostKey' | 'hostCertificates' | 'keepHostCertificates'>;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
}

export class HostIdentities {
  readonly #gatewayId: string;
  readonly #controlPlane: Pick<ControlPlane, 'hostCertificates'>;
  readonly #bundles: Pick<Bundles, 'publicKeyOf' | 'current' | 'onChange'>;
  readonly #options: HostIdentitiesOptions;
  #key: { readonly privateKey: Secret; readonly publicKey: string } | null = null;
  #said: HostCertificates | null = null;
  #pending: Promise<void> | null = null;
  #again = false;
  #closed = false;
  readonly #timer: NodeJS.Timeout;

  constructor(
    gatewayId: string,
    controlPlane: Pick<ControlPlane, 'hostCertificates'>,
    bundles: Pick<Bundles, 'publicKeyOf' | 'current' | 'onChange'>,
    options: HostIdentitiesOptions,
  ) {
    this.#gatewayId = gatewayId;
    this.#controlPlane = controlPlane;
    this.#bundles = bundles;
    this.#options = options;
    // With each bundle, because names and whose certificates count may have changed, and long before the certificates end.
    bundles.onChange(() => void this.#renewIfNeeded());
    this.#timer = setInterval(() => void this.#renewIfNeeded(), renewEveryMs).unref();
    const kept = options.store.hostCertificates();
    if (kept === null) return;
    try {
      this.#said = this.#open(kept);
    } catch {
      // Of another key, or signed by a key that is pinned no more: it is asked for anew.
    }
  }

  /** Without a certificate that holds now it shows the plain key; without authorities no client's certificate counts. */
  of(connectionId: string): GatewayIdentity {
    const { privateKey } = this.#hostKey();
    const said = this.#said;
    const holds = said !== null && Date.parse(said.notAfter) > Date.now();
    const own = holds ? said.certificates.find((one) => one.connectionId === connectionId) : undefined;
    return {
      privateKey,
      certificate: own === undefined ? null : Buffer.from(own.certificate, 'base64'),
      clientAuthorities: holds ? said.clientAuthorities.map((key) => Buffer.from(key, 'base64')) : [],
    };
  }

  /** Asks for new certificates; what is asked for while an answer is under way is asked once more after it. Never throws. */
  renew(): Promise<void> {
    if (this.#pending !== null) {
      this.#again = true;
      return this.#pending;
    }
    this.#pending = this.#renew().finally(() => {
      this.#pending = null;
      if (!this.#again) return;
      this.#again = false;
      void this.renew();
    });
    return this.#pending;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #renewIfNeeded(): Promise<void> {
    const connections = [...(this.#bundles.current?.connections.values() ?? [])];
    const takes = ({ address }: BundleConnection) =>
      protocolByName(address.protocol)?.manifest.clientCertificates !== undefined;
    if (connections.some(takes)) await this.renew();
  }

  async #renew(): Promise<void> {
    const { store, log } = this.#options;
    try {
      const { privateKey, publicKey } = this.#hostKey();
      const raw = new Secret(
        createPrivateKey(privateKey.reveal()).export({ type: 'pkcs8', format: 'der' }).toString('base64url'),
      );
      const signed = await this.#controlPlane.hostCertificates({
        publicKey,
        proof: signBytes(raw, hostKeyContext, Buffer.from(this.#gatewayId)),
      });
      this.#said = this.#open(signed);
      store.keepHostCertificates(signed);
    } catch (error) {
      // What was said last holds on until its own end.
      const code = error instanceof SluiceError ? error.code : 'internal';
      log('no host certificates yet', { code, message: error instanceof Error ? error.message : String(error) });
      if (!this.#closed) setTimeout(() => void this.renew(), retryMs).unref();
    }
  }

  /** Throws when the control plane's pinned key did not sign it for this gateway and its key, or when it is older than what is known. */
  #open(signed: SignedBundle): HostCertificates {
    const said = openSigned({
      signed,
      context: hostCertificatesContext,
      schema: hostCertificatesSchema,
      publicKeyOf: this.#bundles.publicKeyOf,
    });
    if (said.gatewayId !== this.#gatewayId || said.publicKey !== this.#hostKey().publicKey)
      throw new SluiceError('forbidden', 'the host certificates are of another gateway or key', {
        audience: 'operator',
      });
    if (this.#said !== null && Date.parse(said.issuedAt) < Date.parse(this.#said.issuedAt))
      throw new SluiceError('forbidden', 'the host certificates are older than the ones in force', {
        audience: 'operator',
      });
    return said;
  }

  #hostKey(): { readonly privateKey: Secret; readonly publicKey: string } {
    if (this.#key !== null) return this.#key;
    const privateKey = this.#options.store.hostKey();
    const publicKey = createPublicKey(privateKey.reveal()).export({ format: 'jwk' }).x ?? '';
    this.#key = { privateKey, publicKey };
    return this.#key;
  }
}
