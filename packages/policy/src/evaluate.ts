import type { Actor, HoldTerms, MaskRule, Verdict, VerdictAction } from '@sluice/domain';
import type { JudgementInput, OpeningInput, PolicyInput, StatementView } from './input.ts';
import { openingContext, statementContext, viewStatement } from './input.ts';
import { LimitsOfMessage } from './limits.ts';
import type { CompiledPolicy, CompiledRule } from './rules.ts';

const strictness: Readonly<Record<VerdictAction, number>> = { allow: 0, hold: 1, deny: 2 };

/** The terms of a hold that no rule asked for: the connection's default is `hold`. */
const defaultHold: HoldTerms = { approvers: ['reviewer', 'admin'], count: 1, expiresSeconds: 1_800, owner: false };

/** How one rule met one statement. */
export interface RuleOutcome {
  readonly rule: string;
  readonly action: string;
  readonly matched: boolean;
  /** Why the condition could not be evaluated; null when it could. */
  readonly error: string | null;
}

export interface StatementExplanation {
  readonly statement: StatementView;
  /** In the order of the file. Mask rules are not listed: they do not depend on a statement. */
  readonly rules: readonly RuleOutcome[];
}

export interface Explanation {
  readonly statements: readonly StatementExplanation[];
  /** Names of the mask rules in force. */
  readonly masks: readonly string[];
  readonly verdict: Verdict;
}

interface Opinion {
  readonly action: VerdictAction;
  readonly rule: string | null;
  readonly reason: string;
  readonly hold: HoldTerms | null;
}

/**
 * The verdict on one wire message: over all its statements and all matching rules the strictest wins, deny > hold > allow.
 * A rule whose condition cannot be evaluated counts as a deny (a limit rule's limits hold). Where nothing matches, the connection's default decides.
 * A message without statements is denied: whoever knows that it is harmless must not ask.
 */
export function evaluate(policy: CompiledPolicy, input: PolicyInput): Verdict {
  return judge(policy, input, input.facts.map(viewStatement), null);
}

/** The same verdict with what led to it: each statement as the rules see it and each rule's outcome. */
export function explain(policy: CompiledPolicy, input: PolicyInput): Explanation {
  return explainViews(policy, input, input.facts.map(viewStatement));
}

/** Like `explain`, for statements that somebody else has read: a gateway, or a test by hand. */
export function explainViews(
  policy: CompiledPolicy,
  input: JudgementInput,
  views: readonly StatementView[],
): Explanation {
  const statements: StatementExplanation[] = [];
  const verdict = judge(policy, input, views, statements);
  return { statements, masks: masksFor(policy, input).map((mask) => mask.rule), verdict };
}

/** The mask rules in force for a session; evaluated when it opens and when the policy's version moves. A rule that cannot be evaluated masks. */
export function masksFor(policy: CompiledPolicy, input: OpeningInput): readonly MaskRule[] {
  const context = openingContext(input);
  return policy.rules.flatMap((rule) => {
    if (rule.mask === null) return [];
    try {
      return rule.test(context) ? [rule.mask] : [];
    } catch {
      return [rule.mask];
    }
  });
}

/** Every mask rule, whoever acts: what is recorded is masked for everybody. */
export function everyMask(policy: CompiledPolicy): readonly MaskRule[] {
  return policy.rules.flatMap((rule) => (rule.mask === null ? [] : [rule.mask]));
}

function judge(
  policy: CompiledPolicy,
  input: JudgementInput,
  views: readonly StatementView[],
  trace: StatementExplanation[] | null,
): Verdict {
  const base = openingContext(input);
  const matched = new Map<string, string>();
  const limits = new LimitsOfMessage();
  const ceilings: number[] = [];
  let strictest: Opinion | null = null;

  for (const view of views) {
    const context = statementContext(base, input.session, view);
    const outcomes: RuleOutcome[] | null = trace === null ? null : [];
    let opinion: Opinion | null = outsideScope(input.actor, view);
    let floor: Opinion | null = null;
    for (const rule of policy.rules) {
      if (rule.mask !== null) continue;
      let hit = false;
      let error: string | null = null;
      try {
        hit = rule.test(context);
      } catch (fault) {
        error = fault instanceof Error ? (fault.message.split('\n')[0] ?? '') : 'unknown error';
      }
      outcomes?.push({ rule: rule.name, action: rule.action, matched: hit, error });
      if (!hit && error === null) continue;
      matched.set(rule.name, shownAction(rule, error !== null));
      limits.add(rule, view);
      if (rule.hold?.ceiling !== undefined) ceilings.push(rule.hold.ceiling);
      const next = opinionOf(rule, error !== null);
      if (next === null) continue;
      if (rule.floor) floor = stricter(floor, next);
      else opinion = stricter(opinion, next);
    }
    // A floor's hold must not stand in for the default's deny.
    opinion ??= defaultOpinion(input.defaultAction);
    strictest = stricter(strictest, floor === null ? opinion : stricter(opinion, floor));
    if (trace !== null) trace.push({ statement: view, rules: outcomes ?? [] });
  }

  const decided = strictest ?? { action: 'deny', rule: null, reason: 'The message holds no statement.', hold: null };
  return {
    action: decided.action,
    rule: decided.rule,
    reason: decided.reason,
    hold: underCeiling(decided.hold, ceilings),
    limits: limits.result(),
    matched: [...matched].map(([rule, action]) => ({ rule, action })).sort((a, b) => rank(b.action) - rank(a.action)),
    policyVersion: input.policyVersion,
  };
}

/**
 * A statement of a kind that the agent is not for is denied before any rule speaks, and denying is the strictest. Chatter is in every
 * scope; what a statement does beside its kind (its verbs) is the rules' business.
 */
function outsideScope(actor: Actor, view: StatementView): Opinion | null {
  if (actor.kinds === undefined || view.kind === 'session' || actor.kinds.some((kind) => kind === view.kind))
    return null;
  const reason = `This statement is outside the scope of this agent, which is for ${actor.kinds.join(', ')}.`;
  return { action: 'deny', rule: null, reason, hold: null };
}

/**
 * What a matching rule says about the verdict; null when it says nothing. A rule that failed says deny, but a monitor never counts,
 * and a limit that cannot be evaluated limits.
 */
function opinionOf(rule: CompiledRule, failed: boolean): Opinion | null {
  if (rule.action === 'monitor' || rule.action === 'mask' || rule.action === 'limit') return null;
  if (failed) {
    return {
      action: 'deny',
      rule: rule.name,
      reason: `The rule "${rule.name}" could not be evaluated for this statement.`,
      hold: null,
    };
  }
  return { action: rule.action, rule: rule.name, reason: rule.description, hold: rule.hold };
}

function defaultOpinion(action: VerdictAction): Opinion {
  return {
    action,
    rule: null,
    reason: `No rule speaks of this statement, and this connection's default is ${action}.`,
    hold: action === 'hold' ? defaultHold : null,
  };
}

/** Strictest first; between two holds the one that asks for more people, then for more stages, then for more words; else the one that came first. */
function stricter(current: Opinion | null, next: Opinion): Opinion {
  if (current === null) return next;
  const difference = strictness[next.action] - strictness[current.action];
  if (difference !== 0) return difference > 0 ? next : current;
  const [asked, before] = [demandingness(next.hold), demandingness(current.hold)];
  const at = asked.findIndex((value, index) => value !== before[index]);
  return at >= 0 && (asked[at] ?? 0) > (before[at] ?? 0) ? next : current;
}

/** How much a hold asks for, the weightiest first. */
function demandingness(hold: HoldTerms | null): readonly number[] {
  if (hold === null) return [0, 0, 0];
  const { demands } = hold;
  const words = [demands?.reason, demands?.comment, demands?.ticket?.required].filter((asked) => asked === true);
  return [hold.count, demands?.stages.length ?? 1, words.length];
}

/** Ceilings add up like masks: whichever hold decides, the lowest of all that matched holds. */
function underCeiling(hold: HoldTerms | null, ceilings: readonly number[]): HoldTerms | null {
  return hold === null || ceilings.length === 0 ? hold : { ...hold, ceiling: Math.min(...ceilings) };
}

function shownAction(rule: CompiledRule, failed: boolean): string {
  if (rule.action === 'monitor') return failed ? 'monitor:error' : `monitor:${rule.would ?? 'allow'}`;
  return failed && rule.action !== 'limit' ? 'deny' : rule.action;
}

function rank(action: string): number {
  if (action === 'deny' || action === 'hold' || action === 'allow') return strictness[action] + 1;
  return -1;
}
