/** What a gateway keeps of an approved change so that it can be taken back, and what becomes of asking for that. */
import { z } from 'zod';
import { actorSchema } from './actor.ts';

/** How long what a change overwrote is kept (ms). */
export const undoLifetimeMs = 7 * 24 * 3_600_000;
/** Rows that one change may touch to be kept. */
export const maxUndoRows = 2_000;
/** Conflicts that one answer names; `conflicts` counts all. */
export const maxShownConflicts = 20;

const cell = z.string().nullable();

/**
 * The rows that one change touched, before and after, in the protocol's own exact form (base64). It never leaves the gateway, and rests
 * there sealed. `before` null: the row is new; `after` null: it went.
 */
export const undoImageSchema = z.strictObject({
  table: z.strictObject({ schema: z.string(), name: z.string() }),
  change: z.enum(['insert', 'update', 'delete']),
  /** Every column, with the target's own type; `key`: it is of the primary key. */
  columns: z.array(z.strictObject({ name: z.string(), type: z.int(), key: z.boolean(), generated: z.boolean() })),
  rows: z
    .array(z.strictObject({ before: z.array(cell).nullable(), after: z.array(cell).nullable() }))
    .min(1)
    .max(maxUndoRows),
});
export type UndoImage = z.infer<typeof undoImageSchema>;

/** What the control plane knows of it: a count and an end, with a statement's outcome. */
export const undoOfferSchema = z.strictObject({ rows: z.int().min(1), expiresAt: z.iso.datetime() });
export type UndoOffer = z.infer<typeof undoOfferSchema>;

const sentence = z.string().max(500);

/** What became of a revert. `conflicts` are masked keys of rows that somebody changed since; nothing is changed then. */
export const revertResultSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('reverted'), rows: z.int().min(0), sessionId: z.string() }),
  z.strictObject({
    state: z.literal('conflict'),
    conflicts: z.int().min(1),
    shown: z.array(sentence).max(maxShownConflicts),
    sessionId: z.string(),
  }),
  z.strictObject({ state: z.literal('failed'), because: sentence, sessionId: z.string().nullable() }),
]);
export type RevertResult = z.infer<typeof revertResultSchema>;

/** What a protocol says became of it; the session in which it happened is not its affair. */
export type RevertOutcome = RevertResult extends infer Result
  ? Result extends RevertResult
    ? Omit<Result, 'sessionId'>
    : never
  : never;

/** POST approvals/:id/revert — by the gateway that was asked. */
export const revertReportSchema = z.strictObject({ requestId: z.string(), result: revertResultSchema });

/** As it stands in an approval's row: who asked, and what became of it; `result` null: nothing yet. */
export const revertSchema = z.strictObject({
  requestId: z.string(),
  by: actorSchema,
  at: z.iso.datetime(),
  result: revertResultSchema.nullable(),
});
export type Revert = z.infer<typeof revertSchema>;
