import { advisoryLock, type Database, type KeyInUseRow, keepKeyInUse, listKeysInUse } from '@sluice/database';
import type { Secret } from '@sluice/domain';
import { keyMark } from '@sluice/keys';

export interface OutsideKeys {
  readonly masterKey: Secret;
  /** While it is being changed; else null. */
  readonly oldMasterKey: Secret | null;
  readonly cookieSecret: Secret;
}

/**
 * Notes since when the keys that stand outside of the database are in use, as a node sees them when it starts: one that is another than
 * before is new from now on. A cookie secret that stays while the master key changes keeps its age.
 */
export async function noteKeysInUse(database: Database, keys: OutsideKeys, now: Date): Promise<void> {
  const { masterKey, oldMasterKey, cookieSecret } = keys;
  await database.transaction(async (tx) => {
    await advisoryLock(tx, 'installation');
    const kept = new Map((await listKeysInUse(tx)).map((row) => [row.kind, row]));
    const note = async (kind: KeyInUseRow['kind'], key: Secret): Promise<void> => {
      const before = kept.get(kind);
      const mark = keyMark(masterKey, key);
      if (before?.mark === mark) return;
      const same = oldMasterKey !== null && before?.mark === keyMark(oldMasterKey, key);
      await keepKeyInUse(tx, { kind, mark, since: same ? before.since : now });
    };
    await note('master', masterKey);
    await note('cookie', cookieSecret);
  });
}
