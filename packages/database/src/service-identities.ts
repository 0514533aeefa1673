import type { Db, Tx } from './client.ts';
import { refusingDuplicates } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withOwnerAndTokens = {
  owner: true,
  tokens: { where: { revokedAt: null }, select: { lastUsedAt: true } },
} satisfies Prisma.ServiceIdentityInclude;
export type ServiceIdentityRow = Prisma.ServiceIdentityGetPayload<{ include: typeof withOwnerAndTokens }>;

/** All agents by name, or only those of one owner. */
export function listServiceIdentities(db: Db, ownerId: string | null): Promise<ServiceIdentityRow[]> {
  const where = ownerId === null ? {} : { ownerId };
  return db.serviceIdentity.findMany({ where, include: withOwnerAndTokens, orderBy: { name: 'asc' } });
}

export function findServiceIdentity(
  db: Db,
  where: { readonly id: string } | { readonly name: string },
): Promise<ServiceIdentityRow | null> {
  return db.serviceIdentity.findUnique({ where, include: withOwnerAndTokens });
}

/** Throws SluiceError `conflict` when the name is taken. */
export function createServiceIdentity(
  tx: Tx,
  agent: { readonly id: string; readonly name: string; readonly ownerId: string },
): Promise<ServiceIdentityRow> {
  return refusingDuplicates('An agent already has this name.', 'Choose another name.', () =>
    tx.serviceIdentity.create({ data: agent, include: withOwnerAndTokens }),
  );
}

export function updateServiceIdentity(
  tx: Tx,
  id: string,
  change: { readonly ownerId?: string; readonly disabledAt?: Date | null },
): Promise<ServiceIdentityRow> {
  return tx.serviceIdentity.update({ where: { id }, data: change, include: withOwnerAndTokens });
}
