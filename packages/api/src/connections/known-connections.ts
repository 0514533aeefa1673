import type { ConnectionRow, Db } from '@sluice/database';
import type { Actor, Permission } from '@sluice/domain';
import { labelsSchema, mayKnow } from '@sluice/domain';
import { grantsEverywhere, readAccessRules } from '@sluice/identity';

/**
 * The connections that a caller is told of: all for who may read access; else those that some access rule or grant of theirs speaks
 * of, whatever the hour. What is left out does not exist for them.
 */
export async function knownConnections(
  rows: readonly ConnectionRow[],
  { db, actor, may, now }: { db: Db; actor: Actor; may: (permission: Permission) => boolean; now: Date },
): Promise<ConnectionRow[]> {
  if (may('access.read')) return [...rows];
  const rules = await readAccessRules(db);
  const grantsOn = await grantsEverywhere(db, actor, now);
  return rows.filter((row) => {
    const connection = { id: row.id, labels: labelsSchema.parse(row.labels) };
    return mayKnow(rules, grantsOn(row), { actor, connection, now: now.getTime() });
  });
}
