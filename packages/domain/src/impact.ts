/**
 * What a held statement would touch, as a gateway tells it to those who decide. It holds names, numbers and masked values only: no
 * literal of the statement, and nothing of a plan but the closed list of fields below.
 */
import { z } from 'zod';

/** Bounds of one report. What is beyond is counted, never silently left out. */
export const maxImpactEntries = 50;
export const maxPlanNodes = 200;
/** Rows that a rehearsal shows before and after. */
export const maxRehearsedRows = 20;
const maxRehearsedColumns = 100;
const maxNameCharacters = 300;
const maxSentenceCharacters = 500;
const maxShownCharacters = 400;
const maxPlanDepth = 60;

const name = z.string().max(maxNameCharacters);
const sentence = z.string().max(maxSentenceCharacters);
const countSchema = z.int().min(0);
/** A planner's guess; fractions are the planner's own. */
const estimate = z.number().min(0);

/** One node of a plan in preorder; `depth` makes the tree. Conditions are told by their kind: their text quotes literals. */
export const planNodeSchema = z.strictObject({
  depth: z.int().min(0).max(maxPlanDepth),
  operation: name,
  object: name.nullable(),
  index: name.nullable(),
  rows: estimate,
  cost: estimate,
  conditions: z.array(name).max(10),
});
export type PlanNode = z.infer<typeof planNodeSchema>;

/** Why there is none, in a clause, or what there is. */
export const impactPlanSchema = z.discriminatedUnion('known', [
  z.strictObject({ known: z.literal(true), nodes: z.array(planNodeSchema).max(maxPlanNodes), moreNodes: countSchema }),
  z.strictObject({ known: z.literal(false), because: sentence }),
]);
export type ImpactPlan = z.infer<typeof impactPlanSchema>;

export const impactObjectSchema = z.strictObject({
  name,
  /** In the target's own word: `table`, `view`. */
  kind: name,
  /** What is done to it: `update`, `delete`. */
  verbs: z.array(name).max(20),
  /** Estimated by the target; null: not known. */
  rows: estimate.nullable(),
  bytes: countSchema.nullable(),
});
export type ImpactObject = z.infer<typeof impactObjectSchema>;

/** A change that follows from another one: a foreign key's action. */
export const impactCascadeSchema = z.strictObject({
  from: name,
  to: name,
  action: z.enum(['deletes', 'updates', 'sets']),
});
export const impactTriggerSchema = z.strictObject({ object: name, runs: name, instead: z.boolean() });
export const impactLockSchema = z.strictObject({
  object: name,
  /** The target's own name of the lock. */
  mode: name,
  /** What others cannot do meanwhile, in a clause. */
  blocks: sentence,
});

/** What a rehearsal did and took back, or why there was none. Values are masked as in a recording. */
export const rehearsalSchema = z.discriminatedUnion('ran', [
  z.strictObject({
    ran: z.literal(true),
    /** Rows that the statement itself changed, exactly. */
    rows: countSchema,
    /** Rows that changed in all, with those that cascades changed. */
    touched: countSchema,
    durationMs: z.number().min(0),
    columns: z.array(z.strictObject({ name, masked: z.boolean() })).max(maxRehearsedColumns),
    /** By position of `columns`. `before` null: a new row; `after` null: the row goes. */
    changes: z
      .array(
        z.strictObject({
          before: z.array(z.string().max(maxShownCharacters).nullable()).max(maxRehearsedColumns).nullable(),
          after: z.array(z.string().max(maxShownCharacters).nullable()).max(maxRehearsedColumns).nullable(),
        }),
      )
      .max(maxRehearsedRows),
    moreChanges: countSchema,
    /** Why rows are not shown, or null. */
    unshown: sentence.nullable(),
  }),
  z.strictObject({ ran: z.literal(false), because: sentence }),
]);
export type Rehearsal = z.infer<typeof rehearsalSchema>;

export const impactSchema = z.strictObject({
  durationMs: z.number().min(0),
  inTransaction: z.boolean(),
  /** Rows that the target expects the statement to change; null where there is no plan or nothing to count. */
  estimatedRows: estimate.nullable(),
  objects: z.array(impactObjectSchema).max(maxImpactEntries),
  cascades: z.array(impactCascadeSchema).max(maxImpactEntries),
  triggers: z.array(impactTriggerSchema).max(maxImpactEntries),
  locks: z.array(impactLockSchema).max(maxImpactEntries),
  /** Objects, cascades, triggers and locks beyond the bound. */
  more: countSchema,
  plan: impactPlanSchema,
  /** Null: the connection does not ask for one. */
  rehearsal: rehearsalSchema.nullable(),
  /** Why a revert will not be offered; null: it will, or the connection does not ask for it. */
  undoProblem: sentence.nullable(),
});
export type Impact = z.infer<typeof impactSchema>;

/** POST approvals/:id/impact — by the gateway that raised it, while it is not decided upon. Told again it takes the place of the last. */
export const approvalImpactSchema = z.strictObject({ gatewayStartId: z.string(), impact: impactSchema });
