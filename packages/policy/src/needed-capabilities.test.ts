import { expect, test } from 'vitest';
import { compilePolicy } from './compile.ts';

function needs(rules: string): readonly string[] {
  const result = compilePolicy(`version: 1\nrules:\n${rules}`, { detectors: ['email'] });
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.policy.capabilities;
}

test('a policy needs what the keys of its rules came with, and no more', () => {
  expect(needs('  []')).toEqual(['policy-1']);
  expect(needs('  - { name: a, description: a, action: deny, when: true }')).toEqual(['policy-1']);
  expect(needs(`  - { name: a, description: a, action: deny, when: "'on-duty' in actor.roles" }`)).toEqual([
    'policy-1',
    'roles-1',
  ]);
  const hold = '  - { name: a, description: a, action: hold, when: true, approvers: [x] }';
  expect(needs(hold)).toEqual(['hold-1', 'policy-1']);
  expect(needs(`${hold}\n  - { name: b, description: b, action: limit, when: true, rows: 5 }`)).toEqual([
    'hold-1',
    'limit-1',
    'policy-1',
  ]);
});
