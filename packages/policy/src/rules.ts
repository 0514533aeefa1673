import type { HoldTerms, MaskRule, VerdictAction } from '@sluice/domain';
import type { ConditionContext } from './condition.ts';
import type { PolicyTestSource, RuleAction } from './schema.ts';

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
  /** What a monitor rule would have done. */
  readonly would: VerdictAction | null;
}

/** A rule with its condition ready to run. `test` throws where the condition meets something that is not there. */
export interface CompiledRule extends PolicyRule {
  readonly test: (context: ConditionContext) => boolean;
}

export interface CompiledPolicy {
  readonly rules: readonly CompiledRule[];
  readonly tests: readonly PolicyTestSource[];
  /** True when a rule speaks of `time`: a cache of verdicts must then not outlive the minute. */
  readonly usesTime: boolean;
  /** True when a statement's rule speaks of `session`: a cache of verdicts must be keyed by it. */
  readonly usesSession: boolean;
}
