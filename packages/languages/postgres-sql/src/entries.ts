/** Entries of relations with all that flows into their columns: also what functions of a view's own query answer with. */
import type { Analysis } from './analysis.ts';
import type { CatalogueRelation } from './context.ts';
import { type Flow, merged, nothing, notProvable } from './lineage.ts';
import { isForeign, type ResolvedRelation } from './names.ts';
import { type Entry, relationEntry } from './scope.ts';

/** The FROM entry of a stored relation, given who reads it. */
export function entryOf(
  a: Analysis,
  resolved: ResolvedRelation,
  alias: string | null = null,
  aliasColumns: readonly string[] = [],
): Entry {
  return relationEntry(a.names, resolved, alias, aliasColumns, answeredBehind(a, resolved.relation));
}

/** Values that the functions of a view, and of the views under it, may put into its columns. */
function answeredBehind(a: Analysis, relation: CatalogueRelation | null): Flow {
  if (relation === null || !isView(relation)) return nothing;
  const functions = new Set<number>();
  const seen = new Set<number>();
  const waiting = [relation];
  for (let view = waiting.pop(); view !== undefined; view = waiting.pop()) {
    if (seen.has(view.oid)) continue;
    seen.add(view.oid);
    for (const oid of view.readFunctions) functions.add(oid);
    for (const { relation: oid } of view.dependsOn) {
      const under = a.names.byOid(oid);
      if (under !== null && isView(under)) waiting.push(under);
    }
  }
  const flows = [...functions].map((oid): Flow => {
    const called = a.names.functionByOid(oid);
    if (called === null) return notProvable;
    return isForeign(called) ? withoutRowNames(a, a.functionFacts(called).returned) : nothing;
  });
  return merged(flows);
}

function isView(relation: CatalogueRelation): boolean {
  return relation.kind === 'view' || relation.kind === 'materialized-view';
}

/** Past this point a value of a row may stand without its column's name: every column of the row counts as flowing in. */
export function withoutRowNames(a: Analysis, flow: Flow): Flow {
  if (!flow.known || flow.wholeRows.length === 0) return flow;
  const flows: Flow[] = [flow];
  for (const row of flow.wholeRows) {
    const { columns } = entryOf(a, a.names.relation(row.schema, row.name));
    if (columns === null) return notProvable;
    for (const column of columns) flows.push(column.flow);
  }
  return merged(flows);
}
