/** Break-glass: who is pre-authorised takes access in an emergency. Short, loud, and looked at afterwards by somebody else. */
import {
  createGrant,
  findConnection,
  findGrant,
  findPerson,
  listAccessRules,
  listUnreviewedGrants,
  reviewGrant,
} from '@sluice/database';
import {
  breakGlassName,
  labelsSchema,
  maxBreakGlassSeconds,
  rulesFor,
  SluiceError,
  usualBreakGlassSeconds,
} from '@sluice/domain';
import { confirmPassword, toAccessRule } from '@sluice/identity';
import { maxPasswordLength, newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id, nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import { tellAccessEvent } from './access-events.ts';
import { describeSeconds, toGrantView } from './access-views.ts';

const listed = 200;

/** Opens the glass of one connection for the caller alone. Their password is asked for again where they have one. */
export const breakGlass = mutation({
  permission: 'access.break-glass',
  input: z.strictObject({
    connectionId: id,
    reason: z.string().trim().min(10, 'say what the emergency is').max(2_000),
    seconds: z.int().min(60).max(maxBreakGlassSeconds).optional(),
    password: z.string().max(maxPasswordLength).optional(),
  }),
  run: async ({ input, tx, services, caller, now, address, software }) => {
    const { actor } = caller;
    const connection = await findConnection(tx, { id: input.connectionId });
    if (connection === null || actor.kind !== 'person') throw notFound('connection');
    const rows = await listAccessRules(tx);
    const rules = rows.flatMap((row) => toAccessRule(row) ?? []);
    const labels = labelsSchema.parse(connection.labels);
    const fitting = rulesFor(rules, 'break-glass', {
      actor,
      connection: { id: connection.id, labels },
      now: now.getTime(),
    });
    const row = rows.find((one) => one.id === fitting[0]?.id);
    if (row === undefined)
      throw new SluiceError('forbidden', `You are not authorised to break the glass of ${connection.name}.`, {
        audience: 'person',
        hint: 'Ask for access, or somebody who is authorised.',
      });
    const person = await findPerson(tx, { id: actor.id });
    await confirmPassword(services.database, person, { password: input.password ?? '', address, software, now });
    const most = Math.min(row.maxSeconds ?? maxBreakGlassSeconds, maxBreakGlassSeconds);
    const seconds = Math.min(input.seconds ?? usualBreakGlassSeconds, most);
    const grant = await createGrant(tx, {
      id: newId<'Grant'>(),
      kind: 'break-glass',
      name: breakGlassName,
      holder: { kind: 'person', id: actor.id },
      scope: { connectionId: connection.id },
      bounds: null,
      reason: input.reason,
      grantedById: actor.id,
      startsAt: now,
      expiresAt: new Date(now.getTime() + seconds * 1_000),
    });
    await tellAccessEvent(tx, 'glass-broken', grant.id);
    return {
      output: toGrantView(grant),
      audit: {
        sentence: `BROKE THE GLASS of ${connection.name} for ${describeSeconds(seconds)}: ${input.reason}`,
        subject: { type: 'grant', id: grant.id, name: connection.name },
        after: { reason: input.reason, seconds, ruleId: row.id },
      },
    };
  },
});

/** Emergencies in force or not yet reviewed: everybody's for who may read access, else the caller's own. */
export const listEmergencies = query({
  permission: 'connections.read',
  input: nothing,
  run: async ({ db, caller, may }) => {
    const rows = await listUnreviewedGrants(db, listed);
    return rows.filter((row) => may('access.read') || row.personId === caller.actor.id).map(toGrantView);
  },
});

/** Somebody other than who broke the glass looks at what was done, once it has ended, and says what they found. */
export const reviewEmergency = mutation({
  permission: 'access.review',
  input: z.strictObject({ id, comment: z.string().trim().min(3, 'say what you found').max(2_000) }),
  run: async ({ input, tx, caller, now }) => {
    const { actor } = caller;
    const row = await findGrant(tx, input.id);
    if (row === null || row.kind !== 'break-glass') throw notFound('emergency');
    if (actor.kind !== 'person' || row.personId === actor.id)
      throw new SluiceError('forbidden', 'Another person has to review it.', {
        audience: 'person',
        hint: 'Ask somebody who may review access.',
      });
    if (row.revokedAt === null && row.expiresAt > now)
      throw new SluiceError('conflict', 'The glass is still open.', {
        audience: 'person',
        hint: 'End it first, then look at everything that was done.',
      });
    const review = { reviewedAt: now, reviewedById: actor.id, reviewComment: input.comment };
    if (!(await reviewGrant(tx, row.id, review)))
      throw new SluiceError('conflict', 'Somebody has reviewed it already.', { audience: 'person', hint: 'Reload.' });
    await tellAccessEvent(tx, 'glass-reviewed', row.id);
    const view = toGrantView(row);
    return {
      output: { id: row.id },
      audit: {
        sentence: `reviewed ${view.holder.name}'s broken glass of ${view.connection?.name ?? ''}: ${input.comment}`,
        subject: { type: 'grant', id: row.id, name: row.name },
        after: { comment: input.comment },
      },
    };
  },
});
