import type { Db } from '@sluice/database';
import { countGroups, countPeople } from '@sluice/database';
import { builtInRoles, personRoles } from '@sluice/domain';
import { z } from 'zod';
import { refusedInput } from '../errors.ts';
import { id, slug } from '../inputs.ts';

export const role = z.enum(personRoles);
const maxMembers = 1_000;
export const ids = z
  .array(id)
  .max(maxMembers)
  .transform((values) => [...new Set(values)]);

/** A rule names groups and roles alike, so a group that is called like a role would stand for everybody who has it. */
export const groupName = slug.refine(
  (name) => !builtInRoles.some((known) => known === name),
  'this is the name of a role; choose another',
);

export async function demandPeople(db: Db, memberIds: readonly string[]): Promise<void> {
  if ((await countPeople(db, memberIds)) !== memberIds.length)
    throw refusedInput('A group holds people only, and one of these is no person here.', 'Reload and choose again.');
}

export async function demandGroups(db: Db, groupIds: readonly string[]): Promise<void> {
  if ((await countGroups(db, groupIds)) !== groupIds.length)
    throw refusedInput('One of these groups is not there any more.', 'Reload and choose again.');
}
