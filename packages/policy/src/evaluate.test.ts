import type { StatementFacts } from '@sluice/domain';
import { unreadableFacts } from '@sluice/domain';
import { describe, expect, it } from 'vitest';
import type { CompiledPolicy, PolicyInput } from './index.ts';
import { compilePolicy, evaluate, explain, masksFor, runPolicyTests, textTests, viewStatement } from './index.ts';
import { maxListed } from './input.ts';

interface RuleText {
  readonly name: string;
  readonly action: string;
  readonly when: string;
  readonly more?: string;
}

function policy(rules: readonly RuleText[], tests = ''): CompiledPolicy {
  const source = `version: 1\nrules:\n${rules
    .map(
      ({ name, action, when, more }) =>
        `  - { name: ${name}, description: About ${name}., action: ${action}, when: ${JSON.stringify(when)}${more === undefined ? '' : `, ${more}`} }`,
    )
    .join('\n')}\n${tests}`;
  const result = compilePolicy(source, { detectors: ['email'] });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.policy;
}

const facts = (over: Partial<StatementFacts> = {}): StatementFacts => ({
  ...unreadableFacts('test', '', ''),
  kind: 'read',
  complete: true,
  ...over,
});

function input(over: Partial<PolicyInput> = {}): PolicyInput {
  return {
    actor: {
      id: 'i',
      kind: 'service',
      name: 'bot',
      role: 'agent',
      groups: ['data'],
      onBehalfOf: { id: 'o', name: 'eve' },
      runId: 'run-1',
    },
    connection: { name: 'main', protocol: 'p', labels: { env: 'prod' }, database: 'shop' },
    session: { database: 'shop', role: 'app', inTransaction: true },
    time: new Date('2026-01-04T23:30:00Z'),
    grants: ['break-glass'],
    policyVersion: 3,
    defaultAction: 'deny',
    facts: [facts()],
    ...over,
  };
}

const always = (action: string, name = action, more?: string): RuleText => ({
  name,
  action,
  when: 'true',
  ...(more === undefined ? {} : { more }),
});
const hold = (name: string, count: number, when = 'true'): RuleText => ({
  name,
  action: 'hold',
  when,
  more: `approvers: [reviewer], count: ${count}, expires: 5m`,
});

describe('an agent that is for some kinds of statements', () => {
  const reader = { ...input().actor, kinds: ['read' as const] };
  const allowing = policy([always('allow')]);
  const judged = (...kinds: StatementFacts['kind'][]) =>
    evaluate(allowing, input({ actor: reader, facts: kinds.map((kind) => facts({ kind })), defaultAction: 'allow' }));

  it('is denied all others, whatever the rules and the default say', () => {
    expect(judged('read').action).toBe('allow');
    expect(judged('session').action).toBe('allow');
    expect(judged('write')).toMatchObject({ action: 'deny', rule: null, hold: null });
    expect(judged('write').reason).toContain('outside the scope of this agent');
    expect(judged('read', 'schema').action).toBe('deny');
    expect(judged('unknown').action).toBe('deny');
  });

  it('is not let off a hold or a deny by its scope', () => {
    const holding = policy([hold('ask', 1)]);
    const at = (kind: StatementFacts['kind']) =>
      evaluate(holding, input({ actor: reader, facts: [facts({ kind })] })).action;
    expect([at('read'), at('write')]).toEqual(['hold', 'deny']);
  });
});

describe('evaluate', () => {
  it('takes the strictest of all matching rules and reports every one', () => {
    const verdict = evaluate(policy([always('allow'), always('deny'), hold('hold', 1)]), input());
    expect(verdict).toEqual({
      action: 'deny',
      rule: 'deny',
      reason: 'About deny.',
      hold: null,
      limits: null,
      matched: [
        { rule: 'deny', action: 'deny' },
        { rule: 'hold', action: 'hold' },
        { rule: 'allow', action: 'allow' },
      ],
      policyVersion: 3,
    });
  });
  it('adds limits up to the tightest, and counts the statements that a pace is for', () => {
    const limit = (name: string, more: string, when = 'true') => ({ name, action: 'limit', when, more });
    const rules = policy([
      always('allow'),
      limit('wide', 'rows: 1000, bytes: 64KiB'),
      limit('narrow', 'rows: 10, statements-per-minute: 30', "statement.kind == 'read'"),
      limit('writes', 'statements-per-minute: 5', "statement.kind == 'write'"),
      limit('all', 'statements-per-minute: 100, chatter: true'),
    ]);
    const mixed = evaluate(rules, input({ facts: [facts(), facts(), facts({ kind: 'session' })] }));
    expect(mixed).toMatchObject({ action: 'allow', rule: 'allow' });
    expect(mixed.limits).toEqual({
      rows: { rule: 'narrow', reason: 'About narrow.', most: 10 },
      bytes: { rule: 'wide', reason: 'About wide.', most: 65_536 },
      perMinute: [
        { rule: 'narrow', reason: 'About narrow.', most: 30, count: 2 },
        { rule: 'all', reason: 'About all.', most: 100, count: 3 },
      ],
    });
    expect(mixed.matched).toContainEqual({ rule: 'narrow', action: 'limit' });
    expect(evaluate(rules, input({ facts: [facts({ kind: 'write' })] })).limits).toMatchObject({
      rows: { rule: 'wide', most: 1_000 },
      perMinute: [{ rule: 'writes', most: 5, count: 1 }, { rule: 'all' }],
    });
  });
  it('lets a limit hold whose condition cannot be evaluated', () => {
    const rules = policy([
      always('allow'),
      { name: 'broken', action: 'limit', when: "connection.labels.team == 'x'", more: 'rows: 7' },
    ]);
    expect(evaluate(rules, input())).toMatchObject({ action: 'allow', limits: { rows: { rule: 'broken', most: 7 } } });
  });
  it('takes the strictest statement of a message', () => {
    const rules = policy([always('allow'), { name: 'no-drop', action: 'deny', when: "statement.kind == 'schema'" }]);
    expect(evaluate(rules, input({ facts: [facts(), facts({ kind: 'schema' }), facts()] })).rule).toBe('no-drop');
    expect(evaluate(rules, input({ facts: [facts(), facts()] })).action).toBe('allow');
  });
  it('lets the default decide for each statement without a rule', () => {
    const rules = policy([{ name: 'reads', action: 'allow', when: "statement.kind == 'read'" }]);
    const mixed = [facts(), facts({ kind: 'write' })];
    expect(evaluate(rules, input({ facts: mixed }))).toMatchObject({ action: 'deny', rule: null });
    expect(evaluate(rules, input({ facts: mixed, defaultAction: 'allow' }))).toMatchObject({ action: 'allow' });
    expect(evaluate(rules, input({ facts: mixed, defaultAction: 'hold' })).hold).toMatchObject({
      count: 1,
      expiresSeconds: 1800,
    });
  });
  it('denies a message without statements', () => {
    expect(evaluate(policy([always('allow')]), input({ facts: [], defaultAction: 'allow' }))).toMatchObject({
      action: 'deny',
      rule: null,
    });
  });
  it('asks for the most people where several rules hold', () => {
    const verdict = evaluate(policy([hold('one', 1), hold('two', 2), hold('three', 2)]), input());
    expect(verdict).toMatchObject({
      rule: 'two',
      hold: { approvers: ['reviewer'], count: 2, expiresSeconds: 300, owner: false },
    });
  });
  it('only notes what a monitor rule would have done', () => {
    const verdict = evaluate(policy([always('allow'), always('monitor', 'watch', 'would: deny')]), input());
    expect(verdict).toMatchObject({
      action: 'allow',
      matched: [
        { rule: 'allow', action: 'allow' },
        { rule: 'watch', action: 'monitor:deny' },
      ],
    });
  });
  it('shows conditions every variable', () => {
    const conditions = [
      "actor.id == 'i' && actor.kind == 'service' && actor.name == 'bot' && actor.role == 'agent'",
      "actor.roles == ['agent']",
      "'data' in actor.groups && actor.owner == 'eve' && actor.run == 'run-1'",
      "connection.name == 'main' && connection.protocol == 'p' && connection.labels.env == 'prod' && connection.database == 'shop'",
      "session.database == 'shop' && session.role == 'app' && session.inTransaction",
      "time.hour == 23 && time.weekday == 7 && time.iso == '2026-01-04T23:30:00.000Z'",
      'size(grants) == 1',
      "'break-glass' in grants",
      "statement.kind == 'write' && statement.command == 'UPDATE' && statement.language == 'l' && statement.complete && statement.destructive && statement.filter == 'absent'",
      "statement.verbs == ['update'] && statement.objects == ['s.t', 'u'] && statement.reads == ['u'] && statement.writes == ['s.t']",
      "statement.columns == ['s.t.c', 'u.d'] && statement.functions == ['f']",
      "re(actor.name, '^b.t$') && !re(actor.name, 'x')",
    ];
    const table = { type: 'relation', schema: 's', name: 't' } as const;
    const statement = facts({
      kind: 'write',
      language: 'l',
      command: 'UPDATE',
      destructive: true,
      filter: 'absent',
      effects: [{ verb: 'update', object: table }],
      reads: [{ type: 'relation', schema: null, name: 'u' }],
      writes: [table],
      columns: [
        { schema: 's', relation: 't', column: 'c' },
        { schema: null, relation: 'u', column: 'd' },
      ],
      functions: ['f'],
    });
    for (const when of conditions) {
      const verdict = evaluate(policy([{ name: 'r', action: 'allow', when }]), input({ facts: [statement] }));
      expect(verdict, when).toMatchObject({ action: 'allow', rule: 'r' });
    }
  });
});

describe('failing closed', () => {
  const broken = "connection.labels.tier == 'gold'";
  it('denies where a condition cannot be evaluated, whatever the rule’s action', () => {
    for (const rule of [always('allow', 'x'), hold('x', 1)]) {
      const verdict = evaluate(policy([always('allow'), { ...rule, when: broken }]), input({ defaultAction: 'allow' }));
      expect(verdict).toMatchObject({
        action: 'deny',
        rule: 'x',
        reason: 'The rule "x" could not be evaluated for this statement.',
      });
    }
  });
  it('does not let a broken monitor rule change the verdict', () => {
    const verdict = evaluate(
      policy([always('allow'), { name: 'watch', action: 'monitor', when: broken, more: 'would: deny' }]),
      input(),
    );
    expect(verdict).toMatchObject({
      action: 'allow',
      matched: [{ rule: 'allow' }, { rule: 'watch', action: 'monitor:error' }],
    });
  });
  it('masks where a mask rule cannot be evaluated', () => {
    const mask = 'columns: [a], strategy: redact, class: x';
    expect(masksFor(policy([{ name: 'm', action: 'mask', when: broken, more: mask }]), input())).toHaveLength(1);
    expect(masksFor(policy([{ name: 'm', action: 'mask', when: 'false', more: mask }]), input())).toHaveLength(0);
  });
  it('finds no label on the prototype', () => {
    expect(
      evaluate(policy([{ name: 'x', action: 'allow', when: 'has(connection.labels.constructor)' }]), input()).action,
    ).toBe('deny');
    expect(
      evaluate(policy([{ name: 'x', action: 'allow', when: "connection.labels['__proto__'] == ''" }]), input()),
    ).toMatchObject({ action: 'deny', rule: 'x' });
  });
  it('never counts the unknown kind, or more names than rules can walk, as complete', () => {
    const rules = policy([{ name: 'ok', action: 'allow', when: 'statement.complete' }]);
    expect(evaluate(rules, input({ facts: [facts({ kind: 'unknown', complete: true })] })).action).toBe('deny');
    const functions = Array.from({ length: maxListed + 1 }, (_, index) => `f${index}`);
    expect(evaluate(rules, input({ facts: [facts({ functions })] })).action).toBe('deny');
    expect(evaluate(rules, input({ facts: [facts({ functions: functions.slice(1) })] })).action).toBe('allow');
  });
  it('matches patterns in linear time', () => {
    const rules = policy([{ name: 'r', action: 'deny', when: "re(connection.name, '^(a+)+$')" }]);
    // A backtracking engine needs 2^5000 steps here.
    const name = `${'a'.repeat(5_000)}!`;
    const start = performance.now();
    expect(evaluate(rules, input({ connection: { ...input().connection, name }, defaultAction: 'allow' })).action).toBe(
      'allow',
    );
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('explain', () => {
  it('shows each statement, each rule and the masks', () => {
    const rules = policy([
      { name: 'reads', action: 'allow', when: "statement.kind == 'read'" },
      { name: 'gold', action: 'deny', when: "connection.labels.tier == 'gold'" },
      { name: 'm', action: 'mask', when: 'true', more: 'detectors: all, strategy: hash, class: x' },
    ]);
    const explanation = explain(rules, input());
    expect(explanation.verdict.rule).toBe('gold');
    expect(explanation.masks).toEqual(['m']);
    expect(explanation.statements).toHaveLength(1);
    expect(explanation.statements[0]?.statement.kind).toBe('read');
    expect(explanation.statements[0]?.rules).toMatchObject([
      { rule: 'reads', action: 'allow', matched: true, error: null },
      { rule: 'gold', action: 'deny', matched: false, error: expect.stringContaining('tier') as string },
    ]);
    expect(masksFor(rules, input())[0]).toEqual({
      rule: 'm',
      columns: [],
      detectors: ['email'],
      strategy: 'hash',
      dataClass: 'x',
    });
  });
  it('knows what a cache may rely on', () => {
    expect(policy([always('allow')])).toMatchObject({ usesTime: false, usesSession: false });
    expect(policy([{ name: 'r', action: 'allow', when: 'time.hour < 9 || session.inTransaction' }])).toMatchObject({
      usesTime: true,
      usesSession: true,
    });
  });
});

describe('tests in the file', () => {
  it('pass and fail with a reason', () => {
    const tests = `tests:
  - { name: passes, as: { role: agent }, statement: { kind: read }, expect: allow }
  - { name: wrong action, as: { role: agent }, statement: { kind: write }, expect: allow }
  - { name: wrong rule, as: { role: agent }, statement: { kind: read }, expect: { action: allow, rule: other } }
  - { name: wrong masks, as: { role: agent }, statement: { kind: read }, expect: { action: allow, masks: [m] } }
  - { name: at night, as: { role: admin, groups: [ops] }, connection: { labels: { env: prod }, default: allow }, statement: { kind: write, writes: [s.t], columns: [s.t.c] }, time: 2026-01-05T02:00:00Z, expect: { action: deny, rule: night } }
`;
    const rules = policy(
      [
        { name: 'reads', action: 'allow', when: "statement.kind == 'read'" },
        {
          name: 'night',
          action: 'deny',
          when: "time.hour < 6 && 's.t' in statement.writes && 's.t.c' in statement.columns && 'ops' in actor.groups",
        },
      ],
      tests,
    );
    expect(runPolicyTests(rules).map(({ name, passed, message }) => [name, passed, message])).toEqual([
      ['passes', true, null],
      [
        'wrong action',
        false,
        "expected allow, got deny (No rule speaks of this statement, and this connection's default is deny.)",
      ],
      ['wrong rule', false, 'expected the rule other, got reads'],
      ['wrong masks', false, 'expected the masks m, got none'],
      ['at night', true, null],
    ]);
  });
  it('may give grants and expect limits', () => {
    const tests = `tests:
  - { name: without, as: { role: agent }, statement: { kind: read }, expect: { action: deny, limits: { rows: 5, bytes: null } } }
  - { name: with, as: { role: agent }, statement: { kind: read }, grants: [wide], expect: { action: allow, limits: { rows: 5 } } }
  - { name: other, as: { role: agent }, statement: { kind: read }, grants: [wide], expect: { action: allow, limits: { rows: null, statements-per-minute: 3 } } }
`;
    const rules = policy(
      [
        { name: 'granted', action: 'allow', when: "'wide' in grants" },
        { name: 'few', action: 'limit', when: 'true', more: 'rows: 5' },
      ],
      tests,
    );
    expect(runPolicyTests(rules).map(({ name, message }) => [name, message])).toEqual([
      ['without', null],
      ['with', null],
      [
        'other',
        'expected the limit of rows to be none, got 5; expected the limit of statements-per-minute to be 3, got none',
      ],
    ]);
  });
  it('by text are skipped until somebody reads the text', () => {
    const tests = `tests:
  - { name: by text, as: { role: agent }, text: 'SELECT 1', connection: { name: main }, expect: allow }
`;
    const rules = policy([{ name: 'reads', action: 'allow', when: "statement.kind == 'read'" }], tests);
    expect(textTests(rules)).toEqual([{ index: 0, name: 'by text', text: 'SELECT 1', connection: 'main' }]);
    expect(runPolicyTests(rules)).toMatchObject([{ passed: false, skipped: true, action: null }]);
    const views = [viewStatement(facts())];
    expect(runPolicyTests(rules, new Map([[0, { ok: true, views }]]))).toMatchObject([
      { passed: true, skipped: false },
    ]);
    expect(runPolicyTests(rules, new Map([[0, { ok: false, message: 'the gateway is away' }]]))).toMatchObject([
      { passed: false, skipped: false, message: 'the gateway is away' },
    ]);
  });
});
