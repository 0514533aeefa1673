/** What a form can say about a secret before it is sealed, and about a public key before it is sent. Browser-safe: no Node API here. */

const block = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END ([A-Z0-9 ]+)-----/;
const certificateWord = /-cert-v01@openssh\.com\s+AAAA/;
const publicKeyLine = /(^|\s)(ssh-(ed25519|rsa|dss)|(ecdsa|sk)-\S+)\s+AAAA/;
/** As the gateway reads them: OpenSSH's own, PKCS #1, SEC 1 and PKCS #8. */
const kinds: readonly string[] = ['OPENSSH PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'PRIVATE KEY'];
const passphrase = 'This private key has a passphrase, and nobody is there to type it. Use a key without one.';
/** The magic of PROTOCOL.key, a length of four bytes, and the name of no cipher. */
const openMark = 'openssh-key-v1\0\0\0\0\u0004none';

/**
 * Why no host will ever take this secret, or null. A password is anything that does not look like a key; a private key may have its
 * certificate before or behind it.
 */
export function secretComplaint(secret: string): string | null {
  if (/PuTTY-User-Key-File/.test(secret)) return 'Convert this key first: puttygen KEY.ppk -O private-openssh -o KEY';
  if (!secret.includes('-----BEGIN')) return strangeLine(secret);
  const [, kind = '', body = '', ending] = block.exec(secret) ?? [];
  if (ending === undefined) return 'The key’s last line, -----END …-----, is missing.';
  if (!/\bPRIVATE KEY$/.test(kind)) return 'That is no private key.';
  if (kind !== ending) return 'The private key is damaged: its first and its last line do not fit.';
  if (kind === 'ENCRYPTED PRIVATE KEY' || body.includes('Proc-Type: 4,ENCRYPTED')) return passphrase;
  if (!kinds.includes(kind)) return 'That kind of private key is not known here. Make one: ssh-keygen -t ed25519';
  const bytes = decoded(body);
  if (bytes === null || bytes === '') return 'The private key is damaged.';
  if (kind !== 'OPENSSH PRIVATE KEY') return null;
  if (!bytes.startsWith('openssh-key-v1\0')) return 'The private key is damaged.';
  return bytes.startsWith(openMark) ? null : passphrase;
}

/** Where there is no private key: a password never looks like one of a key's other halves. */
function strangeLine(secret: string): string | null {
  if (certificateWord.test(secret)) return 'That is only the certificate. Its private key belongs here too.';
  return publicKeyLine.test(secret)
    ? 'That is a public key. The host has that one; the private key belongs here.'
    : null;
}

/** Why this is not the one line of a `.pub` file, or null. Asked before it leaves the page: a private key pasted by mistake stays there. */
export function publicKeyComplaint(line: string): string | null {
  const text = line.trim();
  if (/PRIVATE KEY|PuTTY-User-Key-File/.test(text))
    return 'That is a private key: it must stay where it is. Paste its public half, the one line of the .pub file.';
  if (text.includes('BEGIN SSH2 PUBLIC KEY')) return 'Convert it to one line first: ssh-keygen -i -f KEY.pub';
  if (certificateWord.test(text)) return 'That is a certificate. Paste the public key that it was made for.';
  if (!/^(ssh|ecdsa|sk)-\S+\s/.test(text))
    return 'A public key begins with its kind: ssh-ed25519 AAAA…, one line of the .pub file.';
  return text.includes('\n') ? 'Paste one key in one line.' : null;
}

function decoded(base64: string): string | null {
  try {
    return atob(base64.replaceAll(/\s/g, ''));
  } catch {
    return null;
  }
}
