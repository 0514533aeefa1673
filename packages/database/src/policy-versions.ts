import { SluiceError } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { advisoryLock } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { readInstallation, setActivePolicy } from './installation.ts';
import { cutPage, type PageOf, type PageRequest } from './page.ts';

const withAuthor = { author: true } satisfies Prisma.PolicyVersionInclude;
export type PolicyVersionRow = Prisma.PolicyVersionGetPayload<{ include: typeof withAuthor }>;

/** The active version, or null in an installation that has none yet. */
export async function readActivePolicy(db: Db): Promise<PolicyVersionRow | null> {
  const version = (await readInstallation(db))?.activePolicyVersion ?? null;
  return version === null ? null : findPolicyVersion(db, version);
}

export function findPolicyVersion(db: Db, version: number): Promise<PolicyVersionRow | null> {
  return db.policyVersion.findUnique({ where: { version }, include: withAuthor });
}

/** Newest first; the cursor is a version. */
export async function listPolicyVersions(db: Db, page: PageRequest): Promise<PageOf<PolicyVersionRow>> {
  const rows = await db.policyVersion.findMany({
    where: page.cursor === null ? {} : { version: { lt: Number(page.cursor) } },
    include: withAuthor,
    orderBy: { version: 'desc' },
    take: page.limit + 1,
  });
  return cutPage(rows, page.limit, (row) => String(row.version));
}

export interface NewPolicyVersion {
  readonly id: string;
  readonly source: string;
  readonly note: string;
  readonly authorId: string;
  /** The version that the author started from; null for the first, and to take whatever is active. */
  readonly basedOn: number | null;
  readonly rollbackOf: number | null;
}

/** Stores the next version and makes it the active one. Throws SluiceError `conflict` when `basedOn` is no longer active. */
export async function publishPolicyVersion(tx: Tx, policy: NewPolicyVersion): Promise<PolicyVersionRow> {
  await advisoryLock(tx, 'policy-versions');
  const active = (await readInstallation(tx))?.activePolicyVersion ?? null;
  if (policy.basedOn !== null && policy.basedOn !== active) {
    throw new SluiceError(
      'conflict',
      `Version ${active ?? 0} was published since you started from ${policy.basedOn}.`,
      {
        audience: 'person',
        hint: 'Compare your text with the active version, then publish again.',
      },
    );
  }
  const last = await tx.policyVersion.findFirst({ orderBy: { version: 'desc' }, select: { version: true } });
  const version = (last?.version ?? 0) + 1;
  const row = await tx.policyVersion.create({ data: { ...policy, basedOn: active, version }, include: withAuthor });
  await setActivePolicy(tx, version);
  return row;
}
