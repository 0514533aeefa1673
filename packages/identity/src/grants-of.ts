import type { Db, GrantRow, Holder } from '@sluice/database';
import { listStandingGrants } from '@sluice/database';
import type { Actor, Grant } from '@sluice/domain';
import { grantSchema, labelSelectorSchema, labelsSchema, matchesLabels, maxActiveGrants } from '@sluice/domain';

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
  const rows = await listStandingGrants(db, holder, now, maxStandingGrants);
  return (connection) => {
    const labels = labelsSchema.parse(connection.labels);
    return rows
      .filter((row) => (row.connectionId === null ? choosesLabels(row, labels) : row.connectionId === connection.id))
      .flatMap((row) => toGrant(row) ?? [])
      .slice(0, maxActiveGrants);
  };
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
