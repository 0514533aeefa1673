/** Which operations an open or a change of attributes is made of. */
import type { Operation } from './operations.ts';
import { type Attributes, openFlags } from './requests.ts';

const privilegedBits = 0o6000;
const modeBits = 0o7777;

/** Why attributes cannot be carried, in a clause; null: they can. */
export function attributesAllowed(attributes: Attributes, use: 'open' | 'set'): string | null {
  if (attributes.extended) return 'it sets attributes that nobody can judge';
  if (use === 'open' && attributes.owner !== null) return 'it sets an owner while it opens';
  return null;
}

/** Reading comes first where a file is opened for both. Null: for neither. `pathFor`: the path, for a change or not. */
export function operationsOfOpen(
  flags: number,
  attributes: Attributes,
  pathFor: (changes: boolean) => string,
): readonly Operation[] | null {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const changes = has(openFlags.write) || has(openFlags.append) || has(openFlags.create) || has(openFlags.truncate);
  if (!changes && !has(openFlags.read)) return null;
  const paths = [pathFor(changes)];
  const reading: readonly Operation[] = has(openFlags.read) ? [{ word: 'read', paths, argument: '' }] : [];
  if (!changes) return reading;
  const isNew = has(openFlags.create) && has(openFlags.exclusive);
  const word = isNew ? 'create' : has(openFlags.append) && !has(openFlags.truncate) ? 'append' : 'write';
  const mode = attributes.mode ?? 0;
  const argument = (mode & privilegedBits) === 0 ? '' : octal(mode);
  return [...reading, { word, paths, argument }];
}

export function operationsOfAttributes(attributes: Attributes, path: string): readonly Operation[] {
  const paths = [path];
  const { size, owner, mode, times } = attributes;
  const operations: Operation[] = [];
  if (size !== null) operations.push({ word: 'resize', paths, argument: String(size) });
  if (owner !== null) operations.push({ word: 'chown', paths, argument: `${owner.uid}:${owner.gid}` });
  if (mode !== null) operations.push({ word: 'chmod', paths, argument: octal(mode) });
  if (times || operations.length === 0) operations.push({ word: 'touch', paths, argument: '' });
  return operations;
}

function octal(mode: number): string {
  return (mode & modeBits).toString(8).padStart(4, '0');
}
