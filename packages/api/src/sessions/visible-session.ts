import type { Db, SessionRow } from '@sluice/database';
import { findSession } from '@sluice/database';
import type { Permission } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { notFound } from '../errors.ts';
import { maySeeRow } from '../visibility.ts';

/** The session if it is the caller's, or on a connection where they hold `permission`. Throws SluiceError `not-found` otherwise: what is not theirs does not exist for them. */
export async function visibleSession(db: Db, id: string, caller: Caller, permission: Permission): Promise<SessionRow> {
  const row = await findSession(db, id);
  if (row === null || !maySeeRow(caller, permission, row)) throw notFound('session');
  return row;
}
