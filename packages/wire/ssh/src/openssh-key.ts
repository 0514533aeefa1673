/** An Ed25519 private key in OpenSSH's own format (PROTOCOL.key), which is what the library reads. */
import { createPrivateKey } from 'node:crypto';
import { ed25519Blob, ed25519Type } from './messages/certificate.ts';

const magic = Buffer.from('openssh-key-v1\0');
const blockBytes = 8;

/** From PKCS #8 PEM. Throws when it is no Ed25519 key. */
export function opensshKey(pem: string): string {
  const { kty, crv, x, d } = createPrivateKey(pem).export({ format: 'jwk' });
  if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined || d === undefined) {
    throw new Error('the gateway’s own key is no Ed25519 key');
  }
  const publicRaw = Buffer.from(x, 'base64url');
  const secret = Buffer.concat([Buffer.from(d, 'base64url'), publicRaw]);
  const check = Buffer.alloc(8, 1);
  const section = padded(
    Buffer.concat([check, string(ed25519Type), string(publicRaw), string(secret), string('sluice')]),
  );
  const count = Buffer.alloc(4);
  count.writeUInt32BE(1);
  const none = string('none');
  const body = Buffer.concat([magic, none, none, string(''), count, string(ed25519Blob(publicRaw)), string(section)]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

function string(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function padded(section: Buffer): Buffer {
  const missing = (blockBytes - (section.length % blockBytes)) % blockBytes;
  return Buffer.concat([section, Buffer.from(Array.from({ length: missing }, (_, i) => i + 1))]);
}
