/** Whom a client's proof stands for: asked of the control plane, positive answers cached briefly and dropped when the epoch moves. */
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type AuthoriseResponse,
  type BundleConnection,
  type CredentialRef,
  certificateProofBytes,
  keyProofBytes,
  SluiceError,
} from '@sluice/domain';
import type { AuthorisePort } from '@sluice/session';
import type { ClientProof } from '@sluice/wire-kit';
import type { ControlPlane } from './control-plane.ts';

/** Longest time that a positive answer serves without asking again. */
const cacheMs = 60_000;
const maxCached = 2_048;
/** How often is asked when answers are older than the last revocation that was heard of. */
const maxAsked = 3;
/** Longest secret worth hashing, in UTF-8 bytes. */
const maxSecretBytes = 1_024;

interface Cached {
  readonly answer: Extract<AuthoriseResponse, { ok: true }>;
  readonly until: number;
}

export class Authoriser implements AuthorisePort {
  readonly #controlPlane: ControlPlane;
  readonly #now: () => number;
  readonly #cache = new Map<string, Cached>();
  #epoch = -1;

  constructor(controlPlane: ControlPlane, now: () => number) {
    this.#controlPlane = controlPlane;
    this.#now = now;
  }

  /** The last revocation epoch that was heard of; -1 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Returns true when the epoch moved: every live session must then ask again. */
  epochIs(epoch: number): boolean {
    if (epoch === this.#epoch) return false;
    const first = this.#epoch === -1;
    this.#epoch = epoch;
    this.#cache.clear();
    return !first;
  }

  confirm(connection: BundleConnection, clientAddress: string, credential: CredentialRef): Promise<AuthoriseResponse> {
    return this.#controlPlane.confirm({ connectionId: connection.id, clientAddress, credential });
  }

  async authorise(request: Parameters<AuthorisePort['authorise']>[0]): Promise<AuthoriseResponse> {
    const { connection, clientAddress, proof, startup, open = false } = request;
    if (proof.type === 'secret' && Buffer.byteLength(proof.secret.reveal()) > maxSecretBytes) {
      return {
        ok: false,
        reason: 'unknown',
        message: 'the password is too long to be a Sluice secret',
        hint: 'Use the native secret of this connection as the password.',
      };
    }
    const hash = digestOfProof(proof);
    const key = cacheKey(connection, clientAddress, hash);
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.until > this.#now() && notExpired(cached.answer, this.#now()))
      return cached.answer;
    for (let asked = 1; asked <= maxAsked; asked++) {
      const heard = this.#epoch;
      const answer = await this.#ask(connection, clientAddress, { type: proof.type, hash, open }, startup);
      if (!answer.ok) return answer;
      if (answer.epoch >= this.#epoch) {
        this.#remember(key, answer);
        return answer;
      }
      // Older than a revocation that was heard of while it was under way: it may be about the very secret that was revoked. Where rights
      // change faster than they can be asked for it serves all the same, once: it knows all that had been heard of when it was asked
      // for, and whoever is let in by it is asked about again (`epoch` of AuthorisePort).
      if (asked === maxAsked && answer.epoch >= heard) return answer;
    }
    throw new SluiceError('unavailable', 'Sluice cannot check who you are: its control plane answers with old rights', {
      hint: 'Try again in a moment.',
    });
  }

  async #ask(
    connection: BundleConnection,
    clientAddress: string,
    proof: { readonly type: ClientProof['type']; readonly hash: string; readonly open: boolean },
    startup: Readonly<Record<string, string>>,
  ): Promise<AuthoriseResponse> {
    try {
      return await this.#controlPlane.authorise({
        connectionId: connection.id,
        clientAddress,
        secretHash: proof.hash,
        ...(proof.type === 'secret' ? {} : { proof: proof.type }),
        ...(proof.open && proof.type === 'certificate' ? { open: true } : {}),
        startup: { ...startup },
      });
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'control-plane-away') {
        throw new SluiceError(
          'control-plane-away',
          'Sluice cannot check who you are: its control plane cannot be reached',
          {
            hint: 'Try again in a minute.',
            cause: error,
          },
        );
      }
      throw error;
    }
  }

  #remember(key: string, answer: Cached['answer']): void {
    if (this.#cache.size >= maxCached) this.#cache.clear();
    this.#cache.set(key, { answer, until: this.#now() + cacheMs });
  }
}

/** SHA-256 as base64url of what a client presented: of the secret, or of what stands for its key or certificate. */
export function digestOfProof(proof: ClientProof): string {
  return createHash('sha256').update(proofBytes(proof)).digest('base64url');
}

function proofBytes(proof: ClientProof): string | Uint8Array {
  switch (proof.type) {
    case 'secret':
      return proof.secret.reveal();
    case 'key':
      return keyProofBytes(proof.fingerprint);
    case 'certificate':
      return certificateProofBytes(proof);
  }
}

/** Whether it is what a ticket was bound to; a certificate also proves the key that it certifies. Compares in constant time. */
export function proofMatches(proof: ClientProof, hash: string): boolean {
  const key = proof.type === 'certificate' ? [{ ...proof, type: 'key' } as const] : [];
  return [proof, ...key].map((one) => isDigestOf(one, hash)).includes(true);
}

function isDigestOf(proof: ClientProof, hash: string): boolean {
  const given = Buffer.from(digestOfProof(proof));
  const wanted = Buffer.from(hash);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** The address without its port: a cached answer serves the same machine's next connection. */
function cacheKey(connection: BundleConnection, clientAddress: string, hash: string): string {
  return `${connection.id} ${clientAddress.replace(/:\d+$/, '')} ${hash}`;
}

function notExpired(answer: Cached['answer'], now: number): boolean {
  return [answer.expiresAt, answer.accessUntil].every((end) => end === null || Date.parse(end) > now);
}
