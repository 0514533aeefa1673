import {
  effectVerbs,
  maskStrategySchema,
  maxAlikeMinutes,
  maxHoldStages,
  roleNameSchema,
  statementKinds,
  verdictActions,
} from '@sluice/domain';
import { z } from 'zod';
import { patternProblem } from './condition.ts';

/** Bounds of one policy file. A larger one is refused before it is parsed. */
export const maxPolicyChars = 262_144;
export const maxRules = 500;
export const maxConditionChars = 4_096;
const maxDescriptionChars = 300;
const maxListEntries = 200;

const minHoldSeconds = 10;
const maxHoldSeconds = 7 * 24 * 3_600;
const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `30m`, `2h`, `1d` → seconds; null when it is no duration or out of bounds. */
export function parseDuration(text: string): number | null {
  const parts = /^(\d{1,6})([smhd])$/.exec(text);
  if (parts === null) return null;
  const seconds = Number(parts[1]) * (secondsPerUnit[parts[2] ?? ''] ?? 0);
  return seconds >= minHoldSeconds && seconds <= maxHoldSeconds ? seconds : null;
}

/** Bounds of what a limit rule may set. "Unlimited" has no number: leave the limit out. */
const maxLimitRows = 1_000_000_000;
const maxLimitBytes = 1_099_511_627_776;
const maxPerMinute = 100_000;
const bytesPerUnit: Readonly<Record<string, number>> = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

/** `500B`, `64KiB`, `10MiB`, `1GiB` → bytes; null when it is no size or out of bounds. */
export function parseByteSize(text: string): number | null {
  const parts = /^(\d{1,12})(B|KiB|MiB|GiB)$/.exec(text);
  if (parts === null) return null;
  const bytes = Number(parts[1]) * (bytesPerUnit[parts[2] ?? ''] ?? 0);
  return bytes >= 1 && bytes <= maxLimitBytes ? bytes : null;
}

const ruleNameSchema = z
  .string()
  .max(63)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be lower-case words joined by dashes, such as "hold-prod-writes"');

const base = {
  name: ruleNameSchema,
  description: z
    .string()
    .min(1)
    .max(maxDescriptionChars)
    .refine((text) => !text.includes('\n'), 'must be one line: it is shown to people and agents as the reason'),
  /** CEL. YAML reads a bare `true` as a boolean, so that is taken too. */
  when: z.union([z.string().min(1).max(maxConditionChars), z.boolean().transform(String)]),
};

const namesSchema = z.array(z.string().min(1).max(255)).min(1).max(maxListEntries);
const columnGlobSchema = z
  .string()
  .max(255)
  .regex(
    /^[^.\s]+(\.[^.\s]+){0,2}$/,
    'must be a column, relation.column or schema.relation.column; each part may hold *',
  );

const maskRuleSchema = z
  .strictObject({
    ...base,
    action: z.literal('mask'),
    columns: z.array(columnGlobSchema).max(maxListEntries).default([]),
    detectors: z.union([z.literal('all'), z.array(z.string()).max(maxListEntries)]).default([]),
    strategy: maskStrategySchema,
    class: z
      .string()
      .max(31)
      .regex(/^[a-z][a-z0-9-]*$/, 'must be one lower-case word'),
  })
  .refine((rule) => rule.columns.length > 0 || rule.detectors.length > 0, {
    message: 'a mask rule needs columns, detectors or both',
  });

const durationSchema = z
  .string()
  .refine((text) => parseDuration(text) !== null, 'must be a duration between 10s and 7d, such as 90s, 30m, 2h or 1d');

const countSchema = z.int().min(1).max(20);

/** The whole of `{ticket}` is put there; nothing else of an address may come from a ticket. */
const ticketLinkSchema = z
  .string()
  .max(1_000)
  .regex(
    /^https?:\/\/[^/?#{}]+\/.*\{ticket\}/,
    'must be an http(s) address with {ticket} in its path, such as https://tickets.example/browse/{ticket}',
  );

const ticketSchema = z.union(
  [
    z.literal('required').transform(() => ({ required: true, pattern: undefined, link: undefined })),
    z.strictObject({
      required: z.boolean().default(true),
      pattern: z
        .string()
        .max(200)
        .refine((pattern) => patternProblem(pattern) === null, 'is not a valid pattern (RE2, linear time)')
        .optional(),
      link: ticketLinkSchema.optional(),
    }),
  ],
  {
    error:
      'must be "required", or a map of pattern (RE2), link (an http(s) address with {ticket} in its path) and required',
  },
);

/** Rows that an approved statement may change; one that changes more is taken back. */
const ceilingSchema = z.int().min(1).max(maxLimitRows).optional();
/** For how many whole minutes a decision may cover others like it. */
export function alikeMinutesOf(alike: string): number {
  return alike === 'never' ? 0 : Math.floor((parseDuration(alike) ?? 0) / 60);
}

const holdRuleSchema = z
  .strictObject({
    ...base,
    action: z.literal('hold'),
    approvers: namesSchema.optional(),
    count: countSchema.optional(),
    stages: z
      .array(z.strictObject({ approvers: namesSchema, count: countSchema.default(1) }))
      .min(1)
      .max(maxHoldStages)
      .optional(),
    'same-person': z.boolean().optional(),
    expires: durationSchema.default('30m'),
    owner: z.boolean().default(false),
    escalate: z.strictObject({ after: durationSchema, to: namesSchema }).optional(),
    reason: z.literal('required').optional(),
    comment: z.literal('required').optional(),
    ticket: ticketSchema.optional(),
    ceiling: ceilingSchema,
    alike: z
      .union([z.literal('never'), durationSchema], { error: 'must be "never" or a duration up to 24h, such as 1h' })
      .refine((alike) => alikeMinutesOf(alike) <= maxAlikeMinutes, 'must be "never" or a duration up to 24h')
      .optional(),
  })
  .refine((rule) => (rule.approvers === undefined) !== (rule.stages === undefined), {
    message: 'a hold rule names either approvers or stages',
  })
  .refine((rule) => rule.stages === undefined || rule.count === undefined, {
    message: 'with stages, each stage has its own count',
    path: ['count'],
  })
  .refine(
    (rule) =>
      rule.escalate === undefined ||
      (parseDuration(rule.escalate.after) ?? 0) < (parseDuration(rule.expires) ?? Number.POSITIVE_INFINITY),
    { message: 'must be shorter than expires', path: ['escalate', 'after'] },
  );
export type HoldRuleSource = z.infer<typeof holdRuleSchema>;

const limitRuleSchema = z
  .strictObject({
    ...base,
    action: z.literal('limit'),
    rows: z.int().min(1).max(maxLimitRows).optional(),
    bytes: z
      .union(
        [
          z.int().min(1).max(maxLimitBytes),
          z
            .string()
            .refine((text) => parseByteSize(text) !== null)
            .transform((text) => parseByteSize(text) ?? 1),
        ],
        { error: 'must be bytes between 1 and 1024GiB, such as 64KiB or 10MiB' },
      )
      .optional(),
    'statements-per-minute': z.int().min(1).max(maxPerMinute).optional(),
    chatter: z.boolean().default(false),
  })
  .refine(
    (rule) => rule.rows !== undefined || rule.bytes !== undefined || rule['statements-per-minute'] !== undefined,
    { message: 'a limit rule needs rows, bytes, statements-per-minute or several of them' },
  );

export const ruleActions = ['allow', 'hold', 'deny', 'mask', 'limit', 'monitor'] as const;
export type RuleAction = (typeof ruleActions)[number];

export const ruleSchema = z.discriminatedUnion('action', [
  z.strictObject({ ...base, action: z.literal('allow') }),
  z.strictObject({ ...base, action: z.literal('deny') }),
  holdRuleSchema,
  maskRuleSchema,
  limitRuleSchema,
  z.strictObject({ ...base, action: z.literal('monitor'), would: z.enum(verdictActions) }),
]);
export type RuleSource = z.infer<typeof ruleSchema>;

const stringsSchema = z.array(z.string()).max(maxListEntries);

/** Longest statement that a test may name by its text. */
const maxTestTextChars = 10_000;

/** A unit test of the policy, in the policy's own file. What is left out has a harmless default. */
const policyTestFields = z.strictObject({
  name: z.string().min(1).max(200),
  as: z.strictObject({
    role: roleNameSchema,
    name: z.string().optional(),
    kind: z.enum(['person', 'service']).optional(),
    roles: z.array(roleNameSchema).max(maxListEntries).optional(),
    groups: stringsSchema.optional(),
    owner: z.string().optional(),
  }),
  connection: z
    .strictObject({
      name: z.string().optional(),
      protocol: z.string().optional(),
      database: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
      default: z.enum(verdictActions).optional(),
    })
    .default({}),
  statement: z
    .strictObject({
      kind: z.enum(statementKinds),
      command: z.string().optional(),
      complete: z.boolean().optional(),
      destructive: z.boolean().optional(),
      filter: z.enum(['absent', 'trivial', 'present', 'not-applicable']).optional(),
      verbs: z.array(z.enum(effectVerbs)).optional(),
      reads: stringsSchema.optional(),
      writes: stringsSchema.optional(),
      columns: stringsSchema.optional(),
      functions: stringsSchema.optional(),
    })
    .optional(),
  /** Instead of `statement`: a text that a gateway reads against a real connection, by explain. */
  text: z.string().min(1).max(maxTestTextChars).optional(),
  /** Names of the grants that the actor holds. */
  grants: stringsSchema.optional(),
  /** Names of the maintenance windows that are open. */
  maintenance: stringsSchema.optional(),
  session: z
    .strictObject({
      database: z.string().optional(),
      role: z.string().optional(),
      inTransaction: z.boolean().optional(),
    })
    .default({}),
  time: z.iso.datetime().optional(),
  expect: z.union([
    z.enum(verdictActions).transform((action) => ({ action })),
    z.strictObject({
      action: z.enum(verdictActions),
      rule: z.string().nullable().optional(),
      masks: stringsSchema.optional(),
      /** What holds of the statement's result and pace; null: no such limit. */
      limits: z
        .strictObject({
          rows: z.int().nullable().optional(),
          bytes: z.int().nullable().optional(),
          'statements-per-minute': z.int().nullable().optional(),
        })
        .optional(),
    }),
  ]),
});
const policyTestSchema = policyTestFields.refine(
  (test) => (test.statement === undefined) !== (test.text === undefined),
  {
    message: 'a test needs either a statement or a text',
  },
);
export type PolicyTestSource = z.infer<typeof policyTestSchema>;

export const policyDocumentSchema = z.strictObject({
  version: z.literal(1),
  rules: z.array(ruleSchema).max(maxRules),
  tests: z.array(policyTestSchema).max(1_000).default([]),
});
