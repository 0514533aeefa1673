/** The one table of statements: which reader reads which node. A statement that is not in it is refused as unknown. */

import { alterationReaders } from './alterations.ts';
import { type Analysis, resolveRangeVar, type StatementReader } from './analysis.ts';
import { changeTags } from './changes.ts';
import { definitionReaders, readInto, storePayload } from './definitions.ts';
import { entryOf } from './entries.ts';
import { type Flow, nothing } from './lineage.ts';
import { privilegeReaders } from './privileges.ts';
import { readDo } from './procedural.ts';
import { noteWrite, readRelation } from './reach.ts';
import { emptyScope, itemOf } from './scope.ts';
import { sessionReaders } from './session-statements.ts';
import { constantOf, flagAt, listAt, payload, type Tree, textAt, treeAt, wordsAt } from './tree.ts';

function select(a: Analysis, node: Tree): void {
  a.facts.raise('read');
  const columns = a.query(node, emptyScope(a.outer));
  a.facts.outputs = columns?.map((column) => column.flow) ?? null;
  const into = intoOf(node);
  if (into !== null) {
    readInto(a, into);
    a.facts.outputs = null;
  }
}

/** INTO stands in the leftmost SELECT of a set operation. */
function intoOf(node: Tree): Tree | null {
  const left = treeAt(node, 'larg');
  return treeAt(node, 'intoClause') ?? (left === null ? null : intoOf(left));
}

function change(tag: string): StatementReader {
  return (a, node) => {
    const columns = a.change(tag, node, emptyScope(a.outer));
    a.facts.outputs = columns === null || columns.length > 0 ? (columns?.map((column) => column.flow) ?? null) : null;
  };
}

/** Plain EXPLAIN plans, which runs functions outside pg_catalog; with ANALYZE it runs the statement. */
function explain(a: Analysis, node: Tree): void {
  const query = treeAt(node, 'query') ?? {};
  const runs = listAt(node, 'options').some((item) => {
    const option = payload(item, 'DefElem');
    return option !== null && textAt(option, 'defname') === 'analyze' && isOn(treeAt(option, 'arg'));
  });
  a.facts.raise('read');
  a.facts.effect('explain');
  a.facts.outputs = [nothing];
  storePayload(a, node.options);
  if (runs) {
    const facts = a.inner(query);
    a.facts.nested.push(facts);
    a.facts.absorb(facts, { sessionEffects: true });
    a.facts.outputs = [foldedInto(a, facts.functions)];
    return;
  }
  const facts = a.inner(query, { mode: 'plan' });
  a.facts.absorbNames(facts);
  // Whatever its declared volatility: that is a claim, and planning runs what claims to be immutable.
  for (const called of a.planned) a.facts.absorb(called, { sessionEffects: true, filter: false });
  a.facts.outputs = [foldedInto(a, facts.functions)];
  if (facts.complete) return;
  a.facts.raise('procedure');
  for (const effect of facts.effects) if (effect.verb === 'call') a.facts.effect('call', effect.object);
}

/** A plan shows the values of functions that claim to be immutable, since planning puts them in the place of the calls. */
function foldedInto(a: Analysis, functions: readonly string[]): Flow {
  const columns = a.names
    .immutableAmong(new Set(functions))
    .flatMap((called) => [...a.functionFacts(called).facts.columns]);
  return columns.length === 0 ? nothing : { known: true, direct: false, columns, wholeRows: [] };
}

/** A boolean option: without a value it is on (defGetBoolean in define.c). */
function isOn(argument: Tree | null): boolean {
  if (argument === null) return true;
  const word = payload(argument, 'String') ?? payload(argument, 'Boolean') ?? payload(argument, 'Integer') ?? {};
  const value = word.sval ?? word.boolval ?? word.ival ?? constantOf(argument) ?? 0;
  return !/^(off|false|0)$/i.test(String(value));
}

function copy(a: Analysis, node: Tree): void {
  const inwards = flagAt(node, 'is_from');
  storePayload(a, node.options);
  const columns = copiedColumns(a, node, inwards);
  const file = textAt(node, 'filename');
  const program = flagAt(node, 'is_program');
  if (program || file !== '') {
    a.facts.raise('privilege');
    a.facts.effect(program ? 'program' : inwards ? 'file-read' : 'file-write', {
      type: program ? 'program' : 'file',
      schema: null,
      name: file,
    });
    return;
  }
  a.facts.effect(inwards ? 'copy-in' : 'copy-out');
  a.facts.session({ type: 'copy', direction: inwards ? 'in' : 'out' });
  if (!inwards) a.facts.outputs = columns;
}

function copiedColumns(a: Analysis, node: Tree, inwards: boolean): Analysis['facts']['outputs'] {
  const query = treeAt(node, 'query');
  if (query !== null) {
    const facts = a.inner(query);
    a.facts.nested.push(facts);
    a.facts.raise('read');
    a.facts.absorb(facts, { sessionEffects: true });
    return facts.outputs;
  }
  const rangeVar = treeAt(node, 'relation') ?? {};
  const resolved = resolveRangeVar(a, rangeVar);
  const entry = entryOf(a, resolved);
  const scope = emptyScope(null);
  scope.items.push(itemOf(entry));
  a.expression(node.whereClause, scope);
  if (inwards) noteWrite(a, resolved, 'insert');
  else {
    a.facts.raise('read');
    readRelation(a, resolved);
  }
  const names = wordsAt(node, 'attlist');
  if (names.length === 0) for (const column of entry.columns ?? []) a.facts.flow(column.flow);
  const listed =
    names.length === 0
      ? entry.ordered
        ? entry.columns
        : null
      : names.map((name) => entry.columns?.find((column) => column.name === name) ?? null);
  for (const column of listed ?? []) if (column !== null) a.facts.flow(column.flow);
  return listed?.map((column) => column?.flow ?? { known: false }) ?? null;
}

function call(a: Analysis, node: Tree): void {
  a.facts.raise('procedure');
  a.facts.effect('call');
  a.expression(node.funccall, emptyScope(null));
}

export const statementReaders: Readonly<Record<string, StatementReader>> = {
  SelectStmt: select,
  ...Object.fromEntries([...changeTags].map((tag) => [tag, change(tag)])),
  ExplainStmt: explain,
  CopyStmt: copy,
  CallStmt: call,
  DoStmt: readDo,
  ...definitionReaders,
  ...alterationReaders,
  ...privilegeReaders,
  ...sessionReaders,
};
