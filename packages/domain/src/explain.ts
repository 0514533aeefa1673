/**
 * Explaining a statement: what policy would say of it for somebody on a connection, without running anything. The control plane cannot
 * parse, so it asks a gateway of the connection. Request and answer lie in the database for seconds, sealed with a key of their own
 * that only the notice to the gateway carries, because a text that somebody typed may hold anything.
 */
import { z } from 'zod';
import { actorSchema } from './actor.ts';
import { errorCodes } from './errors.ts';
import { holdDemandsSchema, maskStrategySchema, verdictActions } from './verdict.ts';

/** Characters of a text that is explained. */
export const maxExplainedCharacters = 65_536;
/** Characters of a draft that it is explained against; the same as of a policy's source. */
export const maxDraftCharacters = 262_144;
/** Grants that may be assumed. */
export const maxAssumedGrants = 50;
/** Statements of one text that are answered; the verdict is over all of them. */
export const maxExplainedStatements = 50;
/** Entries of each list of a statement's facts that are answered. */
export const maxExplainedEntries = 1_000;

export const explainRequestSchema = z.strictObject({
  connectionId: z.string(),
  actor: actorSchema,
  text: z.string().max(maxExplainedCharacters),
  /** A draft's source; null: the policy that is in force at the gateway. */
  source: z.string().max(maxDraftCharacters).nullable(),
  grants: z.array(z.string().max(255)).max(maxAssumedGrants),
});
export type ExplainRequest = z.infer<typeof explainRequestSchema>;

const namesSchema = z.array(z.string()).max(maxExplainedEntries);

/** A statement as rules see it. */
export const statementViewSchema = z.strictObject({
  kind: z.string(),
  command: z.string(),
  language: z.string(),
  complete: z.boolean(),
  destructive: z.boolean(),
  filter: z.string(),
  verbs: namesSchema,
  objects: namesSchema,
  reads: namesSchema,
  writes: namesSchema,
  columns: namesSchema,
  functions: namesSchema,
});

/** What happens to one column of the result: `whole` is always masked, `scan` is looked at value by value. */
export const explainedOutputSchema = z.strictObject({
  /** The stored columns that it is computed from; empty: none, or not known. */
  columns: z.array(z.string()).max(20),
  plan: z.enum(['pass', 'scan', 'whole']),
  rule: z.string().nullable(),
});
export type ExplainedOutput = z.infer<typeof explainedOutputSchema>;

export const explainedStatementSchema = z.strictObject({
  view: statementViewSchema,
  incompleteBecause: z.string().nullable(),
  destructiveBecause: z.string().nullable(),
  filterBecause: z.string().nullable(),
  /** Columns of its result by position; null where the facts cannot tell. */
  outputs: z.array(explainedOutputSchema).max(maxExplainedEntries).nullable(),
});
export type ExplainedStatement = z.infer<typeof explainedStatementSchema>;

/** How one rule met the statements; in the order of the policy's file. */
export const explainedRuleSchema = z.strictObject({
  name: z.string(),
  action: z.enum(['allow', 'hold', 'deny', 'mask', 'limit', 'monitor']),
  /** What a monitor rule would have done. */
  would: z.enum(verdictActions).nullable(),
  /** The rule in a plain sentence, condition included: for those who may read the policy. */
  sentence: z.string(),
  /** 1-based. */
  line: z.int(),
  matched: z.boolean(),
  /** Why its condition could not be evaluated; null when it could. */
  error: z.string().nullable(),
  strategy: maskStrategySchema.nullable(),
});
export type ExplainedRule = z.infer<typeof explainedRuleSchema>;

const limitSchema = z.strictObject({ rule: z.string(), reason: z.string(), most: z.int() });

export const explanationSchema = z.strictObject({
  ok: z.literal(true),
  /** Null: it was explained against a draft. */
  policyVersion: z.int().nullable(),
  language: z.string(),
  /** As it would stand in the record: literals masked. */
  text: z.string(),
  state: z.strictObject({
    database: z.string(),
    role: z.string().nullable(),
    searchPath: z.array(z.string()).nullable(),
  }),
  action: z.enum(verdictActions),
  rule: z.string().nullable(),
  reason: z.string(),
  hold: z
    .strictObject({
      approvers: z.array(z.string()),
      count: z.int(),
      expiresSeconds: z.int(),
      owner: z.boolean(),
      demands: holdDemandsSchema.optional(),
    })
    .nullable(),
  limits: z
    .strictObject({
      rows: limitSchema.nullable(),
      bytes: limitSchema.nullable(),
      perMinute: z.array(limitSchema.extend({ count: z.int() })),
    })
    .nullable(),
  statements: z.array(explainedStatementSchema).max(maxExplainedStatements),
  /** Statements that stand behind those and are not shown; they count for the verdict. */
  moreStatements: z.int(),
  rules: z.array(explainedRuleSchema),
  /** Why the text could not be read, and where (1-based UTF-16 position); a session would judge it as a statement of which nothing is proved. */
  unreadable: z.strictObject({ message: z.string(), position: z.int().nullable() }).nullable(),
  /** What the protocol refuses whatever policy says; null: nothing. */
  uncarried: z.string().nullable(),
});
export type Explanation = z.infer<typeof explanationSchema>;

export const explainAnswerSchema = z.discriminatedUnion('ok', [
  explanationSchema,
  z.strictObject({
    ok: z.literal(false),
    code: z.enum(errorCodes),
    message: z.string(),
    hint: z.string().nullable(),
  }),
]);
export type ExplainAnswer = z.infer<typeof explainAnswerSchema>;

/** GET explanations?id=ID → the sealed request; POST explanations → the sealed answer. */
export const sealedExplainRequestSchema = z.strictObject({ sealed: z.string() });
export const sealedExplainAnswerSchema = z.strictObject({ requestId: z.string(), sealed: z.string() });

/** What a sealed request or answer is bound to, so that neither can be taken for another. */
export function explainContext(requestId: string, part: 'request' | 'answer'): string {
  return `explanation ${requestId} ${part}`;
}
