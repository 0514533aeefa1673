import type { Db } from '@sluice/database';
import { countConnections, countGroups, countPeople, findGroupByName, findRoles } from '@sluice/database';
import { builtInRoles, roleNameSchema } from '@sluice/domain';
import { z } from 'zod';
import { refusedInput } from '../errors.ts';
import { id, slug } from '../inputs.ts';

export const role = roleNameSchema.refine((name) => name !== 'agent', 'only agents are agents');
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

export async function demandConnections(db: Db, connectionIds: readonly string[]): Promise<void> {
  const distinct = [...new Set(connectionIds)];
  if ((await countConnections(db, distinct)) !== distinct.length)
    throw refusedInput('One of these connections is not there any more.', 'Reload and choose again.');
}

/** Rules name groups and roles alike, so neither may be called like one of the others. */
export async function groupNameIsTaken(db: Db, name: string): Promise<boolean> {
  return (await findGroupByName(db, name)) !== null;
}

export async function refuseNameOfRole(db: Db, name: string): Promise<void> {
  if ((await findRoles(db, [name])).length > 0)
    throw refusedInput('A role has this name, and a rule names both alike.', 'Choose another name.');
}
