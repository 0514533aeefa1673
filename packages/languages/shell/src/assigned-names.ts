/** The variables that statements may set, for loops: what a turn leaves behind is what the next begins with. */
import type { Statement } from './syntax-tree.ts';

/** Every name that is assigned, read into, counted with or taken as an argument of a builtin that sets variables. */
export function assignedNames(statements: readonly Statement[]): ReadonlySet<string> {
  const names = new Set<string>();
  visit(statements, names);
  return names;
}

const setters = new Set([
  'read',
  'printf',
  'mapfile',
  'readarray',
  'getopts',
  'unset',
  'let',
  'wait',
  'local',
  'typeset',
]);

/** Walks plain data: every assignment, every literal word beside a setter, every word that arithmetic assigns. */
function visit(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) {
    for (const one of value) visit(one, names);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as Record<string, unknown>;
  if (typeof node.name === 'string' && 'append' in node && 'naked' in node) names.add(node.name);
  if (node.type === 'for' && typeof node.variable === 'string') names.add(node.variable);
  if (node.type === 'parameter' && typeof node.operator === 'string' && node.operator.endsWith('='))
    names.add(String(node.name));
  if (node.type === 'operation' && node.assigns === true) literals(node.operands, names);
  if (node.type === 'call' && Array.isArray(node.words)) {
    const [first] = node.words as readonly unknown[];
    const found = new Set<string>();
    literals(first, found);
    if ([...found].some((name) => setters.has(name))) literals(node.words, names);
  }
  for (const key in node) visit(node[key], names);
}

function literals(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) {
    for (const one of value) literals(one, names);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as Record<string, unknown>;
  if ((node.type === 'literal' || node.type === 'single') && typeof node.value === 'string') {
    for (const name of node.value.match(/[A-Za-z_]\w*/g) ?? []) names.add(name);
  }
  for (const key in node) literals(node[key], names);
}
