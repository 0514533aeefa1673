import type { ApprovalRow, Db, NotificationEventRow, PersonRow } from '@sluice/database';
import { findAccessRequest, findApproval, findPerson, listPeople } from '@sluice/database';
import { canSomewhere, noRights } from '@sluice/domain';
import { actorOfPerson, type Caller, rightsOfDeciders, rightsOfPeople, standingOfPerson } from '@sluice/identity';
import { whyNotDecide } from '../access/access-views.ts';
import { answererOf } from '../approvals/answerer.ts';
import { decisionRight } from '../approvals/eligibility.ts';

/** People whom one event reaches; an installation's people are bounded by its organisation, one message storm by this. */
const maxRecipients = 200;

/** Who is to be told of an event: whose decision would count, who asked, or who watches over the installation. */
export async function recipientsOf(db: Db, event: NotificationEventRow, now: Date): Promise<readonly PersonRow[]> {
  const people = await peopleFor(db, event, now);
  return people.filter((person) => person.disabledAt === null).slice(0, maxRecipients);
}

async function peopleFor(db: Db, event: NotificationEventRow, now: Date): Promise<readonly PersonRow[]> {
  switch (event.kind) {
    case 'approval-waiting':
    case 'approval-escalated': {
      const row = await findApproval(db, event.subjectId);
      return row === null ? [] : deciders(db, row, now);
    }
    case 'approval-decided':
    case 'approval-over': {
      const row = await findApproval(db, event.subjectId);
      return row === null ? [] : some(await findPerson(db, { id: row.ownerId ?? row.actorId }));
    }
    case 'access-requested': {
      const request = await findAccessRequest(db, event.subjectId);
      if (request === null || request.state !== 'waiting') return [];
      const own = request.personId ?? request.serviceIdentity?.owner?.id;
      const people = (await listPeople(db)).filter(({ id }) => id !== own);
      const rights = await rightsOfPeople(db, people, now);
      return people.filter((person) => {
        const caller = { actor: actorOfPerson(person), rights: rights.get(person.id) ?? noRights };
        return whyNotDecide(request, caller, now) === null;
      });
    }
    case 'access-decided': {
      const request = await findAccessRequest(db, event.subjectId);
      const id = request?.personId ?? request?.serviceIdentity?.owner?.id;
      return id === undefined || id === null ? [] : some(await findPerson(db, { id }));
    }
    default:
      return watchers(db, now);
  }
}

/** Those whose answer would count now: the same judgement as on the page and when they answer. */
async function deciders(db: Db, row: ApprovalRow, now: Date): Promise<PersonRow[]> {
  const found: PersonRow[] = [];
  const given = await rightsOfDeciders(db, [row], now);
  for (const person of await listPeople(db)) {
    if (person.disabledAt !== null || person.id === row.actorId) continue;
    const caller = await asCaller(db, person, now);
    if (!canSomewhere(caller.rights, 'approvals.decide')) continue;
    if (decisionRight(await answererOf(db, caller, now), row, given, now).yes) found.push(person);
  }
  return found;
}

/** Those who watch over the installation: whoever may change its policy. */
async function watchers(db: Db, now: Date): Promise<PersonRow[]> {
  const found: PersonRow[] = [];
  for (const person of await listPeople(db)) {
    if (person.disabledAt !== null) continue;
    const { rights } = await standingOfPerson(db, person, now);
    if (canSomewhere(rights, 'policies.write')) found.push(person);
  }
  return found;
}

/** As if they called: only their rights are asked for. */
async function asCaller(db: Db, person: PersonRow, now: Date): Promise<Caller> {
  const standing = await standingOfPerson(db, person, now);
  return { ...standing, email: person.email, by: 'web-session', credentialId: person.id, expiresAt: null };
}

function some(person: PersonRow | null): readonly PersonRow[] {
  return person === null ? [] : [person];
}
