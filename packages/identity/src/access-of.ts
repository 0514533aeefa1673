import type { AccessRuleRow, Db } from '@sluice/database';
import { findPerson, listAccessRules, listActiveMembers } from '@sluice/database';
import type { AccessAnswer, AccessRule, Actor, Grant } from '@sluice/domain';
import {
  accessConditionsSchema,
  accessModes,
  accessScopeSchema,
  accessSubjectSchema,
  bothAccess,
  decideAccess,
  labelsSchema,
  rulesFor,
} from '@sluice/domain';
import { z } from 'zod';
import { actorOfPerson } from './actors.ts';
import { grantsOf } from './grants-of.ts';

const ruleSchema = accessConditionsSchema.extend({
  id: z.string(),
  mode: z.enum(accessModes),
  subject: accessSubjectSchema,
  scope: accessScopeSchema,
  expiresAt: z.iso.datetime().nullable(),
});

export interface AccessConnection {
  readonly id: string;
  readonly name: string;
  readonly labels: unknown;
}

export interface AccessOf {
  readonly answer: AccessAnswer;
  /** What the actor itself holds on the connection. */
  readonly grants: readonly Grant[];
  /** Why not and what to do about it, where the answer is no. */
  readonly message: string;
  readonly hint: string;
}

/**
 * Whether the actor may connect now, and until when; for a service identity its owner has to have it too. A rule that cannot be read
 * gives nothing.
 */
export async function accessOf(
  db: Db,
  actor: Actor,
  connection: AccessConnection,
  { clientAddress, now }: { readonly clientAddress: string | null; readonly now: Date },
): Promise<AccessOf> {
  const rules = await readAccessRules(db);
  const grants = await grantsOf(db, actor, connection, now);
  const labels = labelsSchema.parse(connection.labels);
  const question = { connection: { id: connection.id, labels }, clientAddress, now: now.getTime() };
  const own = decideAccess(rules, grants, { ...question, actor });
  const { onBehalfOf } = actor;
  let answer = own;
  if (onBehalfOf !== null) {
    let owners: AccessAnswer = { open: false, reason: 'no-rule', because: [] };
    for (const person of await ownersOf(db, onBehalfOf)) {
      owners = decideAccess(rules, await grantsOf(db, person, connection, now), { ...question, actor: person });
      if (owners.open) break;
    }
    answer = bothAccess(own, owners);
  }
  const lacks = !own.open || onBehalfOf === null ? actor.name : onBehalfOf.name;
  const mayAsk = rulesFor(rules, 'request', { ...question, actor }).length > 0;
  return { answer, grants, ...wordsFor(answer, lacks, connection.name, mayAsk) };
}

/** The active people that an agent acts for: its owner, or those of its team, of whom one has to have access. */
async function ownersOf(db: Db, { id, kind }: NonNullable<Actor['onBehalfOf']>): Promise<Actor[]> {
  if (kind === 'team') return (await listActiveMembers(db, id)).map(actorOfPerson);
  const owner = await findPerson(db, { id });
  return owner === null || owner.disabledAt !== null ? [] : [actorOfPerson(owner)];
}

/** Every rule that can be read. */
export async function readAccessRules(db: Db): Promise<readonly AccessRule[]> {
  return (await listAccessRules(db)).flatMap((row) => toAccessRule(row) ?? []);
}

/** A rule as it is judged; null where its row says something that nobody can read. */
export function toAccessRule(row: AccessRuleRow): AccessRule | null {
  const rule = ruleSchema.safeParse({
    id: row.id,
    mode: row.mode,
    subject: subjectOf(row),
    scope: row.connectionId === null ? { selector: row.selector } : { connectionId: row.connectionId },
    windows: row.windows,
    networks: row.networks,
    expiresAt: row.expiresAt?.toISOString() ?? null,
  });
  return rule.success ? rule.data : null;
}

function subjectOf(row: AccessRuleRow): unknown {
  const { subjectKind: kind, role, group, person, serviceIdentity } = row;
  if (kind === 'everyone') return { kind };
  return kind === 'role' ? { kind, name: role } : { kind, ...(group ?? person ?? serviceIdentity) };
}

function wordsFor(
  answer: AccessAnswer,
  who: string,
  connection: string,
  mayAsk: boolean,
): Pick<AccessOf, 'message' | 'hint'> {
  if (answer.open) return { message: '', hint: '' };
  const message = {
    'no-rule': `No access rule lets ${who} connect to ${connection}.`,
    'closed-now': `${who} may connect to ${connection} at certain hours only, and not now.`,
    elsewhere: `${who} may connect to ${connection} from certain networks only, and not from here.`,
  }[answer.reason];
  const hint = mayAsk
    ? `Ask for access: sluice access request ${connection} --for 1h --reason "…", or "Request access" on the connection's page.`
    : 'Ask an administrator of Sluice for access; the Access tab of the connection says who has it.';
  return { message, hint };
}
