import type { PasskeyHandle, PasskeyPreparation } from '@sluice/api';
import type { Assertion } from '@sluice/domain';

/** How long a browser waits for a person's finger, in ms. */
const patienceMs = 120_000;
/** COSE numbers of what gateways verify: ES256, EdDSA, RS256. */
const algorithms = [-7, -8, -257];

/** Whether this browser, on this address, can use passkeys at all: they need https or localhost. */
export function canUsePasskeys(): boolean {
  return typeof window !== 'undefined' && window.isSecureContext && 'PublicKeyCredential' in window;
}

export interface MadePasskey {
  readonly credentialId: string;
  /** SPKI DER in base64url. */
  readonly publicKey: string;
  readonly registration: {
    readonly id: string;
    readonly rawId: string;
    readonly type: 'public-key';
    readonly response: {
      readonly clientDataJSON: string;
      readonly attestationObject: string;
      readonly transports: string[];
    };
  };
}

/** Asks the browser for a new passkey. Throws a sentence for people when there is none. */
export async function makePasskey(preparation: PasskeyPreparation): Promise<MadePasskey> {
  const credential = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: bytesOf(preparation.challenge),
        rp: { id: preparation.rpId, name: 'Sluice' },
        user: {
          id: bytesOf(preparation.userHandle),
          name: preparation.userName,
          displayName: preparation.displayName,
        },
        pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
        excludeCredentials: preparation.existing.map(descriptorOf),
        attestation: 'none',
        timeout: patienceMs,
      },
    }),
  );
  const { response } = credential;
  if (!(response instanceof AuthenticatorAttestationResponse)) throw new Error('The browser made no passkey.');
  const publicKey = response.getPublicKey();
  if (publicKey === null) throw new Error('This authenticator makes keys of a kind that Sluice does not take.');
  const id = textOf(credential.rawId);
  return {
    credentialId: id,
    publicKey: textOf(publicKey),
    registration: {
      id,
      rawId: id,
      type: 'public-key',
      response: {
        clientDataJSON: textOf(response.clientDataJSON),
        attestationObject: textOf(response.attestationObject),
        transports: response.getTransports(),
      },
    },
  };
}

/** Lets one of these passkeys sign a text, after its person was verified. Throws a sentence for people when nothing was signed. */
export async function signWithPasskey(request: {
  readonly text: string;
  readonly rpId: string;
  readonly passkeys: readonly PasskeyHandle[];
}): Promise<Assertion> {
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(request.text));
  const credential = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        challenge,
        rpId: request.rpId,
        allowCredentials: request.passkeys.map(descriptorOf),
        userVerification: 'required',
        timeout: patienceMs,
      },
    }),
  );
  const { response } = credential;
  if (!(response instanceof AuthenticatorAssertionResponse)) throw new Error('The passkey signed nothing.');
  return {
    credentialId: textOf(credential.rawId),
    clientData: textOf(response.clientDataJSON),
    authenticatorData: textOf(response.authenticatorData),
    signature: textOf(response.signature),
  };
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!canUsePasskeys()) throw new Error('Passkeys need a browser that knows them, over https or on localhost.');
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (error) {
    throw new Error(sentenceOf(error), { cause: error });
  }
  if (!(credential instanceof PublicKeyCredential)) throw new Error('The browser answered without a passkey.');
  return credential;
}

function sentenceOf(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') return 'The passkey was not used: it was cancelled or took too long.';
  if (name === 'InvalidStateError') return 'This authenticator holds a passkey of yours already.';
  if (name === 'SecurityError')
    return 'The browser allows no passkeys under this address: use the host name of Sluice.';
  return 'The browser could not use a passkey.';
}

function descriptorOf({ credentialId, transports }: PasskeyHandle): PublicKeyCredentialDescriptor {
  return { type: 'public-key', id: bytesOf(credentialId), transports: transports as AuthenticatorTransport[] };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function textOf(buffer: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
