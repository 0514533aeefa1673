/** Reads ALTER, RENAME and DROP: which of them only add, and which take something away. */
import type { ObjectRef } from '@sluice/domain';
import { type Analysis, resolveRangeVar, type StatementReader } from './analysis.ts';
import { callStored } from './calls.ts';
import { objectWords } from './command-names.ts';
import { noteDefinition, scopeOf, storePayload } from './definitions.ts';
import { nameOfCall } from './function-calls.ts';
import { nothing } from './lineage.ts';
import { derivedEntry, emptyScope, itemOf } from './scope.ts';
import { itemsOf, listAt, payload, type Tree, textAt, treeAt, wordsAt, wordsOf } from './tree.ts';

/** Parts of ALTER TABLE that add or tune without taking anything away. Every other part is judged destructive. */
const additiveParts: ReadonlySet<string> = new Set(
  `AT_AddColumn AT_AddColumnToView AT_ColumnDefault AT_CookedColumnDefault AT_SetNotNull AT_SetStatistics AT_SetOptions AT_ResetOptions AT_SetStorage
  AT_SetCompression AT_AddIndex AT_AddConstraint AT_AlterConstraint AT_ValidateConstraint AT_AddIndexConstraint AT_ClusterOn AT_DropCluster
  AT_SetLogged AT_SetTableSpace AT_SetRelOptions AT_ResetRelOptions AT_ReplaceRelOptions AT_EnableTrig AT_EnableAlwaysTrig AT_EnableTrigAll
  AT_EnableTrigUser AT_EnableRule AT_EnableAlwaysRule AT_AddInherit AT_AddOf AT_AttachPartition AT_AddIdentity AT_SetIdentity`.split(
    /\s+/,
  ),
);

/** Parts that change who may see or do what, or switch the checks off. */
const privilegeParts: ReadonlySet<string> = new Set(
  `AT_ChangeOwner AT_EnableRowSecurity AT_DisableRowSecurity AT_ForceRowSecurity AT_NoForceRowSecurity AT_ReplicaIdentity AT_DisableTrig
  AT_DisableTrigAll AT_DisableTrigUser AT_DisableRule AT_EnableReplicaTrig AT_EnableReplicaRule AT_GenericOptions AT_AlterColumnGenericOptions`.split(
    /\s+/,
  ),
);

/** View options that decide whose rights a view reads with. */
const securityOptions: ReadonlySet<string> = new Set(['security_invoker', 'security_barrier', 'check_option']);

function alterTable(a: Analysis, node: Tree): void {
  const rangeVar = treeAt(node, 'relation') ?? {};
  const scope = scopeOf(a, rangeVar);
  const object = a.relations.get(rangeVar) ?? null;
  noteDefinition(a, 'alter', object);
  // Many parts write the table anew, which evaluates its checks, generated columns and index expressions.
  if (object !== null) callStored(a, a.names.relation(object.schema, object.name).relation?.writeFunctions ?? [], true);
  noteReached(a, rangeVar, object);
  for (const item of listAt(node, 'cmds')) {
    const part = payload(item, 'AlterTableCmd');
    const subtype = part === null ? '' : textAt(part, 'subtype');
    const options =
      part === null
        ? []
        : itemsOf(treeAt(part, 'def') ?? {}).map((option) => textAt(payload(option, 'DefElem') ?? {}, 'defname'));
    if (privilegeParts.has(subtype) || options.some((option) => securityOptions.has(option))) widen(a, object);
    else if (!additiveParts.has(subtype) || dropsDefault(part)) loses(a, object, 'an ALTER that drops or retypes');
    // An index that is attached is no relation of the catalogue.
    if (textAt(node, 'objtype') === 'OBJECT_INDEX')
      a.understood.add(treeAt(payload(treeAt(part ?? {}, 'def') ?? {}, 'PartitionCmd') ?? {}, 'name') ?? {});
    // Defaults of new columns, USING and checks are evaluated for the rows that are there.
    if (textAt(node, 'objtype') !== 'OBJECT_INDEX' || subtype !== 'AT_AttachPartition')
      a.expression(part ?? item, scope);
  }
}

/** Without ONLY an ALTER reaches what inherits from the relation; both are rewritten with the sequences that their columns own. */
function noteReached(a: Analysis, rangeVar: Tree, object: ObjectRef | null): void {
  if (object === null) return;
  const { relation } = a.names.relation(object.schema, object.name);
  if (relation === null) return;
  const reached = rangeVar.inh === true ? [relation, ...a.names.descendants(relation)] : [relation];
  for (const one of reached) {
    for (const oid of [one.oid, ...one.sequences]) {
      const found = a.names.byOid(oid);
      if (found !== null) a.facts.write({ type: 'relation', schema: found.schema, name: found.name });
    }
  }
}

/** `ALTER COLUMN … DROP DEFAULT` is the same part as SET DEFAULT, without a default. */
function dropsDefault(part: Tree | null): boolean {
  return part !== null && textAt(part, 'subtype') === 'AT_ColumnDefault' && part.def === undefined;
}

function widen(a: Analysis, object: ObjectRef | null): void {
  a.facts.raise('privilege');
  a.facts.effect('widen', object);
}

function loses(a: Analysis, object: ObjectRef | null, because: string): void {
  a.facts.effect('alter-destructive', object);
  a.facts.destroys(because);
}

/** A definition that is tuned or added to. */
function alter(a: Analysis, node: Tree): void {
  noteDefinition(a, 'alter', null);
  storePayload(a, node);
}

function alterSequence(a: Analysis, node: Tree): void {
  noteDefinition(a, 'alter', resolveRangeVar(a, treeAt(node, 'sequence') ?? {}).ref);
  storePayload(a, node.options);
}

function moveAll(a: Analysis, node: Tree): void {
  alter(a, node);
  a.facts.incomplete('moves relations that it does not name');
}

const roleObjects: ReadonlySet<string> = new Set([
  'OBJECT_ROLE',
  'OBJECT_DATABASE',
  'OBJECT_TABLESPACE',
  'OBJECT_POLICY',
  'OBJECT_FDW',
  'OBJECT_FOREIGN_SERVER',
]);

/** RENAME and SET SCHEMA: whoever uses the old name loses it. */
function moveName(a: Analysis, node: Tree): void {
  const rangeVar = treeAt(node, 'relation');
  const object = rangeVar === null ? null : resolveRangeVar(a, rangeVar).ref;
  noteDefinition(a, 'alter', object);
  // The new name shadows or frees other names.
  a.facts.session({ type: 'ddl', objects: ['*'] });
  loses(a, object, 'a name that others use is taken away');
  if (roleObjects.has(textAt(node, 'renameType'))) widen(a, object);
  storePayload(a, node.object);
}

function alterDomain(a: Analysis, node: Tree): void {
  alter(a, node);
  // A new or validated check is run for every value that is stored, with the domain's others.
  if (/^[CV]/.test(textAt(node, 'subtype')) || /Add|Validate/.test(textAt(node, 'subtype'))) {
    callStored(a, a.names.typeFunctions(wordsAt(node, 'typeName').at(-1) ?? ''));
    const scope = emptyScope(null);
    scope.items.push(itemOf(derivedEntry('', [{ name: 'value', flow: nothing }], nothing, [])));
    a.expression(node.def, scope);
  }
  // 'X' drops a constraint, 'O' drops NOT NULL (parsenodes.h, AlterDomainStmt).
  if (/^[XO]/.test(textAt(node, 'subtype')) || /Drop/.test(textAt(node, 'subtype')))
    loses(a, null, 'an ALTER that drops or retypes');
}

const privilegeObjects: ReadonlySet<string> = new Set(
  `OBJECT_EXTENSION OBJECT_POLICY OBJECT_LANGUAGE OBJECT_FDW OBJECT_FOREIGN_SERVER OBJECT_PUBLICATION OBJECT_EVENT_TRIGGER OBJECT_ACCESS_METHOD
  OBJECT_SUBSCRIPTION OBJECT_USER_MAPPING OBJECT_TRANSFORM`.split(/\s+/),
);
const relationObjects: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
  'OBJECT_FOREIGN_TABLE',
]);

function drop(a: Analysis, node: Tree): void {
  const type = textAt(node, 'removeType');
  a.facts.destroys(`a DROP ${objectWords(type)}`);
  if (privilegeObjects.has(type)) a.facts.raise('privilege');
  for (const item of listAt(node, 'objects')) noteDefinition(a, 'drop', droppedObject(a, type, item));
  if (type !== 'OBJECT_TABLE') a.facts.session({ type: 'ddl', objects: ['*'] });
  // CASCADE takes views, keys and rows of other objects along that the text does not name.
  if (textAt(node, 'behavior') === 'DROP_CASCADE') a.facts.session({ type: 'ddl', objects: ['*'] });
  a.stored((inner) =>
    inner.expression(
      listAt(node, 'objects').filter((item) => payload(item, 'ObjectWithArgs') !== null),
      emptyScope(null),
    ),
  );
}

function droppedObject(a: Analysis, type: string, item: Tree): ObjectRef | null {
  const words = payload(item, 'List') === null ? wordsOf([item]) : wordsOf(itemsOf(item));
  if (relationObjects.has(type)) {
    const { schema, name } = nameOfCall(words);
    return schema === null ? a.names.relation(null, name).ref : { type: 'relation', schema, name };
  }
  if (type === 'OBJECT_SCHEMA') return { type: 'schema', schema: null, name: words.at(-1) ?? '' };
  const call = payload(item, 'ObjectWithArgs');
  if (call !== null) {
    const { schema, name } = nameOfCall(wordsAt(call, 'objname'));
    return { type: 'function', schema, name };
  }
  const typeName = payload(item, 'TypeName');
  if (typeName !== null) {
    const { schema, name } = nameOfCall(wordsAt(typeName, 'names'));
    return { type: 'type', schema, name };
  }
  return { type: 'other', schema: null, name: words.join('.') };
}

export const alterationReaders: Readonly<Record<string, StatementReader>> = {
  AlterTableStmt: alterTable,
  RenameStmt: moveName,
  AlterObjectSchemaStmt: moveName,
  DropStmt: drop,
  AlterDomainStmt: alterDomain,
  AlterEnumStmt: alter,
  AlterSeqStmt: alterSequence,
  AlterFunctionStmt: alter,
  AlterObjectDependsStmt: alter,
  AlterOperatorStmt: alter,
  AlterTypeStmt: alter,
  AlterOpFamilyStmt: alter,
  AlterStatsStmt: alter,
  AlterTSConfigurationStmt: alter,
  AlterTSDictionaryStmt: alter,
  AlterCollationStmt: alter,
  AlterTableMoveAllStmt: moveAll,
};
