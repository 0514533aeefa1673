import { z } from 'zod';
import { maxAlikeMinutes } from './alike.ts';

export const verdictActions = ['allow', 'hold', 'deny'] as const;
export type VerdictAction = (typeof verdictActions)[number];

export const maskStrategies = ['redact', 'partial', 'hash', 'token', 'null'] as const;
export const maskStrategySchema = z.enum(maskStrategies);
export type MaskStrategy = z.infer<typeof maskStrategySchema>;

const nameSchema = z.string().min(1).max(255);
/** Names that one list of approvers may hold. Source: the policy schema's own bound of a list. */
const maxApproverNames = 200;
/** Stages that one hold may have; each waits for people, so that more would only wait longer. */
export const maxHoldStages = 8;
const approverNamesSchema = z.array(nameSchema).min(1).max(maxApproverNames);

/** One step of a hold: `count` distinct people among the named groups and roles. */
export const holdStageSchema = z.strictObject({ approvers: approverNamesSchema, count: z.int().min(1).max(20) });
export type HoldStage = z.infer<typeof holdStageSchema>;

/** What a ticket must look like, and where it can be read. */
export const ticketDemandSchema = z.strictObject({
  required: z.boolean(),
  /** A linear-time pattern that the whole ticket must match; null: any text. */
  pattern: z.string().max(200).nullable(),
  /** An http(s) address in which `{ticket}` stands for the ticket; null: no link. */
  link: z.string().max(1_000).nullable(),
});
export type TicketDemand = z.infer<typeof ticketDemandSchema>;

/** What a hold asks for beyond some people's consent. It crosses from the gateway to the control plane as it stands in the rule. */
export const holdDemandsSchema = z.strictObject({
  /** In order: a stage's people are asked once the stages before it are complete. */
  stages: z.array(holdStageSchema).min(1).max(maxHoldStages),
  /** Whether one person may answer in several stages. */
  samePerson: z.boolean(),
  /** Who may answer as well, in whichever stage is open, once nobody did for so long. */
  escalate: z.strictObject({ afterSeconds: z.int().min(1), to: approverNamesSchema }).nullable(),
  /** Whether the requester must say why before anybody can approve. */
  reason: z.boolean(),
  /** Whether whoever decides must say why. */
  comment: z.boolean(),
  ticket: ticketDemandSchema.nullable(),
  /** For how many minutes a decision may cover others like it; 0: never. Absent: `defaultAlikeMinutes`. */
  alikeMinutes: z.int().min(0).max(maxAlikeMinutes).optional(),
});
export type HoldDemands = z.infer<typeof holdDemandsSchema>;

/**
 * What a hold asks for. `approvers` are group or role names; `owner` lets an agent's owner count. With `demands`, `approvers` are the
 * names of all stages together and `count` the people of all stages; without, there is one stage of just these.
 */
export interface HoldTerms {
  readonly approvers: readonly string[];
  readonly count: number;
  readonly expiresSeconds: number;
  readonly owner: boolean;
  readonly demands?: HoldDemands;
  /** Rows that the statement may change, once approved; absent: any number. */
  readonly ceiling?: number;
}

/**
 * One masking rule that applies to this session: by column (glob on `schema.relation.column`, each part `*`-able) or by detector name.
 */
export interface MaskRule {
  readonly rule: string;
  readonly columns: readonly string[];
  readonly detectors: readonly string[];
  readonly strategy: MaskStrategy;
  /** The class of data, for people and for token scopes: `contact`, `payment`, `secret` … */
  readonly dataClass: string;
}

/** One bound that a rule sets, and what people and agents are told about it: never the rule's condition. */
export interface Limit {
  readonly rule: string;
  readonly reason: string;
  readonly most: number;
}

/** A bound on how many statements may run in a minute; `count` is how many of this message's statements it counts. */
export interface RateLimit extends Limit {
  readonly count: number;
}

/** What one message's statements may give back, and how often they may run. `rows` and `bytes` hold for each result. */
export interface Limits {
  readonly rows: Limit | null;
  readonly bytes: Limit | null;
  readonly perMinute: readonly RateLimit[];
}

/** The pure result of policy for one message: the strictest of its statements' verdicts; masks add up. */
export interface Verdict {
  readonly action: VerdictAction;
  /** The rule that decided; null when none matched and the connection's default did. */
  readonly rule: string | null;
  /** The rule's own plain sentence for people and agents; never its pattern. */
  readonly reason: string;
  readonly hold: HoldTerms | null;
  /** The tightest of all matching limit rules; null: nothing is limited. */
  readonly limits: Limits | null;
  /** Every rule that matched, strictest first, for explain and the record. */
  readonly matched: readonly { readonly rule: string; readonly action: string }[];
  readonly policyVersion: number;
}
