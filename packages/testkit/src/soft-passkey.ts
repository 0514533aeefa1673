/** A passkey in software that signs as authenticators do (WebAuthn Level 3), with every part open to forgery. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Assertion } from '@sluice/domain';

const credentialIdBytes = 16;
const aaguidBytes = 16;
/** User present, user verified. */
export const presentAndVerified = 0x05;
const attestedCredential = 0x40;

export interface Signing {
  readonly origin: string;
  readonly rpId: string;
  /** base64url. */
  readonly challenge: string;
  readonly type?: string;
  readonly flags?: number;
  readonly counter?: number;
  readonly clientData?: Readonly<Record<string, unknown>>;
}

export class SoftPasskey {
  readonly credentialId = randomBytes(credentialIdBytes).toString('base64url');
  /** SPKI DER in base64url. */
  readonly publicKey: string;
  counter = 0;
  readonly algorithm: 'es256' | 'eddsa' | 'rs256';
  readonly #privateKey: KeyObject;
  readonly #jwk: { readonly x?: string; readonly y?: string };

  constructor(algorithm: 'es256' | 'eddsa' | 'rs256' = 'es256') {
    this.algorithm = algorithm;
    const { publicKey, privateKey } = generate(algorithm);
    this.#privateKey = privateKey;
    this.publicKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
    this.#jwk = publicKey.export({ format: 'jwk' });
  }

  /** Signs a challenge; a passkey that counts says how often it was used. */
  assert(signing: Signing): Assertion {
    const clientData = Buffer.from(JSON.stringify(this.#clientData('webauthn.get', signing)));
    const data = this.#authenticatorData(signing, signing.flags ?? presentAndVerified);
    const signed = Buffer.concat([data, createHash('sha256').update(clientData).digest()]);
    const digest = this.algorithm === 'eddsa' ? null : 'sha256';
    return {
      credentialId: this.credentialId,
      clientData: clientData.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign(digest, signed, this.#privateKey).toString('base64url'),
    };
  }

  /** What `navigator.credentials.create` answers, without attestation. ES256 only. */
  register(signing: Signing) {
    const clientData = Buffer.from(JSON.stringify(this.#clientData('webauthn.create', signing)));
    const id = Buffer.from(this.credentialId, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const data = Buffer.concat([
      this.#authenticatorData(signing, (signing.flags ?? presentAndVerified) | attestedCredential),
      Buffer.alloc(aaguidBytes),
      length,
      id,
      this.#coseKey(),
    ]);
    return {
      id: this.credentialId,
      rawId: this.credentialId,
      type: 'public-key' as const,
      response: {
        clientDataJSON: clientData.toString('base64url'),
        attestationObject: attestationObject(data).toString('base64url'),
        transports: ['internal'],
      },
    };
  }

  #clientData(type: string, signing: Signing): Record<string, unknown> {
    const { challenge, origin } = signing;
    return { type: signing.type ?? type, challenge, origin, crossOrigin: false, ...signing.clientData };
  }

  #authenticatorData({ rpId, counter }: Signing, flags: number): Buffer {
    const rest = Buffer.alloc(5);
    rest.writeUInt8(flags, 0);
    rest.writeUInt32BE(counter ?? this.counter, 1);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), rest]);
  }

  /** {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053). */
  #coseKey(): Buffer {
    const coordinate = (text: string | undefined) =>
      Buffer.concat([Buffer.from([0x58, 0x20]), Buffer.from(text ?? '', 'base64url')]);
    return Buffer.concat([
      Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
      coordinate(this.#jwk.x),
      Buffer.from([0x22]),
      coordinate(this.#jwk.y),
    ]);
  }
}

/** {"fmt": "none", "attStmt": {}, "authData": bytes}. */
function attestationObject(data: Buffer): Buffer {
  const word = (text: string) => Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)]);
  const length = Buffer.from([0x59, data.length >> 8, data.length & 0xff]);
  return Buffer.concat([
    Buffer.from([0xa3]),
    word('fmt'),
    word('none'),
    word('attStmt'),
    Buffer.from([0xa0]),
    word('authData'),
    length,
    data,
  ]);
}

function generate(algorithm: SoftPasskey['algorithm']): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 'es256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'eddsa':
      return generateKeyPairSync('ed25519');
    case 'rs256':
      return generateKeyPairSync('rsa', { modulusLength: 2_048 });
  }
}
