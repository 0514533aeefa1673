/**
 * Signed requests of a gateway: HTTP message signatures (RFC 9421) in exactly one shape. Covered are `@method`, `@target-uri` and
 * `content-digest` (RFC 9530, sha-256, also for an empty body), with the parameters created, nonce, keyid and alg="ed25519" in this
 * order under the label `sluice`. Every other shape is refused, so there is nothing to negotiate and nothing to confuse.
 *
 * A signature base starts with `"`, which no SignatureContext does: a signed request cannot pass for a signed chunk or bundle.
 */
import { createHash, sign, verify } from 'node:crypto';
import type { Secret } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { equalConstantTime } from './digest.ts';
import { privateKeyObject, publicKeyObject } from './signing.ts';

/** How far `created` may lie from the verifier's clock, in seconds, either way. */
export const signatureWindowSeconds = 60;

const components = '("@method" "@target-uri" "content-digest")';
const inputPattern =
  /^sluice=(\("@method" "@target-uri" "content-digest"\);created=(\d{1,12});nonce="([A-Za-z0-9_-]{16,64})";keyid="([A-Za-z0-9._-]{1,64})";alg="ed25519")$/;
/** 64 bytes of base64 end in a character with two spare bits and `==`. */
const signaturePattern = /^sluice=:([A-Za-z0-9+/]{85}[AQgw]==):$/;
const methodPattern = /^[A-Z]{1,16}$/;
const noncePattern = /^[A-Za-z0-9_-]{16,64}$/;
const keyIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

export interface SignRequest {
  readonly method: string;
  /** Absolute; as the verifier sees it. */
  readonly url: string;
  readonly body: Buffer | null;
  readonly keyId: string;
  /** base64url PKCS #8, as `generateSigningKeys` gives it. */
  readonly privateKey: Secret;
  /** ms since the epoch. */
  readonly now: number;
  /** 16 to 64 characters of base64url, never used twice. */
  readonly nonce: string;
}

export interface SignatureHeaders {
  readonly 'content-digest': string;
  readonly 'signature-input': string;
  readonly signature: string;
}

/** The three headers that sign a request. */
export function signRequest(request: SignRequest): SignatureHeaders {
  if (!noncePattern.test(request.nonce) || !keyIdPattern.test(request.keyId))
    throw new Error('nonce or key id has a wrong form');
  const digest = contentDigest(request.body);
  const created = Math.floor(request.now / 1000);
  const parameters = `${components};created=${created};nonce="${request.nonce}";keyid="${request.keyId}";alg="ed25519"`;
  const base = signatureBase(request.method, request.url, digest, parameters);
  const signature = sign(null, Buffer.from(base, 'utf8'), privateKeyObject(request.privateKey));
  return {
    'content-digest': digest,
    'signature-input': `sluice=${parameters}`,
    signature: `sluice=:${signature.toString('base64')}:`,
  };
}

export interface VerifyRequest {
  readonly method: string;
  /** Absolute, with the origin that clients use (the public URL), not that of an inner hop. */
  readonly url: string;
  /** Lower-case names, as Node gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer | null;
  /** base64url raw public key, or null when the id is not known (or no longer trusted). */
  readonly publicKeyOf: (keyId: string) => string | null | Promise<string | null>;
  /** ms since the epoch. */
  readonly now: number;
  /** Remembers the nonce until `expiresAt` (ms since the epoch) and says whether it was there already. Asked only after the signature was good. */
  readonly seenNonce: (keyId: string, nonce: string, expiresAt: number) => boolean | Promise<boolean>;
}

/** Verifies a signed request. Throws SluiceError `unauthenticated` that says which check failed. */
export async function verifyRequest(
  request: VerifyRequest,
): Promise<{ readonly keyId: string; readonly nonce: string }> {
  const [, parameters, createdText, nonce, keyId] = inputPattern.exec(single(request, 'signature-input')) ?? [];
  const [, signature] = signaturePattern.exec(single(request, 'signature')) ?? [];
  if (parameters === undefined || nonce === undefined || keyId === undefined || signature === undefined) {
    throw refused('The request is not signed in the form that Sluice uses.');
  }
  const created = Number(createdText);
  if (Math.abs(request.now / 1000 - created) > signatureWindowSeconds) {
    throw refused(
      'The request was signed too long ago or in the future.',
      'Set the clocks of the gateway and the control plane (NTP).',
    );
  }
  const digest = contentDigest(request.body);
  if (!equalConstantTime(single(request, 'content-digest'), digest))
    throw refused('The request’s body is not the one that was signed.');

  const publicKey = await request.publicKeyOf(keyId);
  const key = publicKey === null ? null : publicKeyObject(publicKey);
  if (key === null) throw refused('The request is signed by an unknown key.', 'Enrol the gateway again.');
  const base = signatureBase(request.method, request.url, digest, parameters);
  if (!verify(null, Buffer.from(base, 'utf8'), key, Buffer.from(signature, 'base64'))) {
    throw refused('The request’s signature is wrong.');
  }
  // Last, so that nobody without the key can fill the memory of nonces. One second more covers the rounding of `created`.
  const expiresAt = (created + signatureWindowSeconds + 1) * 1000;
  if (await request.seenNonce(keyId, nonce, expiresAt)) throw refused('The request was sent before.');
  return { keyId, nonce };
}

/** RFC 9530 Content-Digest of a body; null counts as empty. */
export function contentDigest(body: Buffer | null): string {
  const digest = createHash('sha256').update(body ?? Buffer.alloc(0));
  return `sha-256=:${digest.digest('base64')}:`;
}

/** RFC 9421, 2.5: one line per component, the parameters last, no newline at the end. Throws `bad-request` for a bad method or URL. */
export function signatureBase(method: string, url: string, digest: string, parameters: string): string {
  if (!methodPattern.test(method) || !URL.canParse(url)) {
    throw new SluiceError('bad-request', 'The request’s method or URL has a wrong form.', { audience: 'operator' });
  }
  // A fragment is never sent; everything else of the URL is covered in its normal form.
  const target = new URL(url);
  target.hash = '';
  return `"@method": ${method}\n"@target-uri": ${target.href}\n"content-digest": ${digest}\n"@signature-params": ${parameters}`;
}

/** The header's one value; several or none give a text that no pattern accepts. */
function single(request: VerifyRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

function refused(message: string, hint?: string): SluiceError {
  return new SluiceError('unauthenticated', message, { audience: 'operator', ...(hint === undefined ? {} : { hint }) });
}
