/**
 * A plan as EXPLAIN (FORMAT JSON) tells it, reduced to a closed list of fields. Everything that quotes the statement (conditions, sort
 * keys, output lists, function calls) is left out: only that there is a condition, and of which kind, is told.
 */
import { type ImpactPlan, maxPlanNodes, type PlanNode } from '@sluice/domain';
import { z } from 'zod';

const maxDepth = 60;
const maxNameCharacters = 300;

/** Fields that hold a condition, by what they are called for people. */
const conditions: readonly (readonly [field: string, kind: string])[] = [
  ['Index Cond', 'index condition'],
  ['Recheck Cond', 'recheck'],
  ['Hash Cond', 'hash condition'],
  ['Merge Cond', 'merge condition'],
  ['Join Filter', 'join filter'],
  ['TID Cond', 'row address'],
  ['One-Time Filter', 'one-time filter'],
  ['Filter', 'filter'],
];

const nodeSchema = z.looseObject({
  'Node Type': z.string(),
  Operation: z.string().optional(),
  'Join Type': z.string().optional(),
  Schema: z.string().optional(),
  'Relation Name': z.string().optional(),
  'Index Name': z.string().optional(),
  'Plan Rows': z.number().optional(),
  'Total Cost': z.number().optional(),
  Plans: z.array(z.unknown()).optional(),
});
const planSchema = z.array(z.looseObject({ Plan: z.unknown() })).min(1);

/** Reads the JSON. Throws on anything that is not a plan. */
export function readPlan(json: string): ImpactPlan & { readonly known: true } {
  const nodes: PlanNode[] = [];
  let more = 0;
  const walk = (raw: unknown, depth: number): void => {
    const node = nodeSchema.parse(raw);
    if (nodes.length >= maxPlanNodes || depth > maxDepth) more++;
    else nodes.push(shown(node, depth));
    for (const child of node.Plans ?? []) walk(child, depth + 1);
  };
  for (const { Plan } of planSchema.parse(JSON.parse(json)).slice(0, 1)) walk(Plan, 0);
  return { known: true, nodes, moreNodes: more };
}

/** Rows that a changing plan expects to change: what the node below its root gives. For others the root's own. */
export function changedRows({ nodes }: { readonly nodes: readonly PlanNode[] }): number | null {
  const [root, below] = nodes;
  if (root === undefined) return null;
  return isChange(root) ? (below?.rows ?? null) : root.rows;
}

/** `ModifyTable` is called after what it does. */
const changeOperations: ReadonlySet<string> = new Set(['Insert', 'Update', 'Delete', 'Merge']);

function isChange({ operation }: PlanNode): boolean {
  return changeOperations.has(operation);
}

function shown(node: z.infer<typeof nodeSchema>, depth: number): PlanNode {
  const type = node['Node Type'];
  const join = node['Join Type'];
  const words = type === 'ModifyTable' ? (node.Operation ?? type) : join === undefined ? type : `${type} (${join})`;
  const relation = node['Relation Name'];
  return {
    depth,
    operation: cut(words),
    object: relation === undefined ? null : cut(node.Schema === undefined ? relation : `${node.Schema}.${relation}`),
    index: node['Index Name'] === undefined ? null : cut(node['Index Name']),
    rows: Math.max(node['Plan Rows'] ?? 0, 0),
    cost: Math.max(node['Total Cost'] ?? 0, 0),
    conditions: conditions.flatMap(([field, kind]) => (node[field] === undefined ? [] : [kind])),
  };
}

function cut(text: string): string {
  return text.slice(0, maxNameCharacters);
}
