/** The rules that say who may connect to what. */
import {
  countAccessRules,
  createAccessRule as createRow,
  deleteAccessRule as deleteRow,
  findAccessRule,
  findConnection,
  findGroup,
  findPerson,
  findServiceIdentity,
  listAccessRules as listRows,
  type NewAccessSubject,
  type Tx,
  updateAccessRule as updateRow,
} from '@sluice/database';
import {
  accessConditionsSchema,
  accessModes,
  labelSelectorSchema,
  maxAccessRules,
  maxBreakGlassSeconds,
  maxRequestSeconds,
  roleNameSchema,
} from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import { toRuleView } from './access-views.ts';

const subject = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('everyone') }),
  z.strictObject({ kind: z.literal('role'), name: roleNameSchema }),
  z.strictObject({ kind: z.enum(['group', 'person', 'service']), id }),
]);
const scope = z.union([z.strictObject({ connectionId: id }), z.strictObject({ selector: labelSelectorSchema })]);

export const listAccessRules = query({
  permission: 'access.read',
  input: nothing,
  run: async ({ db }) => (await listRows(db)).map(toRuleView),
});

const ruleInput = accessConditionsSchema.partial().extend({
  mode: z.enum(accessModes),
  subject,
  scope,
  /** Of `request`: names of roles and groups. */
  approvers: z.array(z.string().min(1).max(63)).max(32).optional(),
  approvalCount: z.int().min(1).max(10).optional(),
  maxSeconds: z.int().min(60).max(maxRequestSeconds).optional(),
  note: z.string().trim().max(500).optional(),
  expiresAt: z.date().optional(),
});

export const createAccessRule = mutation({
  permission: 'access.write',
  input: ruleInput,
  run: async ({ input, tx, caller, now }) => {
    if ((await countAccessRules(tx)) >= maxAccessRules)
      throw refusedInput(`An installation has at most ${maxAccessRules} access rules.`, 'Remove some, or use labels.');
    const row = await createRow(tx, {
      id: newId<'AccessRule'>(),
      ...(await checkedRule(tx, input, now)),
      createdById: caller.actor.kind === 'person' ? caller.actor.id : null,
    });
    const view = toRuleView(row);
    return {
      output: view,
      audit: {
        sentence: `added the access rule “${view.sentence}”`,
        subject: { type: 'access-rule', id: row.id, name: view.sentence },
        after: view,
      },
    };
  },
});

/** Writes a rule anew. Whoever connects by what it said before, and by nothing else, is cut off within two seconds. */
export const updateAccessRule = mutation({
  permission: 'access.write',
  input: ruleInput.extend({ id }),
  run: async ({ input, tx, now }) => {
    const before = await findAccessRule(tx, input.id);
    if (before === null) throw notFound('access rule');
    const { id: ruleId, ...rule } = input;
    const row = await updateRow(tx, ruleId, await checkedRule(tx, rule, now));
    const view = toRuleView(row);
    return {
      output: view,
      audit: {
        sentence: `changed an access rule to “${view.sentence}”`,
        subject: { type: 'access-rule', id: row.id, name: view.sentence },
        before: toRuleView(before),
        after: view,
      },
    };
  },
});

/** The rule as it is stored. Throws SluiceError `bad-request` or `not-found` for one that would let in nobody, or that names nobody. */
async function checkedRule(tx: Tx, input: z.output<typeof ruleInput>, now: Date) {
  const { mode } = input;
  if (input.expiresAt !== undefined && input.expiresAt <= now)
    throw refusedInput('The rule would have ended already.', 'Give it a later end, or none.');
  if (mode === 'request' && (input.approvers ?? []).length === 0)
    throw refusedInput('Nobody is named who may grant it.', 'Name roles or groups as approvers.');
  if (mode === 'break-glass' && (input.subject.kind === 'everyone' || input.subject.kind === 'service'))
    throw refusedInput('An emergency is for named people.', 'Choose a role, a group or a person.');
  if (mode === 'break-glass' && (input.maxSeconds ?? 0) > maxBreakGlassSeconds)
    throw refusedInput('An emergency lasts an hour at most.', 'Give it a shorter time.');
  await demandSubject(tx, input.subject);
  if ('connectionId' in input.scope && (await findConnection(tx, { id: input.scope.connectionId })) === null)
    throw notFound('connection');
  return {
    mode,
    subject: input.subject,
    scope: input.scope,
    windows: input.windows ?? [],
    networks: input.networks ?? [],
    approvers: mode === 'request' ? (input.approvers ?? []) : [],
    approvalCount: mode === 'request' ? (input.approvalCount ?? 1) : 1,
    maxSeconds: mode === 'connect' ? null : (input.maxSeconds ?? null),
    note: input.note ?? '',
    expiresAt: input.expiresAt ?? null,
  };
}

/** Whoever connects by this rule alone is cut off within two seconds. */
export const deleteAccessRule = mutation({
  permission: 'access.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx }) => {
    const row = await deleteRow(tx, input.id);
    if (row === null) throw notFound('access rule');
    const view = toRuleView(row);
    return {
      output: { id: row.id },
      audit: {
        sentence: `removed the access rule “${view.sentence}”`,
        subject: { type: 'access-rule', id: row.id, name: view.sentence },
        before: view,
      },
    };
  },
});

async function demandSubject(tx: Tx, given: NewAccessSubject): Promise<void> {
  switch (given.kind) {
    case 'everyone':
    case 'role':
      return;
    case 'group':
      if ((await findGroup(tx, given.id)) === null) throw notFound('group');
      return;
    case 'person':
      if ((await findPerson(tx, { id: given.id })) === null) throw notFound('person');
      return;
    case 'service':
      if ((await findServiceIdentity(tx, { id: given.id })) === null) throw notFound('agent');
  }
}
