/** What a form can say about an account's secret before it is sealed. Browser-safe: no Node API here. */

const opensshBody = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/;
const passphrase = 'This private key has a passphrase, and nobody is there to type it. Use a key without one.';
/** The magic of PROTOCOL.key, a length of four bytes, and the name of no cipher. */
const openMark = 'openssh-key-v1\0\0\0\0\u0004none';

/** Why no host will ever take this secret, or null. A password is anything that does not look like a key. */
export function secretComplaint(secret: string): string | null {
  const text = secret.trim();
  if (/^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-\S+|sk-\S+) AAAA/.test(text))
    return 'That is a public key. The host has that one; the private key belongs here.';
  if (/PuTTY-User-Key-File/.test(text)) return 'Convert this key first: puttygen KEY.ppk -O private-openssh -o KEY';
  if (!text.includes('-----BEGIN')) return null;
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return 'That is no private key.';
  if (!/-----END [A-Z ]*PRIVATE KEY-----$/.test(text)) return 'The key’s last line, -----END …-----, is missing.';
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) return passphrase;
  const body = opensshBody.exec(text)?.[1];
  if (body === undefined) return null;
  const head = decoded(body);
  if (head?.startsWith('openssh-key-v1\0') !== true) return 'The private key is damaged.';
  return head.startsWith(openMark) ? null : passphrase;
}

function decoded(base64: string): string | null {
  try {
    return atob(base64.replaceAll(/\s/g, ''));
  } catch {
    return null;
  }
}
