/** Which table locks a statement takes, and what others cannot do meanwhile (PostgreSQL manual, "Explicit Locking"). */
import type { EffectVerb, StatementFacts } from '@sluice/domain';

export interface LockWords {
  readonly mode: string;
  readonly blocks: string;
}

const rowExclusive: LockWords = {
  mode: 'ROW EXCLUSIVE',
  blocks: 'schema changes and index builds wait; reads and changes of other rows go on; the changed rows stay locked',
};
const shareUpdateExclusive: LockWords = {
  mode: 'SHARE UPDATE EXCLUSIVE',
  blocks: 'schema changes and maintenance wait; reads and changes of rows go on',
};
const share: LockWords = { mode: 'SHARE', blocks: 'changes of rows wait; reads go on' };
const exclusive: LockWords = { mode: 'EXCLUSIVE', blocks: 'changes of rows wait; plain reads go on' };
const accessExclusive: LockWords = { mode: 'ACCESS EXCLUSIVE', blocks: 'everybody waits, readers too' };
const upToAccessExclusive: LockWords = { ...accessExclusive, mode: 'up to ACCESS EXCLUSIVE' };
const asWritten: LockWords = { mode: 'as the statement says', blocks: 'see the mode in the statement' };

const byVerb: Partial<Readonly<Record<EffectVerb, LockWords>>> = {
  insert: rowExclusive,
  update: rowExclusive,
  delete: rowExclusive,
  merge: rowExclusive,
  'copy-in': rowExclusive,
  truncate: accessExclusive,
  drop: accessExclusive,
  alter: upToAccessExclusive,
  'alter-destructive': upToAccessExclusive,
  lock: asWritten,
};

/** The lock that one effect takes on its relation; null: none worth naming. */
export function lockOf(verb: EffectVerb, statement: Pick<StatementFacts, 'command'>, text: string): LockWords | null {
  if (verb === 'create') return lockOfCreate(statement.command, text);
  if (verb === 'maintain') return lockOfMaintenance(statement.command, text);
  return byVerb[verb] ?? null;
}

/** Creating an index or trigger locks the table it stands on. */
function lockOfCreate(command: string, text: string): LockWords | null {
  if (command === 'CREATE INDEX') return /\bconcurrently\b/i.test(text) ? shareUpdateExclusive : share;
  if (command === 'CREATE TRIGGER') return { ...share, mode: 'SHARE ROW EXCLUSIVE' };
  return command === 'CREATE RULE' ? accessExclusive : null;
}

function lockOfMaintenance(command: string, text: string): LockWords {
  const concurrently = /\bconcurrently\b/i.test(text);
  if (command === 'CLUSTER' || (command === 'VACUUM' && /\bfull\b/i.test(text))) return accessExclusive;
  if (command.startsWith('REFRESH')) return concurrently ? exclusive : accessExclusive;
  if (command.startsWith('REINDEX')) return concurrently ? shareUpdateExclusive : share;
  return shareUpdateExclusive;
}
