/** What calling a function adds to a statement's facts: the system's own by their table, all others by their bodies. */
import { actionOf } from './acting-functions.ts';
import type { Analysis, FunctionFacts } from './analysis.ts';
import type { CatalogueFunction } from './context.ts';
import { withoutRowNames } from './entries.ts';
import { type Flow, merged, nothing, notProvable } from './lineage.ts';
import { isForeign, type ResolvedFunction } from './names.ts';
import type { OutColumn } from './scope.ts';
import { movesNames } from './session-after.ts';

export interface CalledFunction {
  /** What the value may carry beside its arguments. */
  readonly returned: Flow;
  /** The result as a table; null when its shape is not known. */
  readonly columns: readonly OutColumn[] | null;
}

const unknownResult: CalledFunction = { returned: notProvable, columns: null };

/** Notes a call of a function of pg_catalog. `argumentCount` null: not known. */
export function callSystem(a: Analysis, name: string, argumentCount: number | null): void {
  // With three arguments ts_rewrite only rewrites; the form with a text runs it.
  const action = name === 'ts_rewrite' && argumentCount === 3 ? null : actionOf(name);
  // Volatile functions of pg_catalog are truthfully declared: planning does not run them.
  if (action === null || a.mode !== 'run') return;
  a.facts.raise(action.kind);
  a.facts.effect(action.verb, { type: 'function', schema: 'pg_catalog', name });
  if (action.incomplete !== null) a.facts.incomplete(action.incomplete);
}

/**
 * Notes a call of a function outside pg_catalog. Which one of its name is meant depends on the arguments' types, which are not known
 * here: all that take this many arguments count. Planning alone may run it, so EXPLAIN counts as well.
 */
export function callUser(
  a: Analysis,
  resolved: ResolvedFunction & { readonly origin: 'user' },
  argumentCount: number | null,
): CalledFunction {
  const { schema, name } = resolved.ref;
  const candidates = resolved.candidates.filter((one) => takes(one, argumentCount));
  if (candidates.length === 0 && resolved.candidates.length > 0 && resolved.orSystem) {
    // None of the people's own takes so many arguments: the system's is meant.
    callSystem(a, name, argumentCount);
    return { returned: nothing, columns: null };
  }
  if (candidates.length === 0) {
    a.facts.functions.add(schema === null ? name : `${schema}.${name}`);
    if (a.mode === 'store') return unknownResult;
    a.facts.raise('procedure');
    a.facts.effect('call', { type: 'function', schema, name });
    a.facts.incomplete(resolved.because);
    return unknownResult;
  }
  if (resolved.orSystem) callSystem(a, name, argumentCount);
  const results = candidates.map((one) => callKnown(a, one));
  const [first] = results;
  return results.length === 1 && first !== undefined
    ? first
    : { returned: merged(results.map((one) => one.returned)), columns: sharedShape(results) };
}

function takes(one: CatalogueFunction, argumentCount: number | null): boolean {
  if (argumentCount === null) return true;
  // CALL names a procedure's output parameters as well.
  const outputs =
    one.kind === 'procedure' ? (one.body?.parameters.filter(({ mode }) => mode === 'out').length ?? 0) : 0;
  return argumentCount >= one.least && (one.most === null || argumentCount <= one.most + outputs);
}

/** Several results may be one table only when their columns have the same names. */
function sharedShape(results: readonly CalledFunction[]): readonly OutColumn[] | null {
  const [first, ...others] = results;
  if (first === undefined || first.columns === null) return null;
  const names = first.columns.map((column) => column.name);
  const same = others.every(
    ({ columns }) => columns?.length === names.length && columns.every((column, i) => column.name === names[i]),
  );
  if (!same) return null;
  return first.columns.map((column, i) => ({
    name: column.name,
    flow: merged(results.map((one) => one.columns?.[i]?.flow ?? notProvable)),
  }));
}

/** Effects that take a whole away, whatever rows a filter would choose. */
const wholesale: ReadonlySet<string> = new Set(['drop', 'truncate', 'alter-destructive']);

/**
 * Notes a call of exactly this function. `beside`: the server calls it by itself (a trigger); which rows it chooses for its own changes
 * is the owner's design, so these do not make the statement destructive.
 */
export function callKnown(a: Analysis, called: CatalogueFunction, how: 'called' | 'beside' = 'called'): CalledFunction {
  const { schema, name } = called;
  a.facts.functions.add(`${schema}.${name}`);
  if (!isForeign(called)) {
    callSystem(a, name, null);
    return { returned: nothing, columns: null };
  }
  if (a.mode === 'store') return unknownResult;
  if (a.names.isTouched(schema, name))
    a.facts.incomplete(`calls the function ${schema}.${name}, whose definition this transaction changed`);
  const { facts, returned, columns } = answer(a, called);
  if (a.facts.called.has(called.oid)) return { returned, columns };
  a.facts.called.add(called.oid);
  a.facts.effect('call', { type: 'function', schema, name });
  if (!facts.complete) a.facts.raise('procedure');
  if (movesNames(facts.sessionEffects)) a.facts.moving.add(called.oid);
  a.facts.nested.push(facts);
  if (a.mode === 'plan') {
    a.planned.push(facts);
    a.facts.absorbNames(facts);
  } else {
    a.facts.absorb(facts, { sessionEffects: true, filter: false, destructive: how === 'called' });
    if (facts.effects.some(({ verb }) => wholesale.has(verb))) a.facts.destroys('what it calls drops or truncates');
  }
  return { returned, columns };
}

/** Their argument, the sequence, stands in the stored form and is not read there. */
const countingUp: ReadonlySet<string> = new Set(['nextval', 'setval']);

/** Only JSON keeps the names of a row's columns; out of any other value they are gone. */
function answer(a: Analysis, called: CatalogueFunction): FunctionFacts {
  const read = a.functionFacts(called);
  if (/^jsonb?$/.test(called.body?.returns ?? '')) return read;
  const columns = read.columns?.map(({ name, flow }) => ({ name, flow: withoutRowNames(a, flow) })) ?? null;
  return { facts: read.facts, returned: withoutRowNames(a, read.returned), columns };
}

/**
 * Notes calls that stored definitions make, and returns what the values may carry beside their arguments. `sequencesKnown`: the caller
 * notes the sequences that they count up.
 */
export function callStored(a: Analysis, oids: readonly number[], sequencesKnown = false): Flow {
  const flows: Flow[] = [];
  for (const oid of oids) {
    const called = a.names.functionByOid(oid);
    if (called !== null && !sequencesKnown && a.mode === 'run' && !isForeign(called) && countingUp.has(called.name))
      a.facts.incomplete('counts up a sequence that a definition names');
    if (called !== null) flows.push(callKnown(a, called).returned);
    else if (a.mode !== 'store') a.facts.incomplete('runs a function of a definition that the catalogue does not have');
  }
  return merged(flows);
}
