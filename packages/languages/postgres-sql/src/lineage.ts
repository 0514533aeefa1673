/** The algebra of lineage: which stored columns flow into a value. */
import type { ColumnRef, ObjectRef, OutputLineage } from '@sluice/domain';

export type Flow = OutputLineage;

/** A value that no stored column flows into. */
export const nothing: Flow = { known: true, direct: false, columns: [], wholeRows: [] };
export const notProvable: Flow = { known: false };

export function fromColumn(column: ColumnRef): Flow {
  return { known: true, direct: true, columns: [column], wholeRows: [] };
}

export function fromWholeRow(relation: ObjectRef, alsoColumns: readonly ColumnRef[] = []): Flow {
  return { known: true, direct: false, columns: alsoColumns, wholeRows: [relation] };
}

/** The same sources, but computed with: no longer a bare column. */
export function derived(flow: Flow): Flow {
  return flow.known && flow.direct ? { ...flow, direct: false } : flow;
}

/** Everything that flows into a value computed from several. One unprovable part makes the whole unprovable. */
export function merged(flows: readonly Flow[]): Flow {
  if (flows.length === 1 && flows[0] !== undefined) return derived(flows[0]);
  const columns = new Map<string, ColumnRef>();
  const wholeRows = new Map<string, ObjectRef>();
  for (const flow of flows) {
    if (!flow.known) return notProvable;
    for (const column of flow.columns) columns.set(columnKey(column), column);
    for (const row of flow.wholeRows) wholeRows.set(objectKey(row), row);
  }
  if (columns.size === 0 && wholeRows.size === 0) return nothing;
  return { known: true, direct: false, columns: [...columns.values()], wholeRows: [...wholeRows.values()] };
}

export function columnKey(column: ColumnRef): string {
  return `${column.schema ?? ''}\u0000${column.relation}\u0000${column.column}`;
}

export function objectKey(object: ObjectRef): string {
  return `${object.type}\u0000${object.schema ?? ''}\u0000${object.name}`;
}

export function sameFlow(left: Flow, right: Flow): boolean {
  if (!left.known || !right.known) return left.known === right.known;
  const sources = (flow: Flow & { known: true }): string =>
    [...flow.columns.map(columnKey), ...flow.wholeRows.map(objectKey)].sort().join('\u0001');
  return sources(left) === sources(right);
}
