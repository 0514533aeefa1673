/** Reads INSERT, UPDATE, DELETE and MERGE: what they write, how their rows are chosen, and what RETURNING shows. */
import type { ColumnRef } from '@sluice/domain';
import { type Analysis, type QueryColumns, resolveRangeVar, visit } from './analysis.ts';
import { entryOf } from './entries.ts';
import { attachColumn } from './expressions.ts';
import { type FilterProof, filterProof } from './filter.ts';
import type { ResolvedRelation } from './names.ts';
import { readTargets, readWith } from './queries.ts';
import { noteWrite, readRelation, type WriteScope } from './reach.ts';
import { type Entry, emptyScope, itemOf, type Scope, withoutItems } from './scope.ts';
import {
  childAt,
  itemsOf,
  listAt,
  payload,
  payloadsAt,
  payloadsOf,
  type Tree,
  textAt,
  treeAt,
  wordsAt,
} from './tree.ts';

export const changeTags: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/** Reads a data-modifying statement and returns the columns of its RETURNING list. */
export function readChange(a: Analysis, tag: string, node: Tree, outer: Scope): QueryColumns {
  visit(a);
  a.understood.add(node);
  const scope = emptyScope(outer);
  readWith(a, treeAt(node, 'withClause'), scope);
  switch (tag) {
    case 'InsertStmt':
      return readInsert(a, node, scope);
    case 'UpdateStmt':
      return readUpdate(a, node, scope);
    case 'DeleteStmt':
      return readDelete(a, node, scope);
    case 'MergeStmt':
      return readMerge(a, node, scope);
    default:
      a.facts.incomplete('changes data by a statement of an unknown kind');
      a.expression(node, scope);
      return null;
  }
}

interface Target {
  readonly resolved: ResolvedRelation;
  readonly entry: Entry;
  readonly only: boolean;
}

/** The relation that is written. A common table expression can never be meant here. */
function writtenRelation(a: Analysis, node: Tree): Target {
  const rangeVar = treeAt(node, 'relation') ?? {};
  const resolved = resolveRangeVar(a, rangeVar);
  const alias = treeAt(rangeVar, 'alias');
  const entry = entryOf(
    a,
    resolved,
    alias === null ? null : textAt(alias, 'aliasname'),
    alias === null ? [] : wordsAt(alias, 'colnames'),
  );
  return { resolved, entry, only: rangeVar.inh !== true };
}

function columnOf(target: Target, name: string): ColumnRef {
  return { schema: target.resolved.ref.schema, relation: target.resolved.ref.name, column: name };
}

/** `column = value` lists of UPDATE, ON CONFLICT and MERGE. */
function readAssignments(a: Analysis, targets: readonly Tree[], target: Target, scope: Scope): void {
  for (const item of targets) {
    const assignment = payload(item, 'ResTarget');
    if (assignment === null) continue;
    const column = columnOf(target, textAt(assignment, 'name'));
    a.facts.column(column);
    a.expression(assignment.indirection, scope);
    const value = treeAt(assignment, 'val');
    if (value === null) continue;
    const several = payload(value, 'MultiAssignRef');
    if (several === null) attachColumn(a, value, column);
    else {
      const row = childAt(several, 'source', 'RowExpr');
      const part = row === null ? undefined : listAt(row, 'args')[(several.colno as number) - 1];
      if (part !== undefined) attachColumn(a, part, column);
    }
    a.expression(value, scope);
  }
}

function readInsert(a: Analysis, node: Tree, scope: Scope): QueryColumns {
  const target = writtenRelation(a, node);
  noteWrite(a, target.resolved, 'insert');
  const listed = payloadsAt(node, 'cols', 'ResTarget');
  const names =
    listed.length > 0
      ? listed.map((column) => textAt(column, 'name'))
      : (target.resolved.relation?.columns.map((column) => column.name) ?? []);
  for (const column of listed) {
    a.facts.column(columnOf(target, textAt(column, 'name')));
    a.expression(column.indirection, scope);
  }
  const select = childAt(node, 'selectStmt', 'SelectStmt');
  if (select !== null) {
    for (const row of sourceRows(select)) {
      row.forEach((value, index) => {
        const name = names[index];
        if (name !== undefined) attachColumn(a, value, columnOf(target, name));
      });
    }
    a.query(select, scope);
  }
  readConflict(a, treeAt(node, 'onConflictClause'), target, scope);
  return readReturning(a, node, [target.entry], scope);
}

/** The rows of constants that an INSERT's source lists: VALUES, or the targets of a plain SELECT. */
function sourceRows(select: Tree): readonly (readonly Tree[])[] {
  const rows = listAt(select, 'valuesLists');
  if (rows.length > 0) return rows.map(itemsOf);
  return [payloadsAt(select, 'targetList', 'ResTarget').map((target) => treeAt(target, 'val') ?? {})];
}

function readConflict(a: Analysis, clause: Tree | null, target: Target, scope: Scope): void {
  if (clause === null) return;
  const inner = emptyScope(scope);
  inner.items.push(itemOf(target.entry));
  a.expression(clause.infer, inner);
  if (textAt(clause, 'action') !== 'ONCONFLICT_UPDATE') return;
  inner.items.push(itemOf({ ...target.entry, alias: 'excluded', schema: null }));
  noteWrite(a, target.resolved, 'update', assigned(listAt(clause, 'targetList'), target));
  a.facts.filtered('present');
  readAssignments(a, listAt(clause, 'targetList'), target, inner);
  a.expression(clause.whereClause, inner);
}

function readUpdate(a: Analysis, node: Tree, scope: Scope): QueryColumns {
  const target = writtenRelation(a, node);
  noteWrite(a, target.resolved, 'update', assigned(listAt(node, 'targetList'), target));
  scope.items.push(itemOf(target.entry));
  for (const item of listAt(node, 'fromClause')) a.fromItem(item, scope);
  readAssignments(a, listAt(node, 'targetList'), target, scope);
  readWhere(a, node, target, scope, 'an UPDATE');
  return readReturning(
    a,
    node,
    scope.items.flatMap((item) => item.entries),
    scope,
  );
}

function readDelete(a: Analysis, node: Tree, scope: Scope): QueryColumns {
  const target = writtenRelation(a, node);
  noteWrite(a, target.resolved, 'delete', { only: target.only });
  scope.items.push(itemOf(target.entry));
  for (const item of listAt(node, 'usingClause')) a.fromItem(item, scope);
  readWhere(a, node, target, scope, 'a DELETE');
  return readReturning(
    a,
    node,
    scope.items.flatMap((item) => item.entries),
    scope,
  );
}

function readWhere(a: Analysis, node: Tree, target: Target, scope: Scope, what: string): void {
  const where = treeAt(node, 'whereClause');
  a.expression(where, scope);
  noteFilter(a, filterProof(a, where, target.entry), what);
}

/** The columns that an UPDATE assigns. */
function assigned(targets: readonly Tree[], target: Target): WriteScope {
  const assignments = payloadsOf(targets, 'ResTarget');
  return {
    columns: new Set(assignments.map((assignment) => textAt(assignment, 'name'))),
    only: target.only,
    defaults: assignments.some(setsDefault),
  };
}

/** `column = DEFAULT`, also as one of several in `(a, b) = (1, DEFAULT)`. */
function setsDefault(assignment: Tree): boolean {
  if (childAt(assignment, 'val', 'SetToDefault') !== null) return true;
  const several = childAt(assignment, 'val', 'MultiAssignRef');
  const row = several === null ? null : childAt(several, 'source', 'RowExpr');
  return row !== null && listAt(row, 'args').some((value) => payload(value, 'SetToDefault') !== null);
}

function noteFilter(a: Analysis, { shape, because }: FilterProof, what: string): void {
  a.facts.filtered(shape, because);
  if (shape === 'absent') a.facts.destroys(`${what} without a filter`);
  if (shape === 'trivial') a.facts.destroys(`${what} whose filter is always true`);
}

function readMerge(a: Analysis, node: Tree, scope: Scope): QueryColumns {
  const target = writtenRelation(a, node);
  noteWrite(a, target.resolved, 'merge');
  readRelation(a, target.resolved);
  scope.items.push(itemOf(target.entry));
  const source = treeAt(node, 'sourceRelation');
  if (source !== null) a.fromItem(source, scope);
  const join = treeAt(node, 'joinCondition');
  a.expression(join, scope);
  for (const item of listAt(node, 'mergeWhenClauses')) {
    const clause = payload(item, 'MergeWhenClause');
    if (clause === null) a.expression(item, scope);
    else readMergeClause(a, clause, join, target, scope);
  }
  return readReturning(
    a,
    node,
    scope.items.flatMap((item) => item.entries),
    scope,
  );
}

function readMergeClause(a: Analysis, clause: Tree, join: Tree | null, target: Target, scope: Scope): void {
  const command = textAt(clause, 'commandType');
  const condition = treeAt(clause, 'condition');
  a.expression(condition, scope);
  if (command === 'CMD_INSERT') {
    noteWrite(a, target.resolved, 'insert');
    const names = listAt(clause, 'targetList').map((item) => textAt(payload(item, 'ResTarget') ?? {}, 'name'));
    listAt(clause, 'values').forEach((value, index) => {
      const name = names[index];
      if (name !== undefined) attachColumn(a, value, columnOf(target, name));
    });
    for (const name of names) a.facts.column(columnOf(target, name));
    a.expression(clause.values, scope);
    return;
  }
  if (command !== 'CMD_UPDATE' && command !== 'CMD_DELETE') return;
  if (command === 'CMD_UPDATE') noteWrite(a, target.resolved, 'update', assigned(listAt(clause, 'targetList'), target));
  else noteWrite(a, target.resolved, 'delete', { only: target.only });
  readAssignments(a, listAt(clause, 'targetList'), target, scope);
  // Rows without a match in the source are chosen by the clause's own condition alone.
  const unmatched = textAt(clause, 'matchKind') === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE';
  const proofs = [filterProof(a, condition, target.entry), ...(unmatched ? [] : [filterProof(a, join, target.entry)])];
  const proof = proofs.find(({ shape }) => shape === 'present') ?? proofs.find(({ shape }) => shape === 'trivial');
  noteFilter(a, proof ?? { shape: 'absent', because: null }, 'a MERGE');
}

/** RETURNING sees the query's relations, and `old` and `new` (or the names its WITH gives them) for the written one. */
function readReturning(a: Analysis, node: Tree, entries: readonly Entry[], scope: Scope): QueryColumns {
  const clause = treeAt(node, 'returningClause');
  if (clause === null) return [];
  const [written] = entries;
  if (written?.relation) a.facts.read(written.relation);
  const rows = emptyScope(withoutItems(scope));
  for (const name of rowNames(clause)) {
    if (written !== undefined && !entries.some((entry) => entry.alias === name))
      rows.items.push(itemOf({ ...written, alias: name, schema: null }));
  }
  const inner = emptyScope(rows);
  for (const entry of entries) inner.items.push(itemOf(entry));
  return readTargets(a, listAt(clause, 'exprs'), inner);
}

function rowNames(clause: Tree): readonly string[] {
  const options = payloadsAt(clause, 'options', 'ReturningOption');
  const named = (option: string, usual: string): string => {
    const found = options.find((candidate) => textAt(candidate, 'option') === option);
    return found === undefined ? usual : textAt(found, 'value');
  };
  return [named('RETURNING_OPTION_OLD', 'old'), named('RETURNING_OPTION_NEW', 'new')];
}
