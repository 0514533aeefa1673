import type { Db } from '@sluice/database';
import {
  findConnection,
  findPerson,
  findServiceIdentity,
  listConnections,
  listPeople,
  listServiceIdentities,
} from '@sluice/database';
import type { Actor, Permission, Place, Rights } from '@sluice/domain';
import { can, joinConnect, rolesOn } from '@sluice/domain';
import {
  activeOwners,
  actorOfPerson,
  actorOfServiceIdentity,
  agentIsActive,
  placeOf,
  rightsOfPeople,
  rightsOfPerson,
  rightsOfServiceIdentity,
} from '@sluice/identity';
import { z } from 'zod';
import { type AccessDesk, openAccessDesk } from '../access/access-desk.ts';
import { toActorView } from '../actor-views.ts';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { AccessMatrix, AccessRow } from '../role-views.ts';

/** What the matrix answers, and which permission each is. */
const questions = {
  see: 'connections.read',
  connect: 'connections.connect',
  approve: 'approvals.decide',
  change: 'connections.write',
  readRecordings: 'recordings.read',
} as const satisfies Record<keyof AccessRow['answers'], Permission>;

/** Agents that one matrix walks through: each is judged with its owners. */
const maxAgents = 500;

/** Who can do what on what, and why: everything about one person or agent, or everybody on one connection. */
export const explainAccess = query({
  permission: 'roles.read',
  input: z.union([z.strictObject({ identityId: id }), z.strictObject({ connectionId: id })]),
  run: ({ input, db, now }): Promise<AccessMatrix> =>
    'identityId' in input ? aboutIdentity(db, input.identityId, now) : aboutConnection(db, input.connectionId, now),
});

interface Subject {
  readonly actor: Actor;
  readonly rights: Rights;
  readonly active: boolean;
  /** Of an agent: the active people that it acts for. Null: it is a person. */
  readonly owners: readonly Held[] | null;
}

interface Held {
  readonly actor: Actor;
  readonly rights: Rights;
}

async function aboutIdentity(db: Db, identityId: string, now: Date): Promise<AccessMatrix> {
  const subject = await subjectOf(db, identityId, now);
  const connections = await listConnections(db, null);
  const desk = await openAccessDesk(db, now);
  return {
    about: { kind: 'identity', actor: toActorView(subject.actor), active: subject.active },
    rows: connections.map((row) => ({
      connection: connectionOf(row),
      actor: null,
      answers: answersFor(subject, placeOf(row), desk),
    })),
  };
}

async function aboutConnection(db: Db, connectionId: string, now: Date): Promise<AccessMatrix> {
  const row = await findConnection(db, { id: connectionId });
  if (row === null) throw notFound('connection');
  const place = placeOf(row);
  const people = await listPeople(db);
  const rights = await rightsOfPeople(db, people, now);
  const subjects: Subject[] = people.flatMap((person) => {
    const held = rights.get(person.id);
    return held === undefined
      ? []
      : [{ actor: actorOfPerson(person), rights: held, active: person.disabledAt === null, owners: null }];
  });
  const known = new Map(subjects.map((subject) => [subject.actor.id as string, subject]));
  const desk = await openAccessDesk(db, now);
  for (const agent of (await listServiceIdentities(db, null)).slice(0, maxAgents))
    subjects.push({
      actor: actorOfServiceIdentity(agent),
      rights: await rightsOfServiceIdentity(db, agent, now),
      active: agentIsActive(agent, now),
      owners: activeOwners(agent).flatMap(({ id: ownerId }) => known.get(ownerId) ?? []),
    });
  return {
    about: { kind: 'connection', connection: connectionOf(row) },
    rows: subjects.map((subject) => ({
      connection: null,
      actor: toActorView(subject.actor),
      answers: answersFor(subject, place, desk),
    })),
  };
}

async function subjectOf(db: Db, identityId: string, now: Date): Promise<Subject> {
  const person = await findPerson(db, { id: identityId });
  if (person !== null)
    return {
      actor: actorOfPerson(person),
      rights: await rightsOfPerson(db, person, now),
      active: person.disabledAt === null,
      owners: null,
    };
  const agent = await findServiceIdentity(db, { id: identityId });
  if (agent === null) throw notFound('person or agent');
  const owners: Held[] = [];
  for (const { id: ownerId } of activeOwners(agent)) {
    const owner = await findPerson(db, { id: ownerId });
    if (owner !== null) owners.push({ actor: actorOfPerson(owner), rights: await rightsOfPerson(db, owner, now) });
  }
  return {
    actor: actorOfServiceIdentity(agent),
    rights: await rightsOfServiceIdentity(db, agent, now),
    active: agentIsActive(agent, now),
    owners,
  };
}

function answersFor(subject: Subject, place: Place, desk: AccessDesk): AccessRow['answers'] {
  const answer = (permission: Permission) => {
    if (!subject.active) return { yes: false, because: 'disabled, expired, or without an active owner', until: null };
    return can(subject.rights, permission, place);
  };
  // Access rules name roles, also those that somebody has on this connection only.
  const placed = ({ actor, rights }: Held): Actor => ({ ...actor, roles: rolesOn(rights, place) });
  const connect = () => {
    const owners = subject.owners?.map(placed) ?? null;
    return joinConnect(answer(questions.connect), desk.answer(placed(subject), owners, place), desk.sentences);
  };
  return {
    see: answer(questions.see),
    connect: subject.active ? connect() : answer(questions.connect),
    approve: answer(questions.approve),
    change: answer(questions.change),
    readRecordings: answer(questions.readRecordings),
  };
}

function connectionOf(row: { readonly id: string; readonly name: string; readonly labels: unknown }) {
  return { id: row.id, name: row.name, labels: { ...placeOf(row).labels } };
}
