/**
 * "The same for an hour": what a grant of kind `alike` covers. Bounds are proved facts (objects, verbs, columns, filter shape, rows),
 * never a text, a pattern or a fingerprint: two statements with one fingerprint can do different things.
 */
import { z } from 'zod';

/** The name by which rules test such a grant. */
export const alikeGrantName = 'approved-alike';
/** How long it lasts at most where the rule says nothing else, in minutes. */
export const defaultAlikeMinutes = 60;
/** The most that a rule may allow, in minutes. */
export const maxAlikeMinutes = 24 * 60;
/** Rows that each statement under it may change at most. */
export const maxAlikeRows = 100_000;
/** Statements of one message that may be described, and names in each of their lists; a message with more is never covered. */
export const maxAlikeStatements = 8;
export const maxAlikeNames = 50;

const namesSchema = z.array(z.string().max(255)).max(maxAlikeNames);

/** One statement as far as its facts go. Lists are sorted and hold each name once. */
export const alikeStatementSchema = z.strictObject({
  language: z.string().max(63),
  kind: z.string().max(63),
  command: z.string().max(255),
  filter: z.string().max(63),
  /** `update relation public.customers`. */
  effects: namesSchema,
  reads: namesSchema,
  writes: namesSchema,
  columns: namesSchema,
  functions: namesSchema,
});
export type AlikeStatement = z.infer<typeof alikeStatementSchema>;

/** What a gateway says with a hold, so that a decision may cover others like it. */
export const alikeOfferSchema = z.strictObject({
  statements: z.array(alikeStatementSchema).min(1).max(maxAlikeStatements),
  database: z.string(),
  role: z.string().nullable(),
});
export type AlikeOffer = z.infer<typeof alikeOfferSchema>;

/** A grant's bounds: what was approved, for whom, and how many rows each statement may change. */
export const alikeBoundsSchema = alikeOfferSchema.extend({
  approvalId: z.string(),
  connectionId: z.string(),
  connectionRevision: z.int(),
  /** The run in which it was asked for; null: none was declared. */
  runId: z.string().nullable(),
  rows: z.int().min(1).max(maxAlikeRows),
});
export type AlikeBounds = z.infer<typeof alikeBoundsSchema>;
