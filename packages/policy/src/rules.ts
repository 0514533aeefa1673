import type { AddressPattern, Capability, HoldTerms, MaskRule, VerdictAction } from '@sluice/domain';
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
  /** It stands in the gateway's own floor file, and closes even what no rule of the policy speaks of. */
  readonly floor: boolean;
}

/** A gateway's own floor, read. */
export interface Floor {
  /** The targets that it may dial; null: the file does not say. */
  readonly targets: readonly AddressPattern[] | null;
  /** Credential references, each with the targets that it may be used for. */
  readonly references: ReadonlyMap<string, readonly AddressPattern[]>;
  readonly weakAuthentication: readonly AddressPattern[];
  /** Fingerprints (`sha256:` and hex) of the sealing keys that credentials may be given on to; null: the file does not say. */
  readonly members: readonly string[] | null;
  /** Classes of data whose masks hold for everybody. */
  readonly neverUnmask: 'all' | readonly string[];
  readonly rules: readonly CompiledRule[];
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
  /** The floor that it stands under; null in a policy by itself. */
  readonly floor: Floor | null;
}
