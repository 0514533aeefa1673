import { unreadableFacts, type VerdictAction } from '@sluice/domain';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from './compile.ts';
import { evaluate, everyMask, masksFor } from './evaluate.ts';
import { compileFloor, describeFloor, listAllows, withFloor } from './floor.ts';
import type { PolicyInput } from './input.ts';
import type { CompiledPolicy, Floor } from './rules.ts';

const detectors = ['email'];

function floorOf(source: string): Floor {
  const result = compileFloor(`version: 1\n${source}`, { detectors });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.floor;
}

function policyOf(rules: string): CompiledPolicy {
  const result = compilePolicy(`version: 1\nrules:\n${rules}`, { detectors });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.policy;
}

const allowAll = policyOf('  - { name: all, description: All., action: allow, when: true }');

function input(kind: 'read' | 'write' | 'schema' | 'unknown', defaultAction: VerdictAction = 'deny'): PolicyInput {
  const facts = { ...unreadableFacts('test', '', ''), kind, complete: kind !== 'unknown' };
  return {
    actor: { id: 'a', kind: 'person', name: 'ada', role: 'admin', groups: [], onBehalfOf: null, runId: null },
    connection: { name: 'c', protocol: 'p', labels: { env: 'prod' }, database: 'd' },
    session: { database: 'd', role: 'r', inTransaction: false },
    time: new Date('2026-01-05T12:00:00Z'),
    grants: ['approved-alike', 'break-glass'],
    policyVersion: 7,
    defaultAction,
    facts: [facts],
  };
}

describe('what a floor closes no policy opens', () => {
  test('a kind that never runs is denied for everybody, whatever grants they hold; so is what cannot be proved', () => {
    const policy = withFloor(allowAll, floorOf('never: [schema]'));
    expect(evaluate(policy, input('read')).action).toBe('allow');
    expect(evaluate(policy, input('schema'))).toMatchObject({
      action: 'deny',
      rule: 'floor:never-schema',
      reason: expect.stringMatching(/^This gateway’s own floor: /),
    });
    expect(evaluate(policy, input('unknown')).action).toBe('deny');
  });

  test('a hold holds what policy allows, and never takes the place of a stricter answer', () => {
    const hold = `rules:
  - { name: two, description: Two people., action: hold, approvers: [dba], count: 2, when: "statement.kind == 'write'" }`;
    const policy = withFloor(allowAll, floorOf(hold));
    expect(evaluate(policy, input('write'))).toMatchObject({ action: 'hold', hold: { approvers: ['dba'], count: 2 } });
    const silent = withFloor(policyOf('  []'), floorOf(hold));
    expect(evaluate(silent, input('write', 'deny'))).toMatchObject({ action: 'deny', rule: null });
    expect(evaluate(silent, input('write', 'allow'))).toMatchObject({ action: 'hold', rule: 'floor:two' });
    const deny = policyOf('  - { name: no, description: No., action: deny, when: true }');
    expect(evaluate(withFloor(deny, floorOf(hold)), input('write')).rule).toBe('no');
    const one = policyOf('  - { name: one, description: One., action: hold, approvers: [x], when: true }');
    expect(evaluate(withFloor(one, floorOf(hold)), input('write')).rule).toBe('floor:two');
  });

  test('a condition that cannot be evaluated denies', () => {
    const floor = floorOf(
      `rules:\n  - { name: odd, description: Odd., action: hold, approvers: [x], when: "connection.labels.none == 'x'" }`,
    );
    expect(evaluate(withFloor(allowAll, floor), input('read')).action).toBe('deny');
  });

  test('masks of a class hold for everybody, and the floor’s own stand without any in the policy', () => {
    const mask = policyOf(
      `  - { name: m, description: M., action: mask, when: "actor.role != 'admin'", columns: [ssn], strategy: redact, class: secret }`,
    );
    const names = (policy: CompiledPolicy) => masksFor(policy, input('read')).map(({ rule }) => rule);
    expect(names(mask)).toEqual([]);
    expect(names(withFloor(mask, floorOf('never-unmask: [payment]')))).toEqual([]);
    expect(names(withFloor(mask, floorOf('never-unmask: [secret]')))).toEqual(['m']);
    expect(names(withFloor(mask, floorOf('never-unmask: all')))).toEqual(['m']);
    const own = floorOf(
      'rules:\n  - { name: own, description: O., action: mask, when: true, columns: [iban], strategy: redact, class: payment }',
    );
    expect(names(withFloor(allowAll, own))).toEqual(['floor:own']);
    expect(everyMask(withFloor(allowAll, own)).map(({ rule }) => rule)).toEqual(['floor:own']);
  });

  test('a limit limits, and the tighter one counts', () => {
    const floor = floorOf('rules:\n  - { name: few, description: Few., action: limit, when: true, rows: 10 }');
    const many = policyOf(`  - { name: many, description: M., action: limit, when: true, rows: 99 }
  - { name: all, description: A., action: allow, when: true }`);
    expect(evaluate(withFloor(many, floor), input('read')).limits?.rows).toMatchObject({ rule: 'floor:few', most: 10 });
  });
});

describe('the file', () => {
  test.each<[string, string, RegExp]>([
    ['a rule that opens', 'rules: [{ name: a, description: a, action: allow, when: true }]', /a floor only closes/],
    ['a word that there is not', 'nevr: [schema]', /no "nevr" here/],
    ['a kind that there is not', 'never: [drop]', /Invalid/],
    ['a list that allows everything', 'targets: ["*"]', /host:port/],
    ['a reference that climbs', 'references: { "file:/run/../etc/shadow": ["db:1"] }', /env:NAME/],
    ['a reference without targets', 'references: { "env:PG": [] }', /./],
    ['a fingerprint that is none', 'members: [abc]', /fingerprint/],
    ['a typo in a condition', `rules: [{ name: a, description: a, action: deny, when: "actor.rle == 'x'" }]`, /rle/],
    ['an alias', 'never: &a [schema]\nnever-unmask: *a', /alias/],
    ['no YAML', '\t: [', /./],
  ])('%s is a fault with its place', (_name, source, words) => {
    const result = compileFloor(`version: 1\n${source}`, { detectors });
    expect(result).toMatchObject({ ok: false });
    const [problem] = result.ok ? [] : result.problems;
    expect(problem?.message).toMatch(words);
    expect(problem?.line).toBeGreaterThan(0);
  });

  test('its lists are read, and it is told in sentences', () => {
    const digits = 'ab'.repeat(32);
    const floor = floorOf(`targets: ["db.internal:5432", "10.0.0.0/8:*"]
references: { "env:PG_PASSWORD": ["db.internal:5432"] }
weak-authentication: ["old.internal:5432"]
members: ["SHA256:${digits.replace(/.{4}/g, '$& ').toUpperCase()}"]
never: [privilege]
never-unmask: [secret]`);
    expect(listAllows(floor.targets, '10.1.2.3', 9)).toBe(true);
    expect(listAllows(floor.targets, 'other.internal', 5432)).toBe(false);
    expect(listAllows(null, 'other.internal', 5432)).toBe(true);
    expect(floor.members).toEqual([`sha256:${digits}`]);
    expect(describeFloor(floor).join('\n')).toMatchInlineSnapshot(`
      "Dials only db.internal:5432, 10.0.0.0/8:*.
      Takes env:PG_PASSWORD for db.internal:5432 only.
      Accepts weak authentication from old.internal:5432.
      Gives credentials on to 1 named sealing keys only.
      Never unmasks secret.
      floor:never-privilege: Denies the statement when statement.kind == 'privilege' || !statement.complete."
    `);
  });
});
