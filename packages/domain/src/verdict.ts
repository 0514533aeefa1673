import { z } from 'zod';

export const verdictActions = ['allow', 'hold', 'deny'] as const;
export type VerdictAction = (typeof verdictActions)[number];

export const maskStrategies = ['redact', 'partial', 'hash', 'token', 'null'] as const;
export const maskStrategySchema = z.enum(maskStrategies);
export type MaskStrategy = z.infer<typeof maskStrategySchema>;

/** What a hold asks for. `approvers` are group or role names; `owner` lets an agent's owner count. */
export interface HoldTerms {
  readonly approvers: readonly string[];
  readonly count: number;
  readonly expiresSeconds: number;
  readonly owner: boolean;
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
