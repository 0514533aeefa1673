import type { Db, GrantRow, Holder } from '@sluice/database';
import { findApprovals, listStandingGrants } from '@sluice/database';
import type { Actor, Grant } from '@sluice/domain';
import {
  alikeBoundsSchema,
  grantSchema,
  labelSelectorSchema,
  labelsSchema,
  matchesLabels,
  maxActiveGrants,
} from '@sluice/domain';
import { rightsOfDeciders, standingOf } from './approval-standing.ts';
import { sooner } from './sooner.ts';

/** Grants of one holder that are looked through for one connection. */
const maxStandingGrants = 1_000;

/**
 * What the actor holds on a connection, now and later: its own only, never its owner's. A grant whose row cannot be read is no grant.
 * At most `maxActiveGrants`, those that end last first.
 */
export async function grantsOf(
  db: Db,
  actor: Actor,
  connection: { readonly id: string; readonly labels: unknown },
  now: Date,
): Promise<Grant[]> {
  return (await grantsEverywhere(db, actor, now))(connection);
}

/** The same for many connections: read once, then told for each. */
export async function grantsEverywhere(
  db: Db,
  actor: Actor,
  now: Date,
): Promise<(connection: { readonly id: string; readonly labels: unknown }) => Grant[]> {
  const holder: Holder = { kind: actor.kind, id: actor.id };
  const rows = await onlyStanding(db, await listStandingGrants(db, holder, now, maxStandingGrants), now);
  return (connection) => {
    const labels = labelsSchema.parse(connection.labels);
    return rows
      .filter((row) => (row.connectionId === null ? choosesLabels(row, labels) : row.connectionId === connection.id))
      .flatMap((row) => toGrant(row) ?? [])
      .slice(0, maxActiveGrants);
  };
}

/**
 * Without the grants `alike` whose approval would not be worth anything any more if it were used now: somebody who gave it is disabled, may
 * no longer decide on the connection or is no longer named. The others end, at the latest, when the first of those consents does.
 */
export async function onlyStanding(db: Db, rows: readonly GrantRow[], now: Date): Promise<GrantRow[]> {
  const approvalOf = (row: GrantRow) => alikeBoundsSchema.safeParse(row.bounds).data?.approvalId;
  const ids = rows.flatMap((row) => (row.kind === 'alike' ? (approvalOf(row) ?? []) : []));
  const approvals = ids.length === 0 ? [] : await findApprovals(db, [...new Set(ids)]);
  const deciders = await rightsOfDeciders(db, approvals, now);
  const standings = new Map(approvals.map((approval) => [approval.id, standingOf(approval, deciders, now)]));
  return rows.flatMap((row) => {
    if (row.kind !== 'alike') return [row];
    const standing = standings.get(approvalOf(row) ?? '');
    if (standing === undefined || standing.open !== null) return [];
    return [{ ...row, expiresAt: sooner(row.expiresAt, standing.until) ?? row.expiresAt }];
  });
}

function choosesLabels(row: GrantRow, labels: Readonly<Record<string, string>>): boolean {
  const selector = labelSelectorSchema.safeParse(row.selector);
  return selector.success && matchesLabels(selector.data, labels);
}

function toGrant(row: GrantRow): Grant | null {
  const grant = grantSchema.safeParse({
    id: row.id,
    kind: row.kind,
    name: row.name,
    bounds: row.bounds,
    startsAt: row.startsAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
  });
  return grant.success ? grant.data : null;
}
