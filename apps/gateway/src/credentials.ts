/** The credentials of this gateway's connections: envelopes that only its key opens, or places on its own machine. */
import {
  type BundleConnection,
  type CredentialPurpose,
  type SealedEnvelope,
  Secret,
  SluiceError,
  type TargetCredential,
} from '@sluice/domain';
import { openCredential } from '@sluice/keys/sealing';
import { type Floor, listAllows } from '@sluice/policy';
import { resolveReference } from './credential-references.ts';

export interface CredentialsParts {
  readonly sealing: { readonly publicKey: string; readonly privateKey: Secret };
  readonly floor: () => Floor | null;
  /** Names of connections, from the gateway's own environment. */
  readonly allowWeakAuthentication: readonly string[];
  /** An envelope that the target has taken while the bundle still carries the one before. */
  readonly taken: (connectionId: string, purpose: CredentialPurpose) => SealedEnvelope | null;
}

export class Credentials {
  readonly #parts: CredentialsParts;

  constructor(parts: CredentialsParts) {
    this.#parts = parts;
  }

  /** Throws SluiceError `target-auth` when there is none, or what opening it throws. */
  async of(connection: BundleConnection, purpose: CredentialPurpose): Promise<Secret<TargetCredential>> {
    const { floor, taken } = this.#parts;
    const reference = connection.references?.[purpose];
    if (reference !== undefined) return resolveReference(connection, reference, floor());
    const given = purpose === 'reader' ? connection.readerCredential : connection.credential;
    const envelope = given === null ? null : (taken(connection.id, purpose) ?? given);
    if (envelope === null)
      throw new SluiceError('target-auth', `connection ${connection.name} has no credential for this gateway`);
    return this.open(connection, purpose, envelope);
  }

  /** Throws SluiceError `credential-address` when it was sealed for another key or address. */
  async open(
    { address, id }: BundleConnection,
    purpose: CredentialPurpose,
    envelope: SealedEnvelope,
  ): Promise<Secret<TargetCredential>> {
    return new Secret(await openCredential(this.#parts.sealing.privateKey, address, id, envelope, purpose));
  }

  /** Opted into here, never by a bundle: by the connection's name in the environment, or by the target in the floor file. */
  allowsWeakAuthentication({ name, address }: BundleConnection): boolean {
    const targets = this.#parts.floor()?.weakAuthentication ?? [];
    return this.#parts.allowWeakAuthentication.includes(name) || listAllows(targets, address.host, address.port);
  }
}
