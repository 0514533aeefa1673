import type { ASTNode } from '@marcbachmann/cel-js';
import { TypeError as CelTypeError, Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';

/** Structural bounds of one condition: a policy author's slip must not cost every statement. */
const maxAstNodes = 1_000;
const maxDepth = 40;
/** Quantifiers inside quantifiers multiply: with lists of at most 1,000 entries two levels are the most that stays bearable. */
const maxQuantifierDepth = 2;
const quantifiers = new Set(['all', 'exists', 'exists_one', 'existsOne', 'map', 'filter']);

const actorType = {
  id: 'string',
  kind: 'string',
  name: 'string',
  role: 'string',
  roles: 'list<string>',
  groups: 'list<string>',
  owner: 'string',
  run: 'string',
};
const connectionType = { name: 'string', protocol: 'string', labels: 'map<string, string>', database: 'string' };
const statementType = {
  kind: 'string',
  command: 'string',
  language: 'string',
  complete: 'bool',
  destructive: 'bool',
  filter: 'string',
  verbs: 'list<string>',
  objects: 'list<string>',
  reads: 'list<string>',
  writes: 'list<string>',
  columns: 'list<string>',
  functions: 'list<string>',
};
const sessionType = { database: 'string', role: 'string', inTransaction: 'bool' };
const timeType = { hour: 'int', weekday: 'int', iso: 'string' };

/** What a condition may speak of: a statement's rule sees everything, a mask rule only what a session knows when it opens. */
export type ConditionScope = 'statement' | 'session-opening';

/** The CEL variables' values. Integers are BigInt, as the language wants them. */
export type ConditionContext = Readonly<Record<string, unknown>>;

export type CompiledCondition =
  | {
      readonly ok: true;
      readonly test: (context: ConditionContext) => boolean;
      readonly variables: ReadonlySet<string>;
      /** Of the actor's fields, those that it names. */
      readonly actorFields: ReadonlySet<string>;
    }
  | { readonly ok: false; readonly message: string; readonly offset: number };

const opening = new Environment({ unlistedVariablesAreDyn: false, limits: { maxAstNodes, maxDepth } })
  .registerVariable('actor', { schema: actorType })
  .registerVariable('connection', { schema: connectionType })
  .registerVariable('time', { schema: timeType })
  .registerVariable('grants', 'list<string>')
  .registerVariable('maintenance', 'list<string>')
  .registerFunction('re(string, string): bool', (text: string, pattern: string) => linearMatch(text, pattern));
const full = opening
  .clone()
  .registerVariable('statement', { schema: statementType })
  .registerVariable('session', { schema: sessionType });

/** Parses and type-checks one condition. `offset` of a fault is in UTF-16 code units of `text`. */
export function compileCondition(text: string, scope: ConditionScope): CompiledCondition {
  try {
    const program = (scope === 'statement' ? full : opening).parse(text);
    const named: Named = { variables: new Set(), actorFields: new Set() };
    const refused = findRefused(program.ast, 0, named);
    if (refused !== null) return { ok: false, ...refused };
    const checked = program.check();
    if (!checked.valid) return fault(checked.error, scope);
    if (checked.type !== 'bool')
      return {
        ok: false,
        message: `a condition must be true or false, this is of type ${checked.type ?? 'unknown'}`,
        offset: 0,
      };
    return { ok: true, test: (context) => program(context) === true, ...named };
  } catch (error) {
    if (error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)
      return fault(error, scope);
    if (error instanceof RangeError) return { ok: false, message: 'the condition is nested too deeply', offset: 0 };
    throw error;
  }
}

function fault(
  error: ParseError | CelTypeError | EvaluationError | undefined,
  scope: ConditionScope,
): CompiledCondition {
  const summary = error?.summary ?? 'the condition is not valid';
  const opens = /^Unknown variable: (statement|session)$/.exec(summary);
  const message =
    opens !== null && scope === 'session-opening'
      ? `a mask rule is decided when a session opens, so it cannot speak of "${opens[1]}"`
      : summary.replace(/\$(\w+)/g, '$1');
  return { ok: false, message, offset: error?.range?.start ?? 0 };
}

/** What a condition speaks of. */
interface Named {
  readonly variables: Set<string>;
  readonly actorFields: Set<string>;
}

interface Refused {
  readonly message: string;
  readonly offset: number;
}

/** Finds what CEL's own checker lets through: backtracking regexes, patterns that cannot be checked now, deep quantifiers. */
function findRefused(node: ASTNode, depth: number, named: Named): Refused | null {
  let inner = depth;
  if (node.op === 'id') named.variables.add(node.args);
  if (node.op === '.' || node.op === '.?') {
    const [of, field] = node.args;
    if (of.op === 'id' && of.args === 'actor') named.actorFields.add(field);
  }
  if (node.op === 'rcall' || node.op === 'call') {
    const name = node.args[0];
    if (name === 'matches') {
      return {
        message: 'matches() can take exponential time; write re(text, pattern), which is linear',
        offset: nameOffset(node, name),
      };
    }
    if (name === 're' && node.op === 'call') {
      const problem = badPattern(node.args[1][1]);
      if (problem !== null) return problem;
    }
    if (node.op === 'rcall' && quantifiers.has(name)) {
      inner += 1;
      if (inner > maxQuantifierDepth)
        return {
          message: `quantifiers may be nested at most ${maxQuantifierDepth} deep`,
          offset: nameOffset(node, name),
        };
    }
  }
  for (const child of children(node)) {
    const found = findRefused(child, inner, named);
    if (found !== null) return found;
  }
  return null;
}

function badPattern(pattern: ASTNode | undefined): Refused | null {
  if (pattern === undefined) return null;
  if (pattern.op !== 'value' || typeof pattern.args !== 'string') {
    return {
      message: 'the pattern of re() must be written as a text, so that it can be checked now',
      offset: pattern.start,
    };
  }
  try {
    compilePattern(pattern.args);
    return null;
  } catch (error) {
    return {
      message: `the pattern is not valid: ${error instanceof Error ? error.message : 'unknown error'}`,
      offset: pattern.start,
    };
  }
}

function nameOffset(node: ASTNode, name: string): number {
  if (node.op !== 'rcall') return node.start;
  const found = node.input.indexOf(name, node.args[1].end);
  return found < 0 ? node.start : found;
}

function children(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) collect(item);
    else if (isAstNode(part)) found.push(part);
  };
  collect(node.args);
  return found;
}

function isAstNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

/** Patterns are literals of saved policies, so their number is bounded by what a policy can hold; the cap is for many versions. */
const maxPatterns = 2_000;
const patterns = new Map<string, RE2JS>();

function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  if (patterns.size >= maxPatterns) patterns.clear();
  const compiled = RE2JS.compile(pattern);
  patterns.set(pattern, compiled);
  return compiled;
}

/** Why a pattern is none; null when it is one. */
export function patternProblem(pattern: string): string | null {
  try {
    compilePattern(pattern);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown error';
  }
}

/** Whether the whole text has the pattern's form. Linear in the text, whatever the pattern. */
export function matchesWhole(text: string, pattern: string): boolean {
  return compilePattern(pattern).matcher(text).matches();
}

/** RE2's automaton: time is linear in the text whatever the pattern. */
function linearMatch(text: string, pattern: string): boolean {
  return compilePattern(pattern).matcher(text).find();
}
