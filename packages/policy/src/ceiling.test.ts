/** A row ceiling in the policy: on hold rules, checked, told in words, and the lowest of all that match. */
import { expect, test } from 'vitest';
import { compilePolicy } from './compile.ts';
import { describeRule } from './describe.ts';
import { explainViews } from './evaluate.ts';

const rule = (name: string, more: string) => `  - name: ${name}
    description: Waits.
    action: hold
    when: true
    approvers: [reviewer]
${more}`;
const policy = (...rules: readonly string[]) => `version: 1\nrules:\n${rules.join('')}`;
const compiled = (source: string) => {
  const result = compilePolicy(source, { detectors: [] });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.policy;
};

test('the lowest ceiling of all holds that match counts, whichever of them decides', () => {
  const { capabilities, rules } = compiled(
    policy(rule('one', '    count: 2\n    ceiling: 100\n'), rule('two', '    ceiling: 10\n'), rule('three', '')),
  );
  expect(capabilities).toContain('ceiling-1');
  expect(describeRule(rules[1]!)).toContain('takes it back where it changes more than 10 rows');
  const { verdict } = explainViews(
    compiled(policy(rule('one', '    count: 2\n    ceiling: 100\n'), rule('two', '    ceiling: 10\n'))),
    {
      actor: { id: 'a', kind: 'service', name: 'a', role: 'agent', groups: [], onBehalfOf: null, runId: null },
      connection: { name: 'c', protocol: 'toy', labels: {}, database: '' },
      session: { database: '', role: '', inTransaction: false },
      time: new Date(0),
      grants: [],
      policyVersion: 1,
      defaultAction: 'deny',
    } as unknown as Parameters<typeof explainViews>[1],
    [
      {
        kind: 'write',
        command: 'UPDATE',
        complete: true,
        destructive: false,
        filter: 'present',
        verbs: ['update'],
        objects: [],
        reads: [],
        writes: [],
        columns: [],
        functions: [],
      },
    ] as unknown as Parameters<typeof explainViews>[2],
  );
  expect(verdict).toMatchObject({ action: 'hold', rule: 'one', hold: { count: 2, ceiling: 10 } });
});

test.each(['0', '1.5', 'ten'])('a ceiling of %s is refused', (ceiling) => {
  const result = compilePolicy(policy(rule('one', `    ceiling: ${ceiling}\n`)), { detectors: [] });
  expect(result.ok).toBe(false);
});
