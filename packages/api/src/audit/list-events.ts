import type { AuditBody, AuditEventRow } from '@sluice/database';
import { defaultPageSize, findRunNames, listAuditEvents } from '@sluice/database';
import { isId, roleNameSchema } from '@sluice/domain';
import { z } from 'zod';
import { id, numberCursor, search, searchText } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { AuditEventView, Page } from '../views.ts';

export const listEvents = query({
  permission: 'audit.read',
  input: z
    .strictObject({
      search,
      actorId: id.optional(),
      /** `connections` for all that is done to them, or `connections.createConnection`. */
      action: z
        .string()
        .regex(/^[A-Za-z-]{1,60}(\.[A-Za-z-]{1,60})?$/, 'a resource, or an action such as connections.createConnection')
        .optional(),
      subjectId: id.optional(),
      /** One event alone, by its place in the chain. */
      index: z.int().min(1).optional(),
      from: z.date().optional(),
      to: z.date().optional(),
      cursor: numberCursor,
    })
    .optional(),
  run: async ({ input, db }): Promise<Page<AuditEventView>> => {
    const { actorId = null, action, subjectId = null, index = null, from = null, to = null } = input ?? {};
    const under = action === undefined ? null : action.includes('.') ? action : `${action}.`;
    const filter = { search: searchText(input?.search), actorId, action: under, subjectId, index, from, to };
    const page = await listAuditEvents(db, filter, { cursor: input?.cursor ?? null, limit: defaultPageSize });
    const events = page.rows.map(toView);
    const runIds = events.flatMap(({ through }) => (through?.run != null && isId(through.run) ? [through.run] : []));
    const runs = new Map((await findRunNames(db, runIds)).map((run) => [run.id, run]));
    return {
      items: events.map((event) => ({ ...event, run: runs.get(event.through?.run ?? '') ?? null })),
      nextCursor: page.nextCursor,
    };
  },
});

/** What the row's columns repeat is read from the columns: a body that was tampered with must not break the page that shows it. */
const bodySchema = z
  .object({
    actor: z.unknown(),
    subject: z.unknown(),
    before: z.unknown(),
    after: z.unknown(),
    address: z.unknown(),
    through: z.unknown(),
  })
  .partial() satisfies z.ZodType<Partial<Record<keyof AuditBody, unknown>>>;
const person = z.object({
  id: z.string(),
  kind: z.enum(['person', 'service']),
  name: z.string(),
  role: roleNameSchema,
  onBehalfOf: z.object({ id: z.string(), name: z.string() }).nullable(),
});
const throughSchema = z.object({
  by: z.string(),
  id: z.string().nullable(),
  run: z.string().nullable(),
  software: z.string().nullable(),
});
const subjectSchema = z.object({ type: z.string(), id: z.string(), name: z.string() });

function toView(row: AuditEventRow): Omit<AuditEventView, 'run'> {
  const body = bodySchema.catch({}).parse(parsed(row.body));
  const actor = person.safeParse(body.actor);
  const subject = subjectSchema.safeParse(body.subject);
  return {
    id: row.id,
    index: row.index,
    at: row.at,
    actor: actor.success
      ? {
          id: actor.data.id,
          kind: actor.data.kind,
          name: actor.data.name,
          role: actor.data.role,
          owner: actor.data.onBehalfOf,
        }
      : { kind: 'system', name: row.actorName },
    action: row.action,
    sentence: row.sentence,
    subject: subject.success ? subject.data : null,
    before: body.before ?? null,
    after: body.after ?? null,
    address: typeof body.address === 'string' ? body.address : null,
    through: throughSchema
      .nullable()
      .catch(null)
      .parse(body.through ?? null),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
