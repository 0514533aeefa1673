/** Who can connect to one connection, and why. */
import {
  findConnection,
  listAccessRules,
  listGrantsInForce,
  listPeople,
  listServiceIdentities,
} from '@sluice/database';
import {
  can,
  isInScope,
  isSubject,
  labelSelectorSchema,
  labelsSchema,
  matchesLabels,
  type Rights,
  rulesFor,
} from '@sluice/domain';
import {
  accessOf,
  activeOwners,
  actorOfPerson,
  actorOfServiceIdentity,
  ownerOf,
  placeOf,
  rightsOfPeople,
  rightsWithin,
  toAccessRule,
} from '@sluice/identity';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import { openAccessDesk } from './access-desk.ts';
import {
  type AccessEntryView,
  type AccessRuleView,
  type GrantView,
  toEntryView,
  toGrantView,
  toRuleView,
} from './access-views.ts';

const grantsLookedAt = 1_000;

export interface ConnectionAccessView {
  /** The caller's own: may they connect, until when, else why not; may they ask or break the glass, and for how long at most. */
  readonly mine: {
    readonly open: boolean;
    readonly until: Date | null;
    readonly message: string;
    readonly mayRequest: { readonly maxSeconds: number | null; readonly approvers: readonly string[] } | null;
    readonly mayBreakGlass: { readonly maxSeconds: number | null } | null;
  };
  /** Null for who may not read others' access. */
  readonly everybody: {
    readonly rules: readonly AccessRuleView[];
    readonly entries: readonly AccessEntryView[];
    readonly grants: readonly GrantView[];
  } | null;
}

export const showConnectionAccess = query({
  permission: 'connections.read',
  input: z.strictObject({ connectionId: id }),
  run: async ({ input, db, caller, may, mayOn, now, address }): Promise<ConnectionAccessView> => {
    const connection = await findConnection(db, { id: input.connectionId });
    if (connection === null || !mayOn('connections.read', placeOf(connection))) throw notFound('connection');
    const rows = await listAccessRules(db);
    const rules = rows.flatMap((row) => toAccessRule(row) ?? []);
    const labels = labelsSchema.parse(connection.labels);
    const place = { id: connection.id, labels };
    const concerned = rules.filter((rule) => isInScope(rule.scope, place));
    const own = await accessOf(db, caller.actor, connection, { clientAddress: address, now });
    const question = { actor: caller.actor, connection: place, now: now.getTime() };
    const knows =
      may('access.read') || own.grants.length > 0 || concerned.some((rule) => isSubject(rule.subject, caller.actor));
    if (!knows) throw notFound('connection');
    const first = (mode: 'request' | 'break-glass') => {
      const [rule] = caller.actor.kind === 'person' || mode === 'request' ? rulesFor(rules, mode, question) : [];
      return rows.find((row) => row.id === rule?.id) ?? null;
    };
    const mayConnect = mayOn('connections.connect', place);
    const open = mayConnect && own.answer.open;
    const asks = first('request');
    const glass = first('break-glass');
    return {
      mine: {
        open,
        until: open && own.answer.open && own.answer.until !== null ? new Date(own.answer.until) : null,
        message: mayConnect ? own.message : 'No role of yours lets you connect.',
        mayRequest: asks === null ? null : { maxSeconds: asks.maxSeconds, approvers: asks.approvers },
        mayBreakGlass: glass === null ? null : { maxSeconds: glass.maxSeconds },
      },
      everybody: may('access.read') ? await everybody() : null,
    };

    async function everybody(): Promise<ConnectionAccessView['everybody']> {
      const views = rows.filter((row) => concerned.some((rule) => rule.id === row.id)).map(toRuleView);
      const held = (await listGrantsInForce(db, { now }, grantsLookedAt)).filter(
        (row) =>
          row.connectionId === place.id ||
          (row.connectionId === null && matchesLabels(labelSelectorSchema.parse(row.selector), labels)),
      );
      const { answer, sentences } = await openAccessDesk(db, now);
      const mayConnectBy = (held: Rights | undefined) =>
        held !== undefined && can(held, 'connections.connect', place).yes;
      const people = (await listPeople(db)).filter((person) => person.disabledAt === null);
      const actors = new Map(people.map((person) => [person.id, actorOfPerson(person)]));
      const rights = await rightsOfPeople(db, people, now);
      const agents = (await listServiceIdentities(db, null)).filter((one) => one.disabledAt === null);
      return {
        rules: views,
        grants: held.map(toGrantView),
        entries: [
          ...people.map((person) =>
            toEntryView(
              { id: person.id, name: person.name, kind: 'person' as const, role: person.role, owner: null },
              answer(actorOfPerson(person), null, place),
              sentences,
              mayConnectBy(rights.get(person.id)),
            ),
          ),
          ...agents.map((agent) =>
            toEntryView(
              { id: agent.id, name: agent.name, kind: 'service' as const, role: 'agent', owner: ownerOf(agent).name },
              answer(
                actorOfServiceIdentity(agent),
                activeOwners(agent).flatMap(({ id: ownerId }) => actors.get(ownerId) ?? []),
                place,
              ),
              sentences,
              mayConnectBy(rightsWithin(agent, rights, now)),
            ),
          ),
        ],
      };
    }
  },
});
