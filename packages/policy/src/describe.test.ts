import { expect, it } from 'vitest';
import { compilePolicy, describeRule } from './index.ts';

it('says what each kind of rule does', () => {
  const source = `version: 1
rules:
  - { name: a, description: x, action: allow, when: true }
  - { name: b, description: x, action: deny, when: "statement.destructive" }
  - { name: c, description: x, action: hold, when: true, approvers: [reviewer, admin], count: 2, expires: 90m, owner: true }
  - { name: d, description: x, action: mask, when: true, columns: ['*.email', '*.phone'], detectors: [email], strategy: partial, class: contact }
  - { name: f, description: x, action: monitor, when: true, would: deny }
  - { name: g, description: x, action: limit, when: true, rows: 10000, statements-per-minute: 1, chatter: true }
`;
  const result = compilePolicy(source, { detectors: ['email'] });
  expect(result.ok && result.policy.rules.map(describeRule)).toEqual([
    'Allows the statement always.',
    'Denies the statement when statement.destructive.',
    "Holds the statement for up to 90 minutes until 2 people among reviewer, admin or the agent's owner approve always.",
    'Masks the columns *.email and *.phone, and what the detectors email find as contact data (partial) always.',
    'Only notes that it would deny the statement always.',
    'Stops a result after 10,000 rows and lets 1 statement a minute pass, session chatter included always.',
  ]);
});
