export { alikeOffer } from './alike.ts';
export type { CompileOptions, CompileResult } from './compile.ts';
export { compilePolicy } from './compile.ts';
export { describeRule } from './describe.ts';
export type { Explanation, RuleOutcome, StatementExplanation } from './evaluate.ts';
export { evaluate, everyMask, explain, explainViews, masksFor } from './evaluate.ts';
export type { FloorResult } from './floor.ts';
export { compileFloor, describeFloor, listAllows, withFloor } from './floor.ts';
export type { GrantCover } from './grant-cover.ts';
export { alikeCeiling, grantCovers, grantNamesAtOpening, grantNamesFor } from './grant-cover.ts';
export type { GrantedMessage, GrantedPlace } from './granted-message.ts';
export { isTicket, missingOf, ticketLink } from './hold-terms.ts';
export type {
  JudgementInput,
  OpeningInput,
  PolicyConnection,
  PolicyInput,
  PolicySession,
  StatementView,
} from './input.ts';
export { viewStatement } from './input.ts';
export type { PolicyTestResult, ReadTest, TextTest } from './policy-tests.ts';
export { runPolicyTests, textTests } from './policy-tests.ts';
export type { PolicyProblem, SourcePosition } from './positions.ts';
export type { CompiledPolicy, CompiledRule, CompiledTest, Floor, LimitTerms, PolicyRule } from './rules.ts';
export type { RuleAction } from './schema.ts';
export { ruleActions } from './schema.ts';
