import { readFileSync } from 'node:fs';
import type { EffectVerb, StatementKind, VerdictAction } from '@sluice/domain';
import { builtInRoles, unreadableFacts, verdictActions } from '@sluice/domain';
import { describe, expect, it } from 'vitest';
import { parseDocument, stringify } from 'yaml';
import type { CompiledPolicy, PolicyInput } from './index.ts';
import { compilePolicy, describeRule, evaluate, masksFor, runPolicyTests } from './index.ts';

const source = readFileSync(new URL('../default-policy.yaml', import.meta.url), 'utf8');
const detectors = [
  'email',
  'phone',
  'payment-card',
  'iban',
  'us-ssn',
  'jwt',
  'cloud-key',
  'vendor-key',
  'sluice-token',
  'private-key',
  'bearer-token',
  'connection-url',
  'password-hash',
  'password',
];

function compiled(text: string): CompiledPolicy {
  const result = compilePolicy(text, { detectors });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.policy;
}

interface StatementCase {
  readonly kind: StatementKind;
  readonly verbs?: readonly EffectVerb[];
  readonly destructive?: boolean;
  readonly complete?: boolean;
}

function input(
  role: string,
  env: string,
  statement: StatementCase,
  defaultAction: VerdictAction,
  grants: readonly string[] = [],
): PolicyInput {
  return {
    actor: {
      id: 'a',
      kind: role === 'agent' ? 'service' : 'person',
      name: role,
      role,
      groups: [],
      onBehalfOf: role === 'agent' ? { id: 'o', name: 'owner' } : null,
      runId: null,
    },
    connection: { name: 'c', protocol: 'p', labels: { env }, database: 'd' },
    session: { database: 'd', role: 'r', inTransaction: false },
    time: new Date('2026-01-05T12:00:00Z'),
    grants,
    policyVersion: 7,
    defaultAction,
    facts: [
      {
        ...unreadableFacts('test', '', ''),
        kind: statement.kind,
        complete: statement.complete ?? true,
        destructive: statement.destructive ?? false,
        effects: (statement.verbs ?? []).map((verb) => ({ verb, object: null })),
      },
    ],
  };
}

/** The rows of the table in the design: statements, then agent, member (prod, staging), reviewer, admin. Security stands where reviewers do; auditors reach no target. */
const table: readonly (readonly [
  string,
  readonly StatementCase[],
  Record<'agent' | 'member' | 'reviewer' | 'admin', VerdictAction | readonly [VerdictAction, VerdictAction]>,
])[] = [
  ['read', [{ kind: 'read', verbs: ['read'] }], { agent: 'allow', member: 'allow', reviewer: 'allow', admin: 'allow' }],
  [
    'INSERT, filtered UPDATE/DELETE/MERGE, COPY FROM',
    (['insert', 'update', 'delete', 'merge', 'copy-in', 'call'] as const).map((verb) => ({
      kind: verb === 'call' ? ('procedure' as const) : ('write' as const),
      verbs: [verb],
    })),
    { agent: 'hold', member: ['hold', 'allow'], reviewer: 'deny', admin: 'allow' },
  ],
  [
    'destructive',
    [
      { kind: 'write', verbs: ['delete'], destructive: true },
      { kind: 'write', verbs: ['truncate'], destructive: true },
      { kind: 'schema', verbs: ['drop'], destructive: true },
      { kind: 'schema', verbs: ['alter-destructive'], destructive: true },
      { kind: 'procedure', verbs: ['drop'], destructive: true },
    ],
    { agent: 'deny', member: 'hold', reviewer: 'deny', admin: 'allow' },
  ],
  [
    'additive schema change',
    [
      { kind: 'schema', verbs: ['create'] },
      { kind: 'schema', verbs: ['alter'] },
    ],
    { agent: 'hold', member: ['hold', 'allow'], reviewer: 'deny', admin: 'allow' },
  ],
  [
    'privilege and the server itself',
    [
      { kind: 'privilege' },
      ...(['grant', 'revoke', 'widen', 'program', 'file-read', 'file-write', 'replicate', 'terminate'] as const).map(
        (verb) => ({ kind: 'read' as const, verbs: [verb] }),
      ),
      { kind: 'write', verbs: ['copy-out', 'program'], destructive: true },
      { kind: 'session', verbs: ['set', 'widen'] },
    ],
    { agent: 'deny', member: 'deny', reviewer: 'deny', admin: 'hold' },
  ],
  [
    'session chatter',
    [
      { kind: 'session', verbs: ['transaction'] },
      { kind: 'session', verbs: ['set'] },
    ],
    { agent: 'allow', member: 'allow', reviewer: 'allow', admin: 'allow' },
  ],
  [
    'not provable',
    (['read', 'write', 'schema', 'procedure', 'session', 'unknown'] as const).map((kind) => ({
      kind,
      complete: false,
    })),
    { agent: 'deny', member: 'hold', reviewer: 'deny', admin: 'allow' },
  ],
];

describe('the default policy', () => {
  const policy = compiled(source);

  for (const [row, statements, expected] of table) {
    for (const role of builtInRoles) {
      it(`${row}: ${role}`, () => {
        for (const statement of statements) {
          for (const [index, env] of ['prod', 'staging'].entries()) {
            const wanted = role === 'auditor' ? 'deny' : expected[role === 'security' ? 'reviewer' : role];
            // The table must not lean on a connection's default.
            for (const defaultAction of verdictActions) {
              const verdict = evaluate(policy, input(role, env, statement, defaultAction));
              expect(verdict.action, `${JSON.stringify(statement)} in ${env}, default ${defaultAction}`).toBe(
                typeof wanted === 'string' ? wanted : wanted[index],
              );
              expect(verdict.rule).not.toBeNull();
              expect(verdict.hold !== null).toBe(verdict.action === 'hold');
            }
          }
        }
      });
    }
  }

  it('masks for everyone but admins', () => {
    const names = (role: string): string[] =>
      masksFor(policy, input(role, 'prod', { kind: 'read' }, 'deny')).map((mask) => mask.dataClass);
    expect(names('admin')).toEqual([]);
    for (const role of ['agent', 'member', 'reviewer', 'security', 'support'] as const)
      expect(names(role)).toEqual(['contact', 'payment', 'identity', 'secret', 'statement']);
  });

  it('lets only another admin answer for an admin', () => {
    const verdict = evaluate(policy, input('admin', 'staging', { kind: 'privilege' }, 'allow'));
    expect(verdict.hold).toEqual({ approvers: ['admin'], count: 1, expiresSeconds: 1800, owner: false });
  });

  it('holds on a connection without an env label as if it were no production', () => {
    const { connection, ...rest } = input('member', 'x', { kind: 'write', verbs: ['update'] }, 'deny');
    expect(evaluate(policy, { ...rest, connection: { ...connection, labels: {} } }).action).toBe('allow');
  });

  it('passes its own tests', () => {
    const results = runPolicyTests(policy);
    expect(results.length).toBeGreaterThan(5);
    expect(results.filter((result) => !result.passed)).toEqual([]);
  });

  it('says each rule in a sentence', () => {
    for (const rule of policy.rules) expect(describeRule(rule)).toMatch(/^[A-Z][^\n]+\.$/);
  });

  const everyOutcome = (which: CompiledPolicy): string => {
    const outcomes: unknown[] = [];
    for (const [, statements] of table) {
      for (const statement of statements) {
        for (const role of builtInRoles) {
          for (const env of ['prod', 'staging']) {
            for (const defaultAction of verdictActions)
              for (const grants of [[], ['approved-alike']])
                outcomes.push(evaluate(which, input(role, env, statement, defaultAction, grants)).action);
            outcomes.push(masksFor(which, input(role, env, statement, 'deny')).length);
          }
        }
      }
    }
    return JSON.stringify(outcomes);
  };

  for (const rule of policy.rules) {
    it(`needs the rule ${rule.name}`, () => {
      const document = parseDocument(source).toJS() as { rules: { name: string }[] };
      document.rules = document.rules.filter(({ name }) => name !== rule.name);
      expect(everyOutcome(compiled(stringify(document)))).not.toBe(everyOutcome(policy));
    });
  }
});
