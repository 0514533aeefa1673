/** The digest of a public key's bytes, unpadded base64, as OpenSSH prints it. */
const fingerprintForm = /^SHA256:[A-Za-z0-9+/]{43}$/;

export function isFingerprint(text: string): boolean {
  return fingerprintForm.test(text);
}
