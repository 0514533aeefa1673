/**
 * What running a function does: the facts of its body, read as a text of its own under the session state it runs in. Cached for as long
 * as the catalogue is, since a body's text and the names it uses are the catalogue's.
 */
import type { StatementFacts } from '@sluice/domain';
import {
  type Analysis,
  type CallTrail,
  type FunctionFacts,
  maxCallDepth,
  maxReadBodies,
  maxReadBodyCharacters,
  ReadingLimit,
} from './analysis.ts';
import { callStored } from './calls.ts';
import type {
  CatalogueBody,
  CatalogueFunction,
  PostgresCatalogue,
  PostgresSessionState,
  StoredQueries,
} from './context.ts';
import { computingExtensions } from './extensions.ts';
import { FactsBuilder } from './facts-builder.ts';
import { type Flow, merged, nothing, notProvable } from './lineage.ts';
import type { Names } from './names.ts';
import { readProcedural } from './procedural.ts';
import { noteStored } from './reach.ts';
import { derivedEntry, emptyScope, itemOf, type OutColumn, type Scope } from './scope.ts';
import { movesNames, stateAfter } from './session-after.ts';
import { judgeSetting } from './settings.ts';

/** Readings remembered for one catalogue. */
const maxRemembered = 4_096;
const remembered = new WeakMap<PostgresCatalogue, Map<string, FunctionFacts>>();

/** How the rest of the language reads a body. */
export interface BodyReader {
  /** The facts of every statement of a text in SQL, in order, each under the state that the ones before leave; null when it is not SQL. */
  statements(text: string, session: PostgresSessionState, outer: Scope): readonly StatementFacts[] | null;
  /** The facts of something that is no text: `read` notes it. */
  collect(session: PostgresSessionState, outer: Scope | null, read: (a: Analysis) => void): StatementFacts;
}

export function readFunction(
  called: CatalogueFunction,
  names: Names,
  trail: CallTrail,
  reader: BodyReader,
): FunctionFacts {
  const memory = memoryOf(names);
  const key = `${called.oid} ${names.key}`;
  const known = memory?.get(key);
  if (known !== undefined) return known;
  const already = trail.underWay.indexOf(called.oid);
  if (already >= 0) {
    trail.ledBackTo = Math.min(trail.ledBackTo, already);
    return unfollowed(
      called,
      names,
      reader.collect(names.session, null, () => undefined),
    );
  }
  enter(called, trail);
  const depth = trail.underWay.push(called.oid) - 1;
  try {
    const read = readCalled(called, names, reader);
    // What led back to a function outside this one lacks what that one does: true only as a part of it.
    if (trail.ledBackTo >= depth) {
      trail.ledBackTo = Number.POSITIVE_INFINITY;
      if (memory !== null && memory.size >= maxRemembered) memory.clear();
      if (!trail.cut) memory?.set(key, read);
      return read;
    }
    return unfollowed(called, names, read.facts);
  } finally {
    trail.underWay.pop();
  }
}

/** Inside a recursion a value may be what any round before answered with: only the outermost call's is known. */
function unfollowed(called: CatalogueFunction, names: Names, facts: StatementFacts): FunctionFacts {
  const columns = shapeOf(called, names)?.map((name) => ({ name, flow: notProvable })) ?? null;
  return { facts, returned: notProvable, columns };
}

function memoryOf(names: Names): Map<string, FunctionFacts> | null {
  if (names.catalogue === null) return null;
  const memory = remembered.get(names.catalogue) ?? new Map<string, FunctionFacts>();
  remembered.set(names.catalogue, memory);
  return memory;
}

function enter(called: CatalogueFunction, trail: CallTrail): void {
  trail.bodies += 1;
  trail.characters += called.body?.text?.length ?? 0;
  const deep = trail.underWay.length >= maxCallDepth;
  const many = trail.bodies > maxReadBodies || trail.characters > maxReadBodyCharacters;
  trail.cut ||= deep || many;
  if (deep) throw new ReadingLimit('calls functions inside functions deeper than Sluice reads');
  if (many) throw new ReadingLimit('calls more functions than Sluice reads');
}

function readCalled(called: CatalogueFunction, names: Names, reader: BodyReader): FunctionFacts {
  const { body } = called;
  const unread = (because: string): FunctionFacts => ({
    facts: reader.collect(names.session, null, (a) => a.facts.incomplete(because)),
    returned: notProvable,
    columns: null,
  });
  const title = `calls the function ${called.schema}.${called.name}`;
  if (body === null) return unread(`${title}, whose body is not known`);
  const session = sessionOf(called, body, names);
  if (session === null) return unread(`${title}, which runs under settings that Sluice does not follow`);
  const outer = parametersOf(called, body);
  const stored = reader.collect(session, outer, (a) => {
    readStored(a, body.stored);
    for (const { type } of body.parameters) callStored(a, a.names.typeFunctions(type));
    callStored(a, a.names.typeFunctions(body.returns));
  });
  if (called.kind === 'aggregate') return result(called, names, [stored], null);
  if (called.language === 'internal' && body.text !== null) {
    // Another name of a function of the server's own (the constructors of range types, aliases): it does what that one does.
    const acts = body.stored === null || body.stored.functions.length > 0;
    return result(called, names, [stored], acts ? null : [nothing]);
  }
  if (body.text === null) {
    // A standard SQL body, which may be empty.
    const isStored = body.stored !== null && (body.stored.commands.length > 0 || called.language === 'sql');
    if (isStored) return result(called, names, [stored], null);
    return isComputing(called, body)
      ? result(called, names, [stored], [nothing])
      : unread(`${title}, which is written in ${called.language}`);
  }
  if (called.language === 'plpgsql') {
    const facts = reader.collect(session, outer, (a) => readProcedural(a, called, body));
    const again = rereadMoved(facts, session, (state) =>
      reader.collect(state, outer, (a) => readProcedural(a, called, body)),
    );
    return result(called, names, [stored, facts, ...again], null);
  }
  const statements = reader.statements(body.text, session, outer);
  if (statements === null) return unread(`${title}, whose body could not be read`);
  const last = statements.at(-1)?.outputs ?? null;
  return result(called, names, [stored, ...statements], last);
}

/**
 * Statements of a block run in loops and arms, so each may run in the state that any other left: where they move names, all are read
 * once more under the state that all together leave.
 */
function rereadMoved(
  facts: StatementFacts,
  session: PostgresSessionState,
  read: (state: PostgresSessionState) => StatementFacts,
): readonly StatementFacts[] {
  const moving = facts.sessionEffects.filter((effect) => effect.type === 'temp' || movesNames([effect]));
  return moving.length === 0 ? [] : [read(moving.reduce(stateAfter, session))];
}

/** Extensions whose functions in C compute, and which only a superuser or the extension itself can define. */
function isComputing(called: CatalogueFunction, body: CatalogueBody): boolean {
  if (called.language !== 'c' || body.extension === null) return false;
  const except = computingExtensions.get(body.extension);
  return except !== undefined && !except.has(called.name);
}

/** Notes what stored queries do: which of their relations a change is made to is not told apart. */
export function readStored(a: Analysis, stored: StoredQueries | null): void {
  if (stored === null) return;
  const changes = stored.commands.filter((command) => command !== 'select');
  if (stored.commands.includes('select')) a.facts.raise('read');
  for (const oid of stored.relations) {
    const relation = a.names.byOid(oid);
    if (relation === null) a.facts.incomplete('names a relation of a definition that the catalogue does not have');
    else noteStored(a, relation, changes);
  }
  if (changes.includes('utility')) {
    a.facts.raise('write');
    a.facts.effect('notify');
  }
  callStored(a, stored.functions);
}

/** All parts together, as one statement that ran; and where its value comes from. */
function result(
  called: CatalogueFunction,
  names: Names,
  parts: readonly StatementFacts[],
  outputs: readonly Flow[] | null,
): FunctionFacts {
  const facts = together(`${called.schema}.${called.name}`, parts);
  const everything: Flow = facts.complete
    ? { known: true, direct: false, columns: facts.columns, wholeRows: [] }
    : notProvable;
  const known = facts.complete && outputs?.every((flow) => flow.known) === true;
  const returned = known ? merged([nothing, ...outputs]) : everything;
  const shape = shapeOf(called, names);
  const columns =
    shape?.map((name, index) => ({
      name,
      flow: known && outputs.length === shape.length ? merged([outputs[index] ?? returned]) : returned,
    })) ?? null;
  return { facts, returned, columns };
}

function together(name: string, parts: readonly StatementFacts[]): StatementFacts {
  const builder = new FactsBuilder();
  builder.command = 'FUNCTION';
  builder.functions.add(name);
  for (const part of parts) builder.absorb(part, { sessionEffects: true });
  return builder.finish({ language: 'postgres-sql', start: 0, end: 0, fingerprint: '', literals: [], hasTexts: false });
}

/** Names of the result's columns; a scalar has one without a name; null when they depend on the call. */
function shapeOf(called: CatalogueFunction, names: Names): readonly string[] | null {
  const { body } = called;
  if (body === null) return null;
  const given = body.parameters.filter(({ mode }) => mode === 'out' || mode === 'inout' || mode === 'table');
  if (given.length > 0) return given.map(({ name }, index) => (name === '' ? `column${index + 1}` : name));
  if (body.returnsRelation !== 0)
    return names.byOid(body.returnsRelation)?.columns.map((column) => column.name) ?? null;
  return /^(pg_catalog\.)?(record|any\w*)$/.test(body.returns) ? null : [''];
}

/** Parameters carry nothing by themselves: what a call hands over is the caller's to follow. */
function parametersOf(called: CatalogueFunction, body: CatalogueBody): Scope {
  const scope = emptyScope(null);
  const columns: readonly OutColumn[] = body.parameters
    .filter(({ name }) => name !== '')
    .map(({ name }) => ({ name, flow: nothing }));
  scope.items.push(itemOf(derivedEntry(called.name, columns, nothing, [])));
  return scope;
}

/** The state a body runs in; null when a setting of its own would make its text mean something else. */
function sessionOf(called: CatalogueFunction, body: CatalogueBody, names: Names): PostgresSessionState | null {
  const caller = names.session;
  let session: PostgresSessionState = { ...caller, prepared: {}, cursors: {} };
  if (called.securityDefiner) {
    // `$user` on the path would now be the owner's schema; the effective path that is known does not say whether and where it stood.
    const moves =
      body.owner !== caller.role &&
      (names.hasSchema(body.owner) || caller.searchPath?.includes(caller.role ?? '') !== false);
    session = { ...session, role: body.owner, searchPath: moves ? null : session.searchPath };
  }
  for (const setting of body.settings) {
    const at = setting.indexOf('=');
    const name = setting.slice(0, at).toLowerCase();
    const value = setting.slice(at + 1);
    if (name === 'search_path') session = { ...session, searchPath: pathOf(value, session.role) };
    else if (judgeSetting(name, value) !== 'harmless') return null;
  }
  return session;
}

/** `"$user", public, "Other"` as schemas in order; null when it is not understood. */
function pathOf(value: string, role: string | null): readonly string[] | null {
  const schemas: string[] = [];
  for (const word of value.match(/"(?:[^"]|"")*"|[^,"]+/g) ?? []) {
    const trimmed = word.trim();
    if (trimmed === '') continue;
    const name = trimmed.startsWith('"') ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed.toLowerCase();
    if (name === '$user') {
      if (role === null) return null;
      schemas.push(role);
    } else schemas.push(name);
  }
  return schemas;
}
