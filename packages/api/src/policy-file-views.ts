/** What the API answers about a policy's text: what is wrong with it, and its rules in words. */

export interface PolicyProblemView {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface PolicyRuleView {
  readonly name: string;
  readonly action: string;
  readonly sentence: string;
  readonly line: number;
}
