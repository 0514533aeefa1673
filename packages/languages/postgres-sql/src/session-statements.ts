/** Reads statements about the session itself: transactions, settings, prepared statements, cursors, notifications. */
import type { StatementFacts } from '@sluice/domain';
import type { Analysis, StatementReader } from './analysis.ts';
import { afterWord } from './lexer.ts';
import { nothing } from './lineage.ts';
import { emptyScope } from './scope.ts';
import { noteSetting } from './setting-effects.ts';
import { judgeSetting } from './settings.ts';
import { constantOf, flagAt, listAt, payload, type Tree, textAt, treeAt } from './tree.ts';

const transactionOps: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback-to',
  TRANS_STMT_PREPARE: 'prepare',
};

function transaction(a: Analysis, node: Tree): void {
  a.facts.effect('transaction');
  const kind = textAt(node, 'kind');
  const op = transactionOps[kind];
  if (op === undefined) {
    // COMMIT PREPARED and ROLLBACK PREPARED carry out what some other session prepared.
    a.facts.raise('write');
    a.facts.incomplete('ends a prepared transaction whose statements are not known');
    return;
  }
  // It stays behind with its locks until somebody ends it, from whatever session.
  if (op === 'prepare') a.facts.raise('write');
  const readOnly = readOnlyOption(listAt(node, 'options'));
  if (readOnly === false) widenReadOnly(a);
  a.facts.session({ type: 'transaction', op: flagAt(node, 'chain') ? 'chain' : op, readOnly });
}

/** The access mode among transaction options; null when it is not named. */
function readOnlyOption(options: readonly Tree[]): boolean | null {
  const values = options.flatMap((item) => {
    const option = payload(item, 'DefElem');
    return option !== null && textAt(option, 'defname') === 'transaction_read_only'
      ? [constantOf(treeAt(option, 'arg')) === 1]
      : [];
  });
  return values.at(-1) ?? null;
}

function widenReadOnly(a: Analysis): void {
  a.facts.raise('privilege');
  a.facts.effect('widen', { type: 'setting', schema: null, name: 'transaction_read_only' });
}

function setVariable(a: Analysis, node: Tree): void {
  const name = textAt(node, 'name');
  const local = flagAt(node, 'is_local');
  switch (textAt(node, 'kind')) {
    case 'VAR_SET_MULTI':
      setTransaction(a, name, listAt(node, 'args'));
      return;
    case 'VAR_SET_VALUE':
      noteSetting(a.facts, { name, value: settingText(listAt(node, 'args')), local });
      return;
    case 'VAR_RESET_ALL':
      a.facts.effect('set');
      a.facts.session({ type: 'reset', name: 'all' });
      return;
    case 'VAR_RESET':
      if (name === 'role' || name === 'session_authorization') noteSetting(a.facts, { name, value: null, local });
      else reset(a, name.toLowerCase());
      return;
    default:
      noteSetting(a.facts, { name, value: null, local });
  }
}

function reset(a: Analysis, name: string): void {
  const object = { type: 'setting', schema: null, name } as const;
  a.facts.effect('set', object);
  a.facts.session({ type: 'reset', name });
  if (judgeSetting(name, null) !== 'widen') return;
  a.facts.raise('privilege');
  a.facts.effect('widen', object);
}

/** `SET TRANSACTION …` and `SET SESSION CHARACTERISTICS AS TRANSACTION …`. */
function setTransaction(a: Analysis, name: string, options: readonly Tree[]): void {
  a.facts.effect('set', { type: 'setting', schema: null, name: name.toLowerCase() });
  const readOnly = readOnlyOption(options);
  if (readOnly === null) return;
  if (!readOnly) widenReadOnly(a);
  const local = name === 'TRANSACTION';
  a.facts.session({
    type: 'set',
    name: local ? 'transaction_read_only' : 'default_transaction_read_only',
    value: readOnly ? 'on' : 'off',
    local,
  });
}

/** Several values (a search path) read back as PostgreSQL writes them, quoted where the name needs it. */
function settingText(args: readonly Tree[]): string | null {
  const values = args.map(constantOf);
  if (values.some((value) => value === undefined || value === null)) return null;
  if (values.length === 1) return String(values[0]);
  return values
    .map((value) =>
      /^[a-z_$][a-z0-9_$]*$/.test(String(value)) ? String(value) : `"${String(value).replaceAll('"', '""')}"`,
    )
    .join(', ');
}

function show(a: Analysis, node: Tree): void {
  const name = textAt(node, 'name');
  a.facts.effect('show', { type: 'setting', schema: null, name });
  a.facts.outputs = name.toLowerCase() === 'all' ? [nothing, nothing, nothing] : [nothing];
}

function prepare(a: Analysis, node: Tree): void {
  const facts = a.inner(treeAt(node, 'query') ?? {});
  a.facts.nested.push(facts);
  a.facts.absorb(facts, { sessionEffects: false });
  a.expression(node.argtypes, emptyScope(null));
  noteNamed(a, 'prepare', textAt(node, 'name'), innerText(a, 'as'));
}

function declareCursor(a: Analysis, node: Tree): void {
  const facts = a.inner(treeAt(node, 'query') ?? {});
  a.facts.nested.push(facts);
  a.facts.absorb(facts, { sessionEffects: false });
  noteNamed(a, 'declare', textAt(node, 'portalname'), innerText(a, 'for'));
}

/** What is made under a name without its text being known here could be anything later: the whole session counts as moved. */
function noteNamed(a: Analysis, type: 'prepare' | 'declare', name: string, text: string | null): void {
  if (text === null) a.facts.session({ type: 'unknown' });
  else a.facts.session({ type, name, text });
}

/** The text of the statement inside this one; null when it cannot be cut out, as in a body. */
function innerText(a: Analysis, word: string): string | null {
  if (a.source === null) return null;
  const { message, start, end } = a.source;
  const from = afterWord(message.text, start, end, word);
  const text = from === null ? '' : message.text.slice(from, end).trim();
  return text === '' ? null : text;
}

function execute(a: Analysis, node: Tree): void {
  a.expression(node.params, emptyScope(null));
  const text = ownEntry(a.names.session.prepared, textAt(node, 'name'));
  const facts = text === null ? null : a.foreign(text);
  runStored(a, facts, 'executes a prepared statement that is not known');
}

function fetch(a: Analysis, node: Tree): void {
  a.facts.raise('read');
  const text = ownEntry(a.names.session.cursors, textAt(node, 'portalname'));
  const facts = text === null ? null : a.foreign(text);
  runStored(a, facts, 'fetches from a cursor whose query is not known');
  if (flagAt(node, 'ismove')) a.facts.outputs = null;
}

function ownEntry(texts: Readonly<Record<string, string>>, name: string): string | null {
  return Object.hasOwn(texts, name) ? (texts[name] ?? null) : null;
}

function runStored(a: Analysis, facts: StatementFacts | null, unknown: string): void {
  if (facts === null) {
    a.facts.raise('procedure');
    a.facts.effect('call');
    a.facts.incomplete(unknown);
    return;
  }
  a.facts.nested.push(facts);
  a.facts.absorb(facts, { sessionEffects: true });
  a.facts.outputs = facts.outputs;
}

function deallocate(a: Analysis, node: Tree): void {
  a.facts.session({ type: 'deallocate', name: flagAt(node, 'isall') ? '' : textAt(node, 'name') });
}

/** What it drops is the session's own: poolers send it between clients, and it stays chatter. */
function discard(a: Analysis, node: Tree): void {
  const what = textAt(node, 'target')
    .replace(/^DISCARD_/, '')
    .toLowerCase();
  a.facts.effect('set');
  if (what === 'all' || what === 'temp') a.facts.effect('drop', { type: 'schema', schema: null, name: 'pg_temp' });
  a.facts.session({ type: 'discard', what });
}

function notify(a: Analysis, node: Tree): void {
  a.facts.raise('write');
  a.facts.effect('notify', { type: 'channel', schema: null, name: textAt(node, 'conditionname') });
}

function listen(a: Analysis, node: Tree): void {
  a.facts.effect('listen', { type: 'channel', schema: null, name: textAt(node, 'conditionname') });
}

export const sessionReaders: Readonly<Record<string, StatementReader>> = {
  TransactionStmt: transaction,
  VariableSetStmt: setVariable,
  VariableShowStmt: show,
  PrepareStmt: prepare,
  ExecuteStmt: execute,
  DeallocateStmt: deallocate,
  DeclareCursorStmt: declareCursor,
  FetchStmt: fetch,
  ClosePortalStmt: (a, node) => a.facts.session({ type: 'close', name: textAt(node, 'portalname') }),
  DiscardStmt: discard,
  ListenStmt: listen,
  UnlistenStmt: listen,
  NotifyStmt: notify,
  ConstraintsSetStmt: (a, node) => {
    a.facts.effect('set');
    for (const item of listAt(node, 'constraints')) a.understood.add(payload(item, 'RangeVar') ?? item);
  },
};
