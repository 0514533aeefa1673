import type { Db, Tx } from './client.ts';
import { json, refusingDuplicates } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withOwnerAndTokens = {
  owner: { include: { memberships: { include: { group: true } } } },
  ownerGroup: {
    include: { memberships: { include: { person: { include: { memberships: { include: { group: true } } } } } } },
  },
  tokens: { where: { revokedAt: null }, select: { type: true, expiresAt: true, lastUsedAt: true } },
} satisfies Prisma.ServiceIdentityInclude;
export type ServiceIdentityRow = Prisma.ServiceIdentityGetPayload<{ include: typeof withOwnerAndTokens }>;

/** All agents by name, or only those that one of these people or groups owns. */
export function listServiceIdentities(db: Db, ownerIds: readonly string[] | null): Promise<ServiceIdentityRow[]> {
  const ids = [...(ownerIds ?? [])];
  const where = ownerIds === null ? {} : { OR: [{ ownerId: { in: ids } }, { ownerGroupId: { in: ids } }] };
  return db.serviceIdentity.findMany({ where, include: withOwnerAndTokens, orderBy: { name: 'asc' } });
}

export function findServiceIdentity(
  db: Db,
  where: { readonly id: string } | { readonly name: string },
): Promise<ServiceIdentityRow | null> {
  return db.serviceIdentity.findUnique({ where, include: withOwnerAndTokens });
}

/** Exactly one of `ownerId` (a person) and `ownerGroupId` (a team). */
export interface NewServiceIdentity {
  readonly id: string;
  readonly name: string;
  readonly ownerId?: string | null;
  readonly ownerGroupId?: string | null;
  readonly scopes?: unknown;
  readonly expiresAt?: Date | null;
}

/** Throws SluiceError `conflict` when the name is taken. */
export function createServiceIdentity(tx: Tx, agent: NewServiceIdentity): Promise<ServiceIdentityRow> {
  const { scopes, ...columns } = agent;
  const data = { ...columns, ...(scopes === undefined ? {} : { scopes: json(scopes) }) };
  return refusingDuplicates('An agent already has this name.', 'Choose another name.', () =>
    tx.serviceIdentity.create({ data, include: withOwnerAndTokens }),
  );
}

export function updateServiceIdentity(
  tx: Tx,
  id: string,
  change: Omit<Partial<NewServiceIdentity>, 'id' | 'name'> & { readonly disabledAt?: Date | null },
): Promise<ServiceIdentityRow> {
  const { scopes, ...columns } = change;
  const data = { ...columns, ...(scopes === undefined ? {} : { scopes: json(scopes) }) };
  return tx.serviceIdentity.update({ where: { id }, data, include: withOwnerAndTokens });
}
