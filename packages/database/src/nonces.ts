import type { Db } from './client.ts';

/** Remembers a nonce until `expiresAt`. True when it was there already, on any node. */
export async function rememberNonce(db: Db, keyId: string, nonce: string, expiresAt: Date): Promise<boolean> {
  const inserted = await db.requestNonce.createMany({ data: [{ keyId, nonce, expiresAt }], skipDuplicates: true });
  return inserted.count === 0;
}
