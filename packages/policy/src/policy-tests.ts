import type { Limits, VerdictAction } from '@sluice/domain';
import { type Explanation, explainViews } from './evaluate.ts';
import type { JudgementInput, StatementView } from './input.ts';
import type { SourcePosition } from './positions.ts';
import type { CompiledPolicy, CompiledTest } from './rules.ts';
import type { PolicyTestSource } from './schema.ts';

/** What became of one test, with the place of its name in the source. */
export interface PolicyTestResult extends SourcePosition {
  readonly name: string;
  /** 0-based place among the file's tests. */
  readonly index: number;
  readonly passed: boolean;
  /** True: the test names its statement by text, which only a gateway can read. It has neither passed nor failed. */
  readonly skipped: boolean;
  readonly expected: VerdictAction;
  /** Null when the test was skipped or could not be run. */
  readonly action: VerdictAction | null;
  readonly rule: string | null;
  /** What differs, or why it was skipped, in a sentence; null when the test passed. */
  readonly message: string | null;
}

/** A test whose statement is given by its text: somebody who can reach a gateway reads it. */
export interface TextTest {
  readonly index: number;
  readonly name: string;
  readonly text: string;
  /** The connection that the test names; null: whichever the run is made for. */
  readonly connection: string | null;
}

/** What was read for a test by text, or why it could not be. */
export type ReadTest =
  | { readonly ok: true; readonly views: readonly StatementView[] }
  | { readonly ok: false; readonly message: string };

export const skippedMessage =
  'names its statement by text, which is read against a connection: run it with --connection';

/** The tests that name a text. */
export function textTests(policy: CompiledPolicy): readonly TextTest[] {
  return policy.tests.flatMap(({ name, text, connection }, index) =>
    text === undefined ? [] : [{ index, name, text, connection: connection.name ?? null }],
  );
}

/**
 * Runs the tests that stand in the policy's own file. Pure; a test's clock is its `time`, by default 2026-01-05T12:00:00Z, a Monday.
 * `read` holds what a gateway read for tests by text, by their index; those that it does not hold are skipped.
 */
export function runPolicyTests(
  policy: CompiledPolicy,
  read: ReadonlyMap<number, ReadTest> = new Map(),
): readonly PolicyTestResult[] {
  return policy.tests.map((test, index) => {
    const found: ReadTest | undefined =
      test.statement === undefined ? read.get(index) : { ok: true, views: [toView(test.statement)] };
    if (found?.ok === true) return runTest(policy, test, index, found.views);
    const { action: expected } = test.expect;
    const blank = { ...test.at, name: test.name, index, passed: false, expected, action: null, rule: null };
    return found === undefined
      ? { ...blank, skipped: true, message: skippedMessage }
      : { ...blank, skipped: false, message: found.message };
  });
}

function runTest(
  policy: CompiledPolicy,
  test: CompiledTest,
  index: number,
  views: readonly StatementView[],
): PolicyTestResult {
  const explanation = explainViews(policy, toInput(test), views);
  const { verdict } = explanation;
  const differences = differencesOf(test.expect, explanation);
  return {
    ...test.at,
    name: test.name,
    index,
    passed: differences.length === 0,
    skipped: false,
    expected: test.expect.action,
    action: verdict.action,
    rule: verdict.rule,
    message: differences.length === 0 ? null : differences.join('; '),
  };
}

function differencesOf(expect: PolicyTestSource['expect'], { verdict, masks }: Explanation): string[] {
  const expected: Extract<PolicyTestSource['expect'], { rule?: unknown }> = expect;
  const differences: string[] = [];
  if (verdict.action !== expected.action)
    differences.push(`expected ${expected.action}, got ${verdict.action} (${verdict.reason})`);
  if (expected.rule !== undefined && verdict.rule !== expected.rule) {
    differences.push(`expected the rule ${expected.rule ?? 'to be none'}, got ${verdict.rule ?? 'none'}`);
  }
  if (expected.masks !== undefined && !sameNames(expected.masks, masks)) {
    differences.push(`expected the masks ${expected.masks.join(', ') || 'none'}, got ${masks.join(', ') || 'none'}`);
  }
  for (const sort of ['rows', 'bytes', 'statements-per-minute'] as const) {
    const wanted = expected.limits?.[sort];
    const found = tightest(verdict.limits, sort);
    if (wanted !== undefined && wanted !== found)
      differences.push(`expected the limit of ${sort} to be ${wanted ?? 'none'}, got ${found ?? 'none'}`);
  }
  return differences;
}

function tightest(limits: Limits | null, sort: 'rows' | 'bytes' | 'statements-per-minute'): number | null {
  if (limits === null) return null;
  if (sort !== 'statements-per-minute') return limits[sort]?.most ?? null;
  return limits.perMinute.reduce<number | null>((least, { most }) => Math.min(least ?? most, most), null);
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

function toInput(test: PolicyTestSource): JudgementInput {
  const { as, connection, session } = test;
  const kind = as.kind ?? (as.role === 'agent' ? 'service' : 'person');
  return {
    actor: {
      id: as.name ?? as.role,
      kind,
      name: as.name ?? as.role,
      role: as.role,
      ...(as.roles === undefined ? {} : { roles: [...new Set([as.role, ...as.roles])] }),
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
    grants: test.grants ?? [],
    maintenance: test.maintenance ?? [],
    policyVersion: 0,
    defaultAction: connection.default ?? 'deny',
  };
}

function toView(source: NonNullable<PolicyTestSource['statement']>): StatementView {
  const reads = source.reads ?? [];
  const writes = source.writes ?? [];
  return {
    kind: source.kind,
    command: source.command ?? source.kind.toUpperCase(),
    language: 'test',
    complete: (source.complete ?? true) && source.kind !== 'unknown',
    destructive: source.destructive ?? false,
    filter: source.filter ?? 'not-applicable',
    verbs: [...new Set(source.verbs ?? [])],
    objects: [...new Set([...reads, ...writes])],
    reads,
    writes,
    columns: source.columns ?? [],
    functions: source.functions ?? [],
  };
}
