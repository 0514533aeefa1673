import type { Capability, HoldTerms, MaskRule, VerdictAction } from '@sluice/domain';
import type { ConditionContext } from './condition.ts';
import type { SourcePosition } from './positions.ts';
import type { PolicyTestSource, RuleAction } from './schema.ts';

/** What a limit rule sets; null: not that. */
export interface LimitTerms {
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly perMinute: number | null;
  /** Whether statements of kind `session` count towards `perMinute` as well. */
  readonly chatter: boolean;
}

/** One rule as data. What its action does not have is null. */
export interface PolicyRule {
  readonly name: string;
  /** The plain sentence that people and agents are shown as the reason. */
  readonly description: string;
  readonly action: RuleAction;
  /** The condition's CEL text. */
  readonly when: string;
  readonly hold: HoldTerms | null;
  readonly mask: MaskRule | null;
  readonly limit: LimitTerms | null;
  /** What a monitor rule would have done. */
  readonly would: VerdictAction | null;
}

/** A rule with its condition ready to run. `test` throws where the condition meets something that is not there. */
export interface CompiledRule extends PolicyRule {
  readonly test: (context: ConditionContext) => boolean;
  /** Where its name stands in the source. */
  readonly at: SourcePosition;
}

/** A test with its place in the source. */
export type CompiledTest = PolicyTestSource & { readonly at: SourcePosition };

export interface CompiledPolicy {
  readonly rules: readonly CompiledRule[];
  /** What a gateway must have to enforce them. */
  readonly capabilities: readonly Capability[];
  readonly tests: readonly CompiledTest[];
  /** True when a rule speaks of `time`: a cache of verdicts must then not outlive the minute. */
  readonly usesTime: boolean;
  /** True when a statement's rule speaks of `session`: a cache of verdicts must be keyed by it. */
  readonly usesSession: boolean;
}
