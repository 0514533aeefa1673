/** Lays what only one session sees over the catalogue that all share. */
import type { OwnCatalogue, PostgresCatalogue } from './context.ts';

/** Merged catalogues kept of one shared one: sessions with objects of their own, and their last states. */
const maxMerged = 8;
const merged = new WeakMap<PostgresCatalogue, Map<string, PostgresCatalogue>>();

/** Equal inputs give the same object, so that what is derived from a catalogue is derived once. */
export function withOwn(
  shared: PostgresCatalogue | null,
  own: OwnCatalogue | null | undefined,
): PostgresCatalogue | null {
  if (shared === null || own === null || own === undefined) return shared;
  const known = merged.get(shared) ?? new Map<string, PostgresCatalogue>();
  merged.set(shared, known);
  const before = known.get(own.key);
  if (before !== undefined) return before;
  const catalogue = lay(shared, own);
  known.set(own.key, catalogue);
  for (const oldest of known.keys()) {
    if (known.size <= maxMerged) break;
    known.delete(oldest);
  }
  return catalogue;
}

function lay(shared: PostgresCatalogue, own: OwnCatalogue): PostgresCatalogue {
  const { operators, casts, domains, eventTriggerFunctions } = own;
  const hidden = new Set([...own.gone, ...own.relations.map(({ oid }) => oid), ...own.functions.map(({ oid }) => oid)]);
  const seen = ({ oid }: { readonly oid: number }): boolean => !hidden.has(oid);
  return {
    serverVersion: shared.serverVersion,
    relations: [...shared.relations.filter(seen), ...own.relations],
    functions: [...shared.functions.filter(seen), ...own.functions],
    operators,
    casts,
    domains,
    eventTriggerFunctions,
  };
}
