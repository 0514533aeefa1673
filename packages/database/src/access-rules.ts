import type { AccessConditions, AccessMode, AccessScope } from '@sluice/domain';
import { maxAccessRules } from '@sluice/domain';
import type { Db, Tx } from './client.ts';
import { json } from './client.ts';
import { Prisma } from './generated/client.ts';
import { bumpRevocationEpoch } from './installation.ts';

const named = { select: { id: true, name: true } } as const;
const withNames = {
  group: named,
  person: named,
  serviceIdentity: named,
  connection: { select: { id: true, name: true, deletedAt: true } },
  createdBy: named,
} satisfies Prisma.AccessRuleInclude;
export type AccessRuleRow = Prisma.AccessRuleGetPayload<{ include: typeof withNames }>;

export type NewAccessSubject =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'role'; readonly name: string }
  | { readonly kind: 'group' | 'person' | 'service'; readonly id: string };

export interface NewAccessRule extends AccessConditions {
  readonly id: string;
  readonly mode: AccessMode;
  readonly subject: NewAccessSubject;
  readonly scope: AccessScope;
  readonly approvers: readonly string[];
  readonly approvalCount: number;
  readonly maxSeconds: number | null;
  readonly note: string;
  readonly expiresAt: Date | null;
  readonly createdById: string | null;
}

/** Every rule, oldest first: each question about access reads them all. */
export function listAccessRules(db: Db): Promise<AccessRuleRow[]> {
  return db.accessRule.findMany({ include: withNames, orderBy: { id: 'asc' }, take: maxAccessRules });
}

export function countAccessRules(db: Db): Promise<number> {
  return db.accessRule.count();
}

/** Writes a rule. It moves the revocation epoch: a live session's end may be another one now. */
export async function createAccessRule(tx: Tx, rule: NewAccessRule): Promise<AccessRuleRow> {
  const { subject, scope, windows, networks, approvers, ...columns } = rule;
  const row = await tx.accessRule.create({
    data: {
      ...columns,
      ...subjectColumns(subject),
      ...('connectionId' in scope ? { connectionId: scope.connectionId } : { selector: json(scope.selector) }),
      windows: json(windows),
      networks: [...networks],
      approvers: [...approvers],
    },
    include: withNames,
  });
  await bumpRevocationEpoch(tx);
  return row;
}

export function findAccessRule(db: Db, id: string): Promise<AccessRuleRow | null> {
  return db.accessRule.findUnique({ where: { id }, include: withNames });
}

/** Writes a rule anew in its place; who made it and when stays. It moves the revocation epoch, as making and removing one does. */
export async function updateAccessRule(
  tx: Tx,
  id: string,
  rule: Omit<NewAccessRule, 'id' | 'createdById'>,
): Promise<AccessRuleRow> {
  const { subject, scope, windows, networks, approvers, ...columns } = rule;
  const nobody = { role: null, groupId: null, personId: null, serviceIdentityId: null };
  const row = await tx.accessRule.update({
    where: { id },
    data: {
      ...columns,
      ...nobody,
      ...subjectColumns(subject),
      ...('connectionId' in scope
        ? { connectionId: scope.connectionId, selector: Prisma.DbNull }
        : { connectionId: null, selector: json(scope.selector) }),
      windows: json(windows),
      networks: [...networks],
      approvers: [...approvers],
    },
    include: withNames,
  });
  await bumpRevocationEpoch(tx);
  return row;
}

/** Removes a rule and gives it back; null when it is not there. It moves the revocation epoch. */
export async function deleteAccessRule(tx: Tx, id: string): Promise<AccessRuleRow | null> {
  const row = await tx.accessRule.findUnique({ where: { id }, include: withNames });
  if (row === null) return null;
  await tx.accessRule.delete({ where: { id } });
  await bumpRevocationEpoch(tx);
  return row;
}

function subjectColumns(subject: NewAccessSubject) {
  const subjectKind = subject.kind;
  switch (subject.kind) {
    case 'everyone':
      return { subjectKind };
    case 'role':
      return { subjectKind, role: subject.name };
    case 'group':
      return { subjectKind, groupId: subject.id };
    case 'person':
      return { subjectKind, personId: subject.id };
    case 'service':
      return { subjectKind, serviceIdentityId: subject.id };
  }
}
