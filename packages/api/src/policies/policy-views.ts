import type { PolicyVersionRow } from '@sluice/database';
import { detectorNames } from '@sluice/masking';
import type { CompileResult } from '@sluice/policy';
import { compilePolicy, describeRule, runPolicyTests } from '@sluice/policy';
import { z } from 'zod';
import { personActorView } from '../actor-views.ts';
import type { PolicyProblemView, PolicyRuleView, PolicyVersionView } from '../views.ts';

/** A policy's source; packages/policy refuses longer ones with a problem of its own. */
export const policySource = z.string().max(1_000_000);

export function toPolicyVersionView(row: PolicyVersionRow, active: number | null): PolicyVersionView {
  return {
    id: row.id,
    version: row.version,
    author: personActorView(row.author),
    note: row.note,
    createdAt: row.createdAt,
    active: row.version === active,
    rollbackOf: row.rollbackOf,
  };
}

export interface PolicyCheck {
  readonly ok: boolean;
  readonly problems: readonly PolicyProblemView[];
  readonly rules: readonly PolicyRuleView[];
}

/** Compiles a source and runs the tests that it carries; a failing test is a problem like any other. Tests by text are left out. */
export function checkSource(source: string): PolicyCheck {
  const compiled: CompileResult = compilePolicy(source, { detectors: detectorNames });
  if (!compiled.ok) return { ok: false, problems: compiled.problems.map(toProblem), rules: [] };
  const failed = runPolicyTests(compiled.policy).filter((result) => !result.passed && !result.skipped);
  const rules = compiled.policy.rules.map((rule) => ({
    name: rule.name,
    action: rule.action,
    sentence: describeRule(rule),
    line: rule.at.line,
  }));
  const problems = failed.map((result) => ({
    line: result.line,
    column: result.column,
    message: `the test “${result.name}” fails: ${result.message ?? 'unknown'}`,
  }));
  return { ok: problems.length === 0, problems, rules };
}

function toProblem(problem: { readonly line: number; readonly column: number; readonly message: string }) {
  return { line: problem.line, column: problem.column, message: problem.message };
}
