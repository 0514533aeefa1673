import type { Db, Tx } from './client.ts';
import type { Prisma } from './generated/client.ts';

/** `lastUsedAt` is written at most this often per token, in ms: a busy agent must not turn every request into a write. */
const lastUseGranularityMs = 60_000;

const withGroups = { include: { memberships: { include: { group: true } } } } satisfies Prisma.PersonDefaultArgs;
const withOwnerAndConnections = {
  person: withGroups,
  serviceIdentity: {
    include: { owner: withGroups, ownerGroup: { include: { memberships: { include: { person: withGroups } } } } },
  },
  // What a certificate was issued on may itself have been exchanged from something.
  parent: { select: { revokedAt: true, expiresAt: true, parent: { select: { revokedAt: true, expiresAt: true } } } },
  run: { select: { id: true, endedAt: true } },
  connections: { include: { connection: { select: { id: true, name: true } } } },
} satisfies Prisma.TokenInclude;
export type TokenRow = Prisma.TokenGetPayload<{ include: typeof withOwnerAndConnections }>;

export function findToken(
  db: Db,
  where: { readonly id: string } | { readonly hash: string },
): Promise<TokenRow | null> {
  return db.token.findUnique({ where, include: withOwnerAndConnections });
}

/** Every token that a person or a service identity ever had, newest first; of certificates, made for every sign-in, only those that hold. */
export function listTokens(db: Db, identityId: string, now: Date): Promise<TokenRow[]> {
  return db.token.findMany({
    where: {
      NOT: { type: 'certificate', expiresAt: { lt: now } },
      OR: [{ personId: identityId }, { serviceIdentityId: identityId }],
    },
    include: withOwnerAndConnections,
    orderBy: { id: 'desc' },
  });
}

export type TokenType = 'api' | 'native' | 'public-key' | 'certificate';

export interface NewToken {
  readonly id: string;
  /** A public key's hash is of its fingerprint, a certificate's of its number; no secret has such a hash. */
  readonly type: TokenType;
  readonly owner: { readonly kind: 'person' | 'service'; readonly id: string };
  readonly label: string;
  readonly display: string;
  readonly hash: string;
  readonly expiresAt: Date | null;
  /** Empty: every connection. */
  readonly connectionIds: readonly string[];
  readonly parentId?: string | null;
  readonly runId?: string | null;
}

export function createToken(tx: Tx, token: NewToken): Promise<TokenRow> {
  const { owner, connectionIds, ...columns } = token;
  const ownerColumn = owner.kind === 'person' ? { personId: owner.id } : { serviceIdentityId: owner.id };
  const connections = { create: connectionIds.map((connectionId) => ({ connectionId })) };
  return tx.token.create({ data: { ...columns, ...ownerColumn, connections }, include: withOwnerAndConnections });
}

/** Revokes a token once; false when it was revoked already. */
export async function revokeToken(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { count } = await tx.token.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
  return count === 1;
}

/** Lets another row have the hash of one that has ended: a removed public key may be registered anew. */
export async function releaseTokenHash(tx: Tx, { id, hash }: TokenRow): Promise<void> {
  await tx.token.update({ where: { id }, data: { hash: `${hash} of ${id}` } });
}

/** Notes that a token was used. */
export async function noteTokenUse(db: Db, token: TokenRow, at: Date): Promise<void> {
  if (token.lastUsedAt !== null && at.getTime() - token.lastUsedAt.getTime() < lastUseGranularityMs) return;
  await db.token.update({ where: { id: token.id }, data: { lastUsedAt: at } });
}
