import type { Capability } from '@sluice/domain';
import type { RuleSource } from './schema.ts';

/** Every key that any rule may have, whatever its action. */
type RuleKey = RuleSource extends infer Rule ? (Rule extends RuleSource ? keyof Rule : never) : never;

/**
 * The capability that came with each key of a rule. The compiler asks for an entry when a rule gets a new key: a gateway from before
 * that key would refuse the policy's form at best, so the bundle says beforehand what it needs.
 */
const ruleCapabilities: Readonly<Record<RuleKey, Capability>> = {
  name: 'policy-1',
  description: 'policy-1',
  when: 'policy-1',
  action: 'policy-1',
  would: 'policy-1',
  approvers: 'hold-1',
  count: 'hold-1',
  expires: 'hold-1',
  owner: 'hold-1',
  stages: 'hold-2',
  'same-person': 'hold-2',
  escalate: 'hold-2',
  reason: 'hold-2',
  comment: 'hold-2',
  ticket: 'hold-2',
  ceiling: 'ceiling-1',
  alike: 'hold-2',
  columns: 'mask-1',
  detectors: 'mask-1',
  strategy: 'mask-1',
  class: 'mask-1',
  rows: 'limit-1',
  bytes: 'limit-1',
  'statements-per-minute': 'limit-1',
  chatter: 'limit-1',
};

/** The capability that came with a field of `actor` after the first gateways: an older one cannot read a condition that tests it. */
const actorCapabilities: ReadonlyMap<string, Capability> = new Map([['roles', 'roles-1']]);

/**
 * What a gateway must have to enforce rules with these keys as they are written, and conditions that test these fields of `actor`;
 * sorted. Keys that no rule has need nothing.
 */
export function neededCapabilities(rules: readonly object[], actorFields: ReadonlySet<string>): readonly Capability[] {
  const needed = new Set<Capability>(['policy-1']);
  for (const rule of rules) for (const key of Object.keys(rule)) if (isRuleKey(key)) needed.add(ruleCapabilities[key]);
  for (const field of actorFields) {
    const capability = actorCapabilities.get(field);
    if (capability !== undefined) needed.add(capability);
  }
  return [...needed].sort();
}

function isRuleKey(key: string): key is RuleKey {
  return Object.hasOwn(ruleCapabilities, key);
}
