/** How a client says who it is, as far as gateways and control plane have to agree on it. */
export const proofKinds = ['secret', 'key', 'certificate'] as const;
export type ProofKind = (typeof proofKinds)[number];

/** No UTF-8 text begins with this byte: nobody can type a password whose digest is a key's. */
const noTextMark = 0xff;
const lastAscii = 0x7f;

/**
 * The bytes whose SHA-256 stands for a public key whose owner signed the handshake. `fingerprint` is `SHA256:` and unpadded base64 of
 * the digest of the key's bytes.
 */
export function keyProofBytes(fingerprint: string): Uint8Array {
  return marked(`key\0${fingerprint}`);
}

/** The bytes whose SHA-256 stands for a certificate that was checked. `authority` and `fingerprint` have the same form. */
export function certificateProofBytes(certificate: {
  readonly authority: string;
  readonly serial: string;
  readonly fingerprint: string;
}): Uint8Array {
  return marked(`certificate\0${certificate.authority}\0${certificate.serial}\0${certificate.fingerprint}`);
}

/** Fingerprints and numbers are ASCII. Throws RangeError for anything else, which could stand for another's bytes. */
function marked(text: string): Uint8Array {
  const codes = Array.from(text, (letter) => letter.charCodeAt(0));
  if (codes.some((code) => code > lastAscii)) throw new RangeError('a proof that is no ASCII text');
  return Uint8Array.of(noTextMark, ...codes);
}
