import type { ColumnRef, ObjectRef, StatementFacts, VerdictAction } from '@sluice/domain';
import { explain } from './evaluate.ts';
import type { PolicyInput } from './input.ts';
import type { CompiledPolicy } from './rules.ts';
import type { PolicyTestSource } from './schema.ts';

export interface PolicyTestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: VerdictAction;
  readonly action: VerdictAction;
  readonly rule: string | null;
  /** What differs, in a sentence; null when the test passed. */
  readonly message: string | null;
}

/** Runs the tests that stand in the policy's own file. Pure; a test's clock is its `time`, by default 2026-01-05T12:00:00Z, a Monday. */
export function runPolicyTests(policy: CompiledPolicy): readonly PolicyTestResult[] {
  return policy.tests.map((test) => runTest(policy, test));
}

function runTest(policy: CompiledPolicy, test: PolicyTestSource): PolicyTestResult {
  const { verdict, masks } = explain(policy, toInput(test));
  const expected: { action: VerdictAction; rule?: string | null | undefined; masks?: readonly string[] | undefined } =
    test.expect;
  const differences: string[] = [];
  if (verdict.action !== expected.action)
    differences.push(`expected ${expected.action}, got ${verdict.action} (${verdict.reason})`);
  if (expected.rule !== undefined && verdict.rule !== expected.rule) {
    differences.push(`expected the rule ${expected.rule ?? 'to be none'}, got ${verdict.rule ?? 'none'}`);
  }
  if (expected.masks !== undefined && !sameNames(expected.masks, masks)) {
    differences.push(`expected the masks ${expected.masks.join(', ') || 'none'}, got ${masks.join(', ') || 'none'}`);
  }
  return {
    name: test.name,
    passed: differences.length === 0,
    expected: expected.action,
    action: verdict.action,
    rule: verdict.rule,
    message: differences.length === 0 ? null : differences.join('; '),
  };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

function toInput(test: PolicyTestSource): PolicyInput {
  const { as, connection, session } = test;
  const kind = as.kind ?? (as.role === 'agent' ? 'service' : 'person');
  return {
    actor: {
      id: as.name ?? as.role,
      kind,
      name: as.name ?? as.role,
      role: as.role,
      groups: as.groups ?? [],
      onBehalfOf: kind === 'service' ? { id: as.owner ?? 'owner', name: as.owner ?? 'owner' } : null,
      runId: null,
    },
    connection: {
      name: connection.name ?? 'test',
      protocol: connection.protocol ?? 'test',
      labels: connection.labels ?? {},
      database: connection.database ?? '',
    },
    session: {
      database: session.database ?? '',
      role: session.role ?? '',
      inTransaction: session.inTransaction ?? false,
    },
    time: new Date(test.time ?? '2026-01-05T12:00:00Z'),
    policyVersion: 0,
    defaultAction: connection.default ?? 'deny',
    facts: [toFacts(test.statement)],
  };
}

function toFacts(source: PolicyTestSource['statement']): StatementFacts {
  const verbs = source.verbs ?? [];
  return {
    language: 'test',
    kind: source.kind,
    complete: source.complete ?? source.kind !== 'unknown',
    incompleteBecause: null,
    command: source.command ?? source.kind.toUpperCase(),
    effects: verbs.map((verb) => ({ verb, object: null })),
    reads: (source.reads ?? []).map(toObject),
    writes: (source.writes ?? []).map(toObject),
    columns: (source.columns ?? []).map(toColumn),
    functions: source.functions ?? [],
    filter: source.filter ?? 'not-applicable',
    filterBecause: null,
    destructive: source.destructive ?? false,
    destructiveBecause: null,
    outputs: null,
    nested: [],
    fingerprint: '',
    start: 0,
    end: 0,
    literals: [],
    sessionEffects: [],
  };
}

function toObject(text: string): ObjectRef {
  const dot = text.lastIndexOf('.');
  return { type: 'relation', schema: dot < 0 ? null : text.slice(0, dot), name: text.slice(dot + 1) };
}

function toColumn(text: string): ColumnRef {
  const parts = text.split('.');
  return { schema: parts.at(-3) ?? null, relation: parts.at(-2) ?? '', column: parts.at(-1) ?? '' };
}
