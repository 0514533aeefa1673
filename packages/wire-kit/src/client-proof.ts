import type { Secret } from '@sluice/domain';

/**
 * What the client presented to say who it is, verified as far as the protocol can without asking anybody: of a key or certificate its
 * owner's signature over this very handshake. An offered key is no proof.
 */
export type ClientProof =
  | { readonly type: 'secret'; readonly secret: Secret }
  | KeyProof
  /** A key that an authority of Sluice's own certified; the protocol has checked authority, names, dates and restrictions. */
  | (Omit<KeyProof, 'type'> & {
      readonly type: 'certificate';
      /** Fingerprint of the authority's key, in the form of `fingerprint`. */
      readonly authority: string;
      /** The certificate's serial number, decimal. */
      readonly serial: string;
    });

export interface KeyProof {
  readonly type: 'key';
  /** The protocol's own name of the key's kind, e.g. `ssh-ed25519`. */
  readonly algorithm: string;
  /** `SHA256:` and unpadded base64 of the digest of the public key's bytes. */
  readonly fingerprint: string;
  /** base64 of those bytes. */
  readonly publicKey: string;
}
