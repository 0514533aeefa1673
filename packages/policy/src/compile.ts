import { LineCounter, parseDocument } from 'yaml';
import type { core } from 'zod';
import { compileCondition } from './condition.ts';
import { holdTermsOf } from './hold-terms.ts';
import { neededCapabilities } from './needed-capabilities.ts';
import type { PolicyProblem } from './positions.ts';
import { SourceMap, showPath } from './positions.ts';
import type { CompiledPolicy, CompiledRule } from './rules.ts';
import type { RuleSource } from './schema.ts';
import { maxPolicyChars, policyDocumentSchema, ruleActions } from './schema.ts';

export interface CompileOptions {
  /** The detectors that mask rules may name; `detectors: all` stands for every one. */
  readonly detectors: readonly string[];
}

export type CompileResult =
  | { readonly ok: true; readonly policy: CompiledPolicy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** Reported problems of one source; the rest would only repeat the first. */
const maxProblems = 50;

/**
 * Reads a policy's YAML source and checks everything that can be checked before a statement comes: the form, the names, and
 * each condition's types. Never throws on bad input: every fault is a problem with its 1-based line and column.
 */
export function compilePolicy(source: string, options: CompileOptions): CompileResult {
  if (source.length > maxPolicyChars) {
    return failed([
      { line: 1, column: 1, path: '', message: `the policy is longer than ${maxPolicyChars} characters` },
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const map = new SourceMap(source, document, lines);
  if (document.errors.length > 0) {
    return failed(document.errors.map((error) => ({ ...map.at(error.pos[0]), message: error.message, path: '' })));
  }
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 0 });
  } catch {
    return failed([{ line: 1, column: 1, path: '', message: 'anchors and aliases are not part of a policy' }]);
  }
  const parsed = policyDocumentSchema.safeParse(data, { reportInput: true });
  if (!parsed.success) return failed(parsed.error.issues.flatMap((issue) => describeIssue(issue, map)));

  const problems: PolicyProblem[] = [];
  const variables = new Set<string>();
  const actorFields = new Set<string>();
  const seen = new Set<string>();
  const rules = parsed.data.rules.flatMap((rule, index) => {
    const path = ['rules', index];
    if (seen.has(rule.name)) {
      problems.push({
        ...map.value([...path, 'name']),
        path: showPath([...path, 'name']),
        message: `a rule named "${rule.name}" stands above`,
      });
    }
    seen.add(rule.name);
    problems.push(...unknownDetectors(rule, path, map, options));
    const condition = compileCondition(rule.when, rule.action === 'mask' ? 'session-opening' : 'statement');
    if (!condition.ok) {
      problems.push({
        ...map.inText([...path, 'when'], condition.offset),
        path: showPath([...path, 'when']),
        message: condition.message,
      });
      return [];
    }
    for (const name of condition.variables) variables.add(name);
    for (const name of condition.actorFields) actorFields.add(name);
    return [toRule(rule, { test: condition.test, at: map.value([...path, 'name']) }, options)];
  });
  if (problems.length > 0) return failed(problems);
  return {
    ok: true,
    policy: {
      rules,
      capabilities: neededCapabilities(writtenRules(data), actorFields),
      tests: parsed.data.tests.map((test, index) => ({ ...test, at: map.value(['tests', index, 'name']) })),
      usesTime: variables.has('time'),
      usesSession: variables.has('session'),
      floor: null,
    },
  };
}

/** The rules as somebody wrote them: what a default filled in asks nothing of a gateway. */
function writtenRules(data: unknown): readonly object[] {
  const rules = typeof data === 'object' && data !== null && 'rules' in data ? data.rules : [];
  return Array.isArray(rules) ? rules.filter((rule: unknown) => typeof rule === 'object' && rule !== null) : [];
}

function failed(problems: readonly PolicyProblem[]): CompileResult {
  return { ok: false, problems: problems.slice(0, maxProblems) };
}

export function toRule(
  rule: RuleSource,
  compiled: Pick<CompiledRule, 'test' | 'at'>,
  options: CompileOptions,
): CompiledRule {
  const { name, description, when, action } = rule;
  const plain = {
    name,
    description,
    when,
    action,
    hold: null,
    mask: null,
    limit: null,
    would: null,
    floor: false,
    ...compiled,
  };
  switch (rule.action) {
    case 'allow':
    case 'deny':
      return plain;
    case 'hold':
      return { ...plain, hold: holdTermsOf(rule) };
    case 'mask': {
      const detectors = rule.detectors === 'all' ? options.detectors : rule.detectors;
      return {
        ...plain,
        mask: { rule: name, columns: rule.columns, detectors, strategy: rule.strategy, dataClass: rule.class },
      };
    }
    case 'limit':
      return {
        ...plain,
        limit: {
          rows: rule.rows ?? null,
          bytes: rule.bytes ?? null,
          perMinute: rule['statements-per-minute'] ?? null,
          chatter: rule.chatter,
        },
      };
    case 'monitor':
      return { ...plain, would: rule.would };
  }
}

export function unknownDetectors(
  rule: RuleSource,
  path: readonly (string | number)[],
  map: SourceMap,
  options: CompileOptions,
): PolicyProblem[] {
  if (rule.action !== 'mask' || rule.detectors === 'all') return [];
  return rule.detectors.flatMap((name, index) => {
    if (options.detectors.includes(name)) return [];
    const place = [...path, 'detectors', index];
    return [
      {
        ...map.value(place),
        path: showPath(place),
        message: `there is no detector "${name}"; there are ${options.detectors.join(', ')}`,
      },
    ];
  });
}

export function describeIssue(issue: core.$ZodIssue, map: SourceMap): PolicyProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      ...map.key(path, key),
      path: showPath([...path, key]),
      message: `there is no "${key}" here`,
    }));
  }
  if (issue.code === 'invalid_key')
    return [{ ...map.value(path), path: showPath(path), message: issue.issues[0]?.message ?? issue.message }];
  return [{ ...map.value(path), path: showPath(path), message: issueMessage(issue, path) }];
}

function issueMessage(issue: core.$ZodIssue, path: readonly (string | number)[]): string {
  const last = path.at(-1);
  if (typeof last === 'string' && isMissing(issue.input, last)) return `"${last}" is missing`;
  if (issue.code === 'invalid_union' && last === 'action') return `unknown action; one of ${ruleActions.join(', ')}`;
  return issue.message;
}

/** The input of a union's issue is the map around the key; of any other issue it is the value itself. */
function isMissing(input: unknown, key: string): boolean {
  if (input === undefined) return true;
  return key === 'action' && typeof input === 'object' && input !== null && !('action' in input);
}
