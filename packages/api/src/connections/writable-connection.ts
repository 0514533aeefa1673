import type { ConnectionRow, Db } from '@sluice/database';
import { findConnection } from '@sluice/database';
import type { Permission, Place } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { placeOf } from '@sluice/identity';
import { notFound } from '../errors.ts';

/** A connection that the caller may change. Throws SluiceError `not-found` where they may not see it, `forbidden` where they may. */
export async function writableConnection(
  db: Db,
  id: string,
  mayOn: (permission: Permission, place: Place) => boolean,
): Promise<ConnectionRow> {
  const row = await findConnection(db, { id });
  if (row === null || !mayOn('connections.read', placeOf(row))) throw notFound('connection');
  if (!mayOn('connections.write', placeOf(row))) throw notForLabels();
  return row;
}

/** Labels decide who may do what with a connection: nobody gives one labels under which they might not change it. */
export function notForLabels(): SluiceError {
  return new SluiceError('forbidden', 'You may not change connections with these labels.', {
    audience: 'person',
    hint: 'Use labels that your role is for, or ask an admin.',
  });
}
