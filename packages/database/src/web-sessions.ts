import type { Db, Tx } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withPerson = {
  person: { include: { memberships: { include: { group: true } } } },
} satisfies Prisma.WebSessionInclude;
export type WebSessionRow = Prisma.WebSessionGetPayload<{ include: typeof withPerson }>;

export interface NewWebSession {
  readonly id: string;
  readonly personId: string;
  readonly expiresAt: Date;
  readonly provider: string;
  readonly address: string | null;
}

export async function createWebSession(db: Db, session: NewWebSession): Promise<void> {
  await db.webSession.create({ data: session });
}

/** The session if it is neither revoked nor expired nor its person disabled. */
export function findOpenWebSession(db: Db, id: string, now: Date): Promise<WebSessionRow | null> {
  return db.webSession.findFirst({
    where: { id, revokedAt: null, expiresAt: { gt: now }, person: { disabledAt: null } },
    include: withPerson,
  });
}

export async function revokeWebSession(db: Db, id: string, at: Date): Promise<void> {
  await db.webSession.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
}

/** Ends every sign-in of a person. */
export async function revokeWebSessionsOfPerson(tx: Tx, personId: string, at: Date): Promise<void> {
  await tx.webSession.updateMany({ where: { personId, revokedAt: null }, data: { revokedAt: at } });
}
