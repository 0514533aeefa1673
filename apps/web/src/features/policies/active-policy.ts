import type { PolicyRuleView, PolicyVersionView } from '@sluice/api';

export interface ActivePolicy {
  readonly version: PolicyVersionView;
  readonly source: string;
  readonly rules: readonly PolicyRuleView[];
}
