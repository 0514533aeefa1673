/** A policy file from disk: checked, its tests run, and every message with the place it is about. */
import { readFileSync, statSync } from 'node:fs';
import { detectorNames } from '@sluice/masking';
import {
  type CompiledPolicy,
  compilePolicy,
  type PolicyProblem,
  type PolicyTestResult,
  type ReadTest,
  runPolicyTests,
} from '@sluice/policy';
import { CliError, exitCodes } from './exit-codes.ts';
import type { JunitCase } from './junit.ts';

/** Bytes of the largest file that is read at all; the compiler's own bound on characters is below it. */
const maxFileBytes = 4 * 1_048_576;

export interface PolicyFile {
  readonly file: string;
  readonly source: string;
  /** Null when the source has problems. */
  readonly policy: CompiledPolicy | null;
  readonly problems: readonly PolicyProblem[];
}

/** Throws CliError `usage` when the file cannot be read; faults of its content are `problems`. */
export function readPolicyFile(file: string): PolicyFile {
  const source = readSource(file);
  const compiled = compilePolicy(source, { detectors: detectorNames });
  return compiled.ok
    ? { file, source, policy: compiled.policy, problems: [] }
    : { file, source, policy: null, problems: compiled.problems };
}

function readSource(file: string): string {
  try {
    if (statSync(file).size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(
      exitCodes.usage,
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Name a policy file, such as packages/policy/default-policy.yaml.',
    );
  }
}

export interface PolicyRun {
  readonly file: string;
  readonly ok: boolean;
  readonly problems: readonly PolicyProblem[];
  readonly tests: readonly PolicyTestResult[];
}

/** `read` holds what a gateway read for tests by text; those that it does not hold are skipped, which is no failure. */
export function runPolicyFile({ file, policy, problems }: PolicyFile, read?: ReadonlyMap<number, ReadTest>): PolicyRun {
  const tests = policy === null ? [] : runPolicyTests(policy, read);
  return { file, ok: problems.length === 0 && tests.every((test) => test.passed || test.skipped), problems, tests };
}

/** `file:line:column: message`, as editors and CI servers link it. */
export function placed(file: string, at: { readonly line: number; readonly column: number }, message: string): string {
  return `${file}:${at.line}:${at.column}: ${message}`;
}

/** One line for each test, then what is wrong, then the sum. */
export function runText(run: PolicyRun): string {
  const lines = run.tests.map((test) => `${test.skipped ? '–' : test.passed ? '✓' : '✗'} ${test.name}`);
  for (const problem of run.problems) lines.push(placed(run.file, problem, problem.message));
  for (const test of run.tests) {
    if (test.passed) continue;
    lines.push(placed(run.file, test, `${test.skipped ? 'skipped' : 'failed'}: ${test.name}: ${test.message ?? ''}`));
  }
  lines.push(run.problems.length > 0 ? sum([[run.problems.length, 'problem']]) : testSum(run.tests), '');
  return lines.join('\n');
}

function testSum(tests: readonly PolicyTestResult[]): string {
  const skipped = tests.filter((test) => test.skipped).length;
  const passed = tests.filter((test) => test.passed).length;
  const counts: [number, string][] = [[tests.length, 'test']];
  return `${sum(counts)}: ${passed} passed, ${tests.length - passed - skipped} failed, ${skipped} skipped`;
}

function sum(counts: readonly [number, string][]): string {
  return counts.map(([count, word]) => `${count} ${word}${count === 1 ? '' : 's'}`).join(', ');
}

/** A file that does not compile is one case in error for each problem, so that a CI server shows where. */
export function junitCases(run: PolicyRun): readonly JunitCase[] {
  const place = (at: { readonly line: number; readonly column: number }) => `${run.file}:${at.line}:${at.column}`;
  return [
    ...run.problems.map(
      (problem): JunitCase => ({
        name: `compiles: ${problem.path === '' ? 'the file' : problem.path}`,
        place: place(problem),
        outcome: 'error',
        message: problem.message,
      }),
    ),
    ...run.tests.map(
      (test): JunitCase => ({
        name: test.name,
        place: place(test),
        outcome: test.skipped ? 'skipped' : test.passed ? 'passed' : 'failed',
        message: test.message,
      }),
    ),
  ];
}
