import type { Db, Tx } from './client.ts';
import { json, refusingDuplicates } from './client.ts';
import type { Prisma } from './generated/client.ts';

const withPerson = { person: { select: { id: true, name: true, disabledAt: true } } } satisfies Prisma.PasskeyInclude;
export type PasskeyRow = Prisma.PasskeyGetPayload<{ include: typeof withPerson }>;

export interface NewPasskey {
  readonly id: string;
  readonly personId: string;
  readonly name: string;
  readonly credentialId: string;
  readonly publicKey: string;
  readonly counter: bigint;
  readonly transports: readonly string[];
  readonly backedUp: boolean;
  readonly vouch: unknown;
  readonly createdAt: Date;
}

/** Throws SluiceError `conflict` when this passkey is somebody's already. */
export function createPasskey(tx: Tx, { vouch, transports, ...passkey }: NewPasskey): Promise<PasskeyRow> {
  return refusingDuplicates('This passkey is registered already.', 'Use it, or register another one.', () =>
    tx.passkey.create({
      data: { ...passkey, transports: [...transports], ...(vouch === null ? {} : { vouch: json(vouch) }) },
      include: withPerson,
    }),
  );
}

/** Those of a person that were not removed, oldest first. */
export function listPasskeysOfPerson(db: Db, personId: string): Promise<PasskeyRow[]> {
  return db.passkey.findMany({ where: { personId, removedAt: null }, include: withPerson, orderBy: { id: 'asc' } });
}

/** The same, with the person's row locked, so that two changes at once are judged one after the other. */
export async function lockPasskeysOfPerson(tx: Tx, personId: string): Promise<PasskeyRow[]> {
  await tx.$queryRaw`SELECT "id" FROM "Person" WHERE "id" = ${personId}::uuid FOR UPDATE`;
  return listPasskeysOfPerson(tx, personId);
}

/** Everybody's, removed ones too, in the order in which they were registered: gateways follow who vouched for whom. */
export function listAllPasskeys(db: Db): Promise<PasskeyRow[]> {
  return db.passkey.findMany({ include: withPerson, orderBy: { id: 'asc' } });
}

export async function renamePasskey(tx: Tx, id: string, name: string): Promise<void> {
  await tx.passkey.update({ where: { id }, data: { name } });
}

export async function removePasskey(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.passkey.updateMany({ where: { id, removedAt: null }, data: { removedAt: at } });
}

/** False when the counter did not grow although the authenticator keeps one: then two devices hold the same key. */
export async function notePasskeyUse(tx: Tx, id: string, counter: number, at: Date): Promise<boolean> {
  const { count } = await tx.passkey.updateMany({
    where: { id, OR: [{ counter: { lt: counter } }, { AND: [{ counter: 0 }, { counter }] }] },
    data: { counter, lastUsedAt: at },
  });
  return count === 1;
}
