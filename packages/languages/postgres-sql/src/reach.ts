/**
 * What reading and writing a relation reaches beside it: views and what is behind them, partitions, row policies, triggers, rules,
 * foreign keys, defaults and checks, with the functions that these run.
 */
import type { EffectVerb, ObjectRef } from '@sluice/domain';
import type { Analysis } from './analysis.ts';
import { callKnown, callStored } from './calls.ts';
import type { CatalogueReference, CatalogueRelation, ChangeVerb, ReferenceAction } from './context.ts';
import { entryOf } from './entries.ts';
import type { ResolvedRelation } from './names.ts';

/** Relations of the system that hold credentials, or show the server's files through a function. */
const guarded: ReadonlySet<string> = new Set(
  `authid shadow user_mapping user_mappings hba_file_rules ident_file_mappings file_settings`
    .split(' ')
    .map((name) => `pg_catalog.pg_${name}`),
);

/** Statistics show stored values of other relations, in arrays of any type: no lineage follows them. */
const showsValues: ReadonlySet<string> = new Set(
  'statistic statistic_ext_data stats stats_ext stats_ext_exprs'.split(' ').map((name) => `pg_catalog.pg_${name}`),
);

/** Notes that a relation is read: itself, what is behind it when it is a view, and why it may not be known. */
export function readRelation(a: Analysis, resolved: ResolvedRelation): void {
  a.facts.read(resolved.ref);
  a.facts.effect('read', resolved.ref);
  if (resolved.problem !== null) {
    if (a.mode !== 'store') a.facts.incomplete(resolved.problem);
    return;
  }
  if (a.mode === 'run' && resolved.system !== null && guarded.has(`${resolved.system.schema}.${resolved.system.name}`))
    a.facts.raise('privilege');
  if (a.mode === 'run' && showsValues.has(`${resolved.ref.schema ?? 'pg_catalog'}.${resolved.ref.name}`))
    a.facts.incomplete('reads statistics, which show stored values of other relations');
  const { relation } = resolved;
  if (relation !== null) reachedByReading(a, relation);
}

/** Reading a parent reads its children, reading a view what is behind it; both run what row policies and view queries call. */
function reachedByReading(a: Analysis, relation: CatalogueRelation): void {
  if (!first(a, relation, 'read')) return;
  if (relation.kind === 'foreign-table') refuseForeign(a, 'reads');
  if (relation.dependsOn.length > 0) for (const ref of a.names.behind(relation).relations) a.facts.read(ref);
  if (a.mode === 'store') return;
  if (a.names.hasActingTypes) for (const column of relation.columns) a.facts.columnTypes.add(column.type);
  noteDefinitions(a, relation, relation.readFunctions, false);
  noteLiterals(a, relation);
  for (const { relation: oid } of relation.dependsOn) withRelation(a, oid, (one) => reachedByReading(a, one));
  for (const oid of relation.children) {
    withRelation(a, oid, (child) => {
      a.facts.read(refOf(child));
      reachedByReading(a, child);
    });
  }
}

export interface WriteScope {
  /** The columns that an UPDATE assigns; null: any. */
  readonly columns?: ReadonlySet<string> | null;
  /** TRUNCATE … CASCADE. */
  readonly cascades?: boolean;
  /** ONLY: not the relations that inherit from it. */
  readonly only?: boolean;
  /** An UPDATE that sets a column to its default. */
  readonly defaults?: boolean;
}

/** Notes a write: the relation and all that writing it reaches. */
export function noteWrite(a: Analysis, resolved: ResolvedRelation, verb: EffectVerb, scope: WriteScope = {}): void {
  a.facts.raise('write');
  a.facts.effect(verb, resolved.ref);
  a.facts.write(resolved.ref);
  if (resolved.problem !== null && a.mode !== 'store') a.facts.incomplete(resolved.problem);
  if (resolved.system !== null) {
    a.facts.raise('privilege');
    a.facts.effect('widen', resolved.ref);
  }
  const { relation } = resolved;
  if (relation === null) return;
  if (resolved.problem === null && isChange(verb)) reachedByWriting(a, relation, verb, scope);
}

const changes: readonly string[] = ['insert', 'update', 'delete', 'truncate'] satisfies ChangeVerb[];

function isChange(verb: EffectVerb): verb is ChangeVerb {
  return changes.includes(verb);
}

/** A relation that a stored query names: it is read, and where the query changes anything it counts as changed. */
export function noteStored(a: Analysis, relation: CatalogueRelation, commands: readonly string[]): void {
  const resolved: ResolvedRelation = { ref: refOf(relation), relation, system: null, problem: null };
  readRelation(a, resolved);
  for (const column of entryOf(a, resolved).columns ?? []) a.facts.flow(column.flow);
  for (const command of commands) {
    if (command === 'merge') for (const verb of ['insert', 'update', 'delete'] as const) noteWrite(a, resolved, verb);
    else if (command === 'insert' || command === 'update' || command === 'delete') noteWrite(a, resolved, command);
  }
}

function reachedByWriting(a: Analysis, relation: CatalogueRelation, verb: ChangeVerb, scope: WriteScope): void {
  if (!first(a, relation, keyOf(verb, scope))) return;
  if (relation.kind === 'foreign-table') refuseForeign(a, 'writes');
  // Planning an EXPLAIN'ed change fires nothing; rules are applied to its text all the same.
  if (a.mode === 'store') return;
  const replaced = a.mode === 'run' ? fire(a, relation, verb) : false;
  const ruled = applyRules(a, relation, verb);
  if (!replaced && !ruled)
    for (const base of writtenBehind(a, relation)) reachFurther(a, base, verb, scopeBehind(relation, base, scope));
  if (scope.only !== true)
    for (const oid of relation.children) withRelation(a, oid, (child) => reachChild(a, relation, child, verb, scope));
  if (verb !== 'truncate') {
    if (verb === 'insert' || (verb === 'update' && scope.defaults === true))
      for (const oid of relation.sequences) withRelation(a, oid, (one) => a.facts.write(refOf(one)));
    noteDefinitions(a, relation, relation.writeFunctions, true);
    callStored(a, a.names.typeFunctions(relation.name));
    noteLiterals(a, relation);
  }
  if (a.mode === 'run') followKeys(a, relation, verb, scope);
}

/** A literal beside such a column takes its type: no cast shows it. */
function noteLiterals(a: Analysis, relation: CatalogueRelation): void {
  if (relation.columns.some((column) => a.names.checksWhileParsed(column.type))) a.facts.checksTexts = true;
}

function reachChild(
  a: Analysis,
  parent: CatalogueRelation,
  child: CatalogueRelation,
  verb: ChangeVerb,
  scope: WriteScope,
): void {
  // Inheritance sends no new row to a child; partitioning does, and an UPDATE may move a row from one partition to another.
  if (verb === 'insert' && parent.kind !== 'partitioned-table') return;
  reachFurther(a, child, verb, scope);
  if (verb !== 'update' || parent.kind !== 'partitioned-table' || a.mode !== 'run') return;
  fire(a, child, 'delete');
  fire(a, child, 'insert');
}

/** A relation that is written by way of another one. */
function reachFurther(a: Analysis, relation: CatalogueRelation, verb: ChangeVerb, scope: WriteScope): void {
  a.facts.write(refOf(relation));
  if (a.mode === 'run') a.facts.effect(verb, refOf(relation));
  reachedByWriting(a, relation, verb, scope);
}

/** True when an INSTEAD OF trigger takes the place of the write. */
function fire(a: Analysis, relation: CatalogueRelation, verb: ChangeVerb): boolean {
  let replaced = false;
  for (const trigger of relation.triggers) {
    if (!trigger.verbs.includes(verb)) continue;
    replaced ||= trigger.instead;
    const called = a.names.functionByOid(trigger.function);
    if (called === null) a.facts.incomplete('fires a trigger whose function is not known');
    else callKnown(a, called, 'beside');
  }
  return replaced;
}

/** True when a rule stands in the place of the write. */
function applyRules(a: Analysis, relation: CatalogueRelation, verb: ChangeVerb): boolean {
  let replaced = false;
  for (const rule of relation.rules) {
    if (rule.verb !== verb) continue;
    replaced ||= rule.instead;
    for (const oid of rule.actions.relations) {
      withRelation(a, oid, (one) => {
        if (one.oid !== relation.oid) noteStored(a, one, rule.actions.commands);
      });
    }
    if (rule.actions.commands.includes('utility')) a.facts.effect('notify');
    callStored(a, rule.actions.functions);
  }
  return replaced;
}

/** The relations that writing a view writes: those its query stands on, where nothing takes the write's place. */
function writtenBehind(a: Analysis, relation: CatalogueRelation): readonly CatalogueRelation[] {
  if (relation.kind !== 'view') return [];
  const behind = new Set(relation.dependsOn.map((one) => one.relation));
  return [...behind].flatMap((oid) => {
    const found = a.names.byOid(oid);
    return found === null || found.oid === relation.oid ? [] : [found];
  });
}

/** What a view's columns are called behind it. Whether heirs are left out is for its query to say. */
function scopeBehind(view: CatalogueRelation, base: CatalogueRelation, scope: WriteScope): WriteScope {
  const columns = new Set<string>();
  let known = scope.columns !== undefined && scope.columns !== null;
  for (const name of scope.columns ?? []) {
    const origin = view.columns.find((column) => column.name === name)?.origin ?? null;
    const under = base.columns.find((column) => column.attribute === origin?.attribute);
    if (origin?.relation === base.oid && under !== undefined) columns.add(under.name);
    else known = false;
  }
  return { columns: known ? columns : null, cascades: scope.cascades ?? false, defaults: scope.defaults ?? false };
}

function followKeys(a: Analysis, relation: CatalogueRelation, verb: ChangeVerb, scope: WriteScope): void {
  for (const reference of relation.referencedBy) {
    const reached = verbOf(relation, reference, verb, scope);
    if (reached === null) continue;
    // SET DEFAULT may count a sequence up.
    const further: WriteScope = { cascades: scope.cascades ?? false, defaults: reached === 'update' };
    withRelation(a, reference.relation, (one) => reachFurther(a, one, reached, further));
  }
}

const deleteReaches: Readonly<Record<ReferenceAction, ChangeVerb | null>> = {
  none: null,
  cascade: 'delete',
  set: 'update',
};

function verbOf(
  relation: CatalogueRelation,
  reference: CatalogueReference,
  verb: ChangeVerb,
  scope: WriteScope,
): ChangeVerb | null {
  if (verb === 'truncate') return scope.cascades === true ? 'truncate' : null;
  if (verb === 'delete') return deleteReaches[reference.onDelete];
  if (verb !== 'update' || reference.onUpdate === 'none') return null;
  // A trigger may change the key of the row that it is given.
  if (relation.triggers.some((trigger) => trigger.verbs.includes('update'))) return 'update';
  const { columns = null } = scope;
  const keys = relation.columns.filter((column) => reference.attributes.includes(column.attribute));
  return columns === null || keys.some((column) => columns.has(column.name)) ? 'update' : null;
}

function noteDefinitions(
  a: Analysis,
  relation: CatalogueRelation,
  functions: readonly number[],
  sequencesKnown: boolean,
): void {
  if (!relation.definitionsKnown) a.facts.incomplete('uses a definition that Sluice could not read');
  callStored(a, functions, sequencesKnown);
}

function refuseForeign(a: Analysis, what: string): void {
  if (a.mode !== 'store') a.facts.incomplete(`${what} a foreign table, whose server Sluice does not see`);
}

function withRelation(a: Analysis, oid: number, use: (relation: CatalogueRelation) => void): void {
  const found = a.names.byOid(oid);
  if (found !== null) {
    if (a.mode !== 'store' && a.names.isTouched(found.schema, found.name))
      a.facts.incomplete('reaches a relation whose definition this transaction changed');
    use(found);
  }
  if (found === null && a.mode !== 'store') a.facts.incomplete('reaches a relation that the catalogue does not have');
}

/** Changes of one relation that differ in what they assign or leave out reach different things. */
function keyOf(verb: ChangeVerb, { columns, cascades, only, defaults }: WriteScope): string {
  const assigned = columns === undefined || columns === null ? null : [...columns].sort();
  return JSON.stringify([verb, cascades === true, only === true, defaults === true, assigned]);
}

/** Once per statement, so that keys and partitions that lead back do not go round. */
function first(a: Analysis, relation: CatalogueRelation, what: string): boolean {
  const key = `${a.mode} ${relation.oid} ${what}`;
  if (a.reached.has(key)) return false;
  a.reached.add(key);
  return true;
}

function refOf(relation: CatalogueRelation): ObjectRef {
  return { type: 'relation', schema: relation.schema, name: relation.name };
}
