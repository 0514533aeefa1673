/** SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, client side (RFC 5802, RFC 7677, channel binding RFC 5929 tls-server-end-point). */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { SluiceError } from '@sluice/domain';
import { saslprep } from './saslprep.ts';

const derive = promisify(pbkdf2);
/** More work than this is asked only by a server that wants to stop the gateway; PostgreSQL's default is 4,096. */
const maxIterations = 10_000_000;
const minIterations = 4_096;

/** `unsupported`: this side cannot bind; `not-offered`: it could, but the server did not offer it (then a man in the middle who struck it out is found). */
export type ChannelBinding =
  | { readonly type: 'bound'; readonly endPoint: Buffer }
  | { readonly type: 'not-offered' }
  | { readonly type: 'unsupported' };

export class ScramExchange {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  readonly #password: string;
  readonly #binding: ChannelBinding;
  readonly #nonce: string;
  #serverSignature: Buffer | null = null;

  constructor(password: string, binding: ChannelBinding, nonce = randomBytes(18).toString('base64')) {
    this.mechanism = binding.type === 'bound' ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256';
    this.#password = saslprep(password);
    this.#binding = binding;
    this.#nonce = nonce;
  }

  get #header(): string {
    if (this.#binding.type === 'bound') return 'p=tls-server-end-point,,';
    return this.#binding.type === 'not-offered' ? 'y,,' : 'n,,';
  }

  /** The user name is empty: PostgreSQL takes the startup packet's. */
  first(): string {
    return `${this.#header}n=,r=${this.#nonce}`;
  }

  async respond(serverFirst: string): Promise<string> {
    const fields = attributes(serverFirst);
    const nonce = fields.get('r') ?? '';
    const salt = Buffer.from(fields.get('s') ?? '', 'base64');
    const iterations = Number(fields.get('i'));
    if (!nonce.startsWith(this.#nonce) || nonce.length <= this.#nonce.length || salt.length === 0) {
      throw new SluiceError('target-auth', 'the target’s SCRAM challenge does not belong to this login');
    }
    if (!Number.isSafeInteger(iterations) || iterations < minIterations || iterations > maxIterations) {
      throw new SluiceError('target-auth', `the target’s SCRAM challenge asks for ${fields.get('i')} iterations`);
    }
    const bound = this.#binding.type === 'bound' ? this.#binding.endPoint : Buffer.alloc(0);
    const withoutProof = `c=${Buffer.concat([Buffer.from(this.#header), bound]).toString('base64')},r=${nonce}`;
    const authMessage = `n=,r=${this.#nonce},${serverFirst},${withoutProof}`;
    const salted = await derive(this.#password, salt, iterations, 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const signature = hmac(storedKey, authMessage);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), authMessage);
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /** A server that does not know the password's verifier cannot pass this. */
  verify(serverFinal: string): void {
    const said = Buffer.from(attributes(serverFinal).get('v') ?? '', 'base64');
    const due = this.#serverSignature;
    if (due === null || said.length !== due.length || !timingSafeEqual(said, due)) {
      throw new SluiceError('target-auth', 'the target could not prove that it knows the password', {
        hint: 'Something else may be answering at the target’s address; use TLS mode verify-full.',
      });
    }
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function attributes(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.split(',')) if (part[1] === '=') fields.set(part[0]!, part.slice(2));
  return fields;
}

/** Signature algorithms (object identifiers, DER hex) whose hash tls-server-end-point takes; MD5 and SHA-1 become SHA-256. */
const endPointHashes: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256',
  '2a864886f70d010105': 'sha256',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a864886f70d01010e': 'sha224',
  '2a8648ce3d0401': 'sha256',
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

/** RFC 5929, 4.1; null for an algorithm without one defined hash (Ed25519, RSASSA-PSS). */
export function tlsServerEndPoint(certificate: X509Certificate): Buffer | null {
  const der = certificate.raw;
  const outer = derHeader(der, 0);
  const signed = derHeader(der, outer.content);
  const algorithm = derHeader(der, signed.end);
  const identifier = derHeader(der, algorithm.content);
  const hash = endPointHashes[der.subarray(identifier.content, identifier.end).toString('hex')];
  return hash === undefined ? null : createHash(hash).update(der).digest();
}

/** Where a DER element's content begins and ends (X.690, 8.1). The certificate was parsed by OpenSSL before. */
function derHeader(der: Buffer, at: number): { content: number; end: number } {
  const first = der[at + 1]!;
  if (first < 0x80) return { content: at + 2, end: at + 2 + first };
  const bytes = first & 0x7f;
  const length = der.readUIntBE(at + 2, bytes);
  return { content: at + 2 + bytes, end: at + 2 + bytes + length };
}
