import type { Db, SessionRow } from '@sluice/database';
import { findSession } from '@sluice/database';
import type { Actor } from '@sluice/domain';
import { notFound } from '../errors.ts';
import { isOwn } from '../visibility.ts';

/** The session if the caller may see it. Throws SluiceError `not-found` otherwise: what is not theirs does not exist for them. */
export async function visibleSession(db: Db, id: string, actor: Actor, seesAll: boolean): Promise<SessionRow> {
  const row = await findSession(db, id);
  if (row === null || !(seesAll || isOwn(actor, row))) throw notFound('session');
  return row;
}
