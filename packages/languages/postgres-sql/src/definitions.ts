/** Reads statements that create definitions or maintain stored data. What is only stored (bodies, defaults, view queries) does not run. */
import type { EffectVerb, ObjectRef } from '@sluice/domain';
import { type Analysis, resolveRangeVar, type StatementReader } from './analysis.ts';
import { callStored } from './calls.ts';
import type { CatalogueRelation } from './context.ts';
import { nameOfCall } from './function-calls.ts';
import { noteWrite, readRelation } from './reach.ts';
import { emptyScope, itemOf, relationEntry, type Scope } from './scope.ts';
import { flagAt, listAt, payload, payloadsAt, type Tree, textAt, treeAt, unwrap, wordsAt } from './tree.ts';

/** Notes a changed definition, and that later statements of the session must not trust what they know of it. */
export function noteDefinition(a: Analysis, verb: EffectVerb, object: ObjectRef | null): void {
  a.facts.raise('schema');
  fireEventTriggers(a);
  a.facts.effect(verb, object);
  if (object !== null) a.facts.write(object);
  const named = object !== null && object.schema !== null && (object.type === 'relation' || object.type === 'function');
  a.facts.session({ type: 'ddl', objects: [named ? `${object.schema}.${object.name}` : '*'] });
}

/** What event triggers run for this command, whatever it is about: their filters are not read. */
export function fireEventTriggers(a: Analysis): void {
  if (a.mode === 'run') callStored(a, a.names.catalogue?.eventTriggerFunctions ?? []);
}

/** Walks a payload whose parts are only stored. */
export function storePayload(a: Analysis, node: unknown, scope: Scope | null = null): void {
  a.stored((inner) => inner.expression(node, scope ?? emptyScope(null)));
}

/** The scope in which expressions over one relation's columns stand. */
export function scopeOf(a: Analysis, rangeVar: Tree): Scope {
  const scope = emptyScope(null);
  scope.items.push(itemOf(relationEntry(a.names, resolveRangeVar(a, rangeVar), null, [])));
  return scope;
}

/** The relation a CREATE makes: it has no definition yet, so an unknown name is no reason to doubt. */
export function createRelation(a: Analysis, rangeVar: Tree): void {
  a.understood.add(rangeVar);
  const written = textAt(rangeVar, 'schemaname');
  const asked = textAt(rangeVar, 'relpersistence') === 't' || /^pg_temp/.test(written);
  const schema = asked ? 'pg_temp' : written === '' ? a.names.creationSchema() : written;
  const temporary = schema === 'pg_temp';
  if (temporary) a.facts.session({ type: 'temp' });
  if (schema === null) a.facts.incomplete('creates a relation while the search path is not known');
  noteDefinition(a, 'create', { type: 'relation', schema, name: textAt(rangeVar, 'relname') });
}

/** `CREATE TABLE`, also foreign ones through `base`. Only partition bounds are evaluated when it runs. */
function createTable(a: Analysis, node: Tree): void {
  createRelation(a, treeAt(node, 'relation') ?? {});
  for (const key in node) if (key !== 'relation' && key !== 'partbound') storePayload(a, node[key]);
  a.expression(node.partbound, emptyScope(null));
}

function createTableAs(a: Analysis, node: Tree): void {
  const query = treeAt(node, 'query') ?? {};
  const facts = a.inner(query);
  a.facts.absorb(facts, { sessionEffects: true });
  a.facts.nested.push(facts);
  readInto(a, treeAt(node, 'into'));
}

/** The relation of CREATE TABLE AS and SELECT INTO. */
export function readInto(a: Analysis, into: Tree | null): void {
  if (into === null) return;
  createRelation(a, treeAt(into, 'rel') ?? {});
  storePayload(a, into.options);
}

function createView(a: Analysis, node: Tree): void {
  createRelation(a, treeAt(node, 'view') ?? {});
  if (flagAt(node, 'replace')) a.facts.effect('alter');
  storePayload(a, node.query);
}

function createIndex(a: Analysis, node: Tree): void {
  const rangeVar = treeAt(node, 'relation') ?? {};
  const scope = scopeOf(a, rangeVar);
  noteDefinition(a, 'create', a.relations.get(rangeVar) ?? null);
  // Building it evaluates its expressions for every row.
  for (const key in node) if (key !== 'relation') a.expression(node[key], scope);
}

/** Languages whose functions stay inside SQL; every other one reaches the host or the server's memory. */
const containedLanguages: ReadonlySet<string> = new Set(['sql', 'plpgsql']);

function createFunction(a: Analysis, node: Tree): void {
  const { schema, name } = nameOfCall(wordsAt(node, 'funcname'));
  const object: ObjectRef = { type: 'function', schema: schema ?? a.names.creationSchema(), name };
  noteDefinition(a, 'create', object);
  if (flagAt(node, 'replace')) a.facts.effect('alter', object);
  for (const option of payloadsAt(node, 'options', 'DefElem')) {
    const language =
      textAt(option, 'defname') === 'language'
        ? textAt(payload(treeAt(option, 'arg') ?? {}, 'String') ?? {}, 'sval')
        : 'sql';
    if (containedLanguages.has(language.toLowerCase())) continue;
    a.facts.raise('privilege');
    a.facts.effect('widen', { type: 'other', schema: null, name: language });
  }
  for (const key of ['parameters', 'options', 'sql_body', 'returnType']) storePayload(a, node[key]);
}

/** Trigger, rule: a definition on a relation. */
function createOnRelation(a: Analysis, node: Tree): void {
  const rangeVar = treeAt(node, 'relation') ?? {};
  const scope = scopeOf(a, rangeVar);
  const object = a.relations.get(rangeVar) ?? null;
  noteDefinition(a, 'create', object);
  if (object !== null) a.facts.effect('alter', object);
  const functionName = wordsAt(node, 'funcname');
  if (functionName.length > 0) a.facts.functions.add(functionName.join('.'));
  for (const key in node) if (key !== 'relation') storePayload(a, node[key], scope);
}

/** A definition that this reading does not look into further: types, operators, sequences, comments. */
function define(verb: EffectVerb): StatementReader {
  return (a, node) => {
    noteDefinition(a, verb, null);
    storePayload(a, node);
  };
}

function createSequence(a: Analysis, node: Tree): void {
  createRelation(a, treeAt(node, 'sequence') ?? {});
  storePayload(a, node.options);
}

function createSchema(a: Analysis, node: Tree): void {
  noteDefinition(a, 'create', { type: 'schema', schema: null, name: textAt(node, 'schemaname') });
  for (const element of listAt(node, 'schemaElts')) {
    const facts = a.inner(element);
    a.facts.nested.push(facts);
    a.facts.absorb(facts, { sessionEffects: true });
  }
  if (treeAt(node, 'authrole') !== null) a.facts.raise('privilege');
}

function comment(a: Analysis, node: Tree): void {
  a.facts.raise('schema');
  fireEventTriggers(a);
  a.facts.effect('alter');
  storePayload(a, node.object);
}

/** TRUNCATE: a write of every row. */
function truncate(a: Analysis, node: Tree): void {
  a.facts.filtered('absent');
  a.facts.destroys('a TRUNCATE');
  for (const item of listAt(node, 'relations')) {
    const rangeVar = payload(item, 'RangeVar');
    if (rangeVar === null) continue;
    const resolved = resolveRangeVar(a, rangeVar);
    if (flagAt(node, 'restart_seqs') && resolved.relation !== null) noteRestarted(a, resolved.relation);
    noteWrite(a, resolved, 'truncate', {
      only: rangeVar.inh !== true,
      cascades: textAt(node, 'behavior') === 'DROP_CASCADE',
    });
  }
  a.facts.raise('write');
}

/** RESTART IDENTITY: the sequences that the columns of the relation, and of what inherits from it, own. */
function noteRestarted(a: Analysis, relation: CatalogueRelation): void {
  for (const { sequences } of [relation, ...a.names.descendants(relation)]) {
    for (const oid of sequences) {
      const found = a.names.byOid(oid);
      if (found !== null) a.facts.write({ type: 'relation', schema: found.schema, name: found.name });
    }
  }
}

/** True for what rewrites whole tables: VACUUM FULL and CLUSTER. */
function rewritesTables(a: Analysis, node: Tree): boolean {
  if (a.facts.command === 'CLUSTER') return true;
  const full = payloadsAt(node, 'options', 'DefElem').some((option) => textAt(option, 'defname') === 'full');
  return a.facts.command === 'VACUUM' && full;
}

function refresh(a: Analysis, node: Tree): void {
  fireEventTriggers(a);
  maintain(a, node);
}

/** The first version in which event triggers fire for REINDEX (its release notes). */
const reindexFires = 170_000;

function reindex(a: Analysis, node: Tree): void {
  if ((a.names.catalogue?.serverVersion ?? 0) >= reindexFires) fireEventTriggers(a);
  maintain(a, node);
}

/** VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH: rewrites stored data in place. Index expressions and view queries run. */
function maintain(a: Analysis, node: Tree): void {
  a.facts.raise('schema');
  a.facts.effect('maintain');
  const relations = [
    treeAt(node, 'relation'),
    ...listAt(node, 'rels').map((item) => treeAt(payload(item, 'VacuumRelation') ?? {}, 'relation')),
  ];
  for (const rangeVar of relations) {
    if (rangeVar === null) continue;
    const resolved = resolveRangeVar(a, rangeVar);
    a.facts.effect('maintain', resolved.ref);
    a.facts.write(resolved.ref);
    // Index expressions are evaluated anew, and so is a materialized view's query.
    const { relation } = resolved;
    if (relation === null) continue;
    callStored(a, [...relation.readFunctions, ...relation.writeFunctions], true);
    for (const { schema, name } of a.names.descendants(relation)) a.facts.write({ type: 'relation', schema, name });
  }
  if (relations.every((rangeVar) => rangeVar === null) && rewritesTables(a, node))
    a.facts.incomplete('rewrites tables that it does not name');
  for (const key of ['options', 'params']) storePayload(a, node[key]);
}

/** PostgreSQL's number of ACCESS SHARE, the lock that a SELECT takes (lockdefs.h). */
const accessShareLock = 1;

function lockTable(a: Analysis, node: Tree): void {
  const strong = node.mode !== accessShareLock;
  a.facts.raise(strong ? 'write' : 'read');
  for (const item of listAt(node, 'relations')) {
    const { node: rangeVar } = unwrap(item);
    const resolved = resolveRangeVar(a, rangeVar);
    readRelation(a, resolved);
    a.facts.effect('lock', resolved.ref);
    if (strong) a.facts.write(resolved.ref);
  }
}

export const definitionReaders: Readonly<Record<string, StatementReader>> = {
  CreateStmt: createTable,
  CreateTableAsStmt: createTableAs,
  ViewStmt: createView,
  IndexStmt: createIndex,
  CreateFunctionStmt: createFunction,
  CreateTrigStmt: createOnRelation,
  RuleStmt: createOnRelation,
  CreateSeqStmt: createSequence,
  CreateSchemaStmt: createSchema,
  CreateStatsStmt: define('create'),
  CreateEnumStmt: define('create'),
  CreateRangeStmt: define('create'),
  CompositeTypeStmt: define('create'),
  CreateDomainStmt: define('create'),
  DefineStmt: define('create'),
  CreateCastStmt: define('create'),
  CreateConversionStmt: define('create'),
  CreateOpClassStmt: define('create'),
  CreateOpFamilyStmt: define('create'),
  CreateTransformStmt: define('create'),
  CommentStmt: comment,
  TruncateStmt: truncate,
  VacuumStmt: maintain,
  ClusterStmt: maintain,
  ReindexStmt: reindex,
  RefreshMatViewStmt: refresh,
  LockStmt: lockTable,
};
