import {
  createEventStream,
  deleteEventStream,
  type EventStreamRow,
  findEventStream,
  listEventStreams,
  type StreamBacklog,
  streamBacklog,
} from '@sluice/database';
import { Secret } from '@sluice/domain';
import { newId, streamSecretContext } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id, nothing, slug } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';
import { sendEvents } from './send-events.ts';
import { type EventStreamView, streamSettingsSchema } from './stream-settings.ts';

/** An HTTP stream's key: as long as what it keys. */
const minSecretLength = 32;

export const listStreams = query({
  permission: 'streams.read',
  input: nothing,
  run: async ({ db }): Promise<readonly EventStreamView[]> => {
    const rows = await listEventStreams(db);
    return Promise.all(rows.map(async (row) => toView(row, await streamBacklog(db, row))));
  },
});

export const createStream = mutation({
  permission: 'streams.write',
  input: z
    .strictObject({
      name: slug,
      settings: streamSettingsSchema,
      /** The key of an HTTP stream's signatures; kept sealed, never shown again. */
      secret: z.string().min(minSecretLength).max(256).nullable(),
      audit: z.boolean(),
      statements: z.boolean(),
    })
    .refine(({ settings, secret }) => (settings.kind === 'endpoint') === (secret !== null), {
      message: 'an HTTP stream has a key that its batches are signed with, and no other has one',
    }),
  run: async ({ input, tx, services }) => {
    const { secret, ...stream } = input;
    const streamId = newId<'EventStream'>();
    const secretSealed =
      secret === null ? null : services.atRest.seal(new Secret(secret), streamSecretContext(streamId));
    const row = await createEventStream(tx, { id: streamId, ...stream, secretSealed });
    return {
      output: toView(row, { auditEvents: 0, chunks: 0, since: null }),
      audit: {
        sentence: `added event stream ${row.name}`,
        subject: { type: 'event-stream', id: row.id, name: row.name },
        after: { ...stream, secret: secret === null ? 'none' : 'sealed' },
      },
    };
  },
});

export const deleteStream = mutation({
  permission: 'streams.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx }) => {
    const row = await findEventStream(tx, input.id);
    if (row === null || !(await deleteEventStream(tx, input.id))) throw notFound('event stream');
    return {
      output: { ok: true as const },
      audit: {
        sentence: `removed event stream ${row.name}`,
        subject: { type: 'event-stream', id: row.id, name: row.name },
        before: { settings: row.settings, audit: row.audit, statements: row.statements },
      },
    };
  },
});

/** Sends one event that says it is a test, past the cursor. */
export const sendTest = mutation({
  permission: 'streams.write',
  input: z.strictObject({ id }),
  run: async ({ input, tx, services, caller, now }) => {
    const row = await findEventStream(tx, input.id);
    if (row === null) throw notFound('event stream');
    const settings = streamSettingsSchema.parse(row.settings);
    const secret =
      row.secretSealed === null ? null : services.atRest.open(row.secretSealed, streamSecretContext(row.id));
    const body = { text: `A test by ${caller.actor.name}.` };
    const event = { id: newId(), kind: 'test' as const, at: now.getTime(), name: 'stream.test', warning: false, body };
    const output = async () => {
      try {
        await sendEvents({ settings, secret, folder: services.eventFolder }, [event]);
        return { ok: true, error: null };
      } catch (error) {
        return { ok: false, error: error instanceof Error ? error.message : String(error) };
      }
    };
    return {
      output,
      audit: {
        sentence: `sent a test event to ${row.name}`,
        subject: { type: 'event-stream', id: row.id, name: row.name },
      },
    };
  },
});

function toView(row: EventStreamRow, behind: StreamBacklog): EventStreamView {
  const { id: streamId, name, audit, statements, createdAt, lastError, lastSentAt, failures, nextTryAt } = row;
  const settings = streamSettingsSchema.parse(row.settings);
  const counts = { sent: Number(row.sent), failures };
  const state = { lastError, lastSentAt, nextTryAt, behind, ...counts };
  return { id: streamId, name, settings, audit, statements, createdAt, ...state };
}
