/**
 * What stored expressions and queries call and name, from their node trees (src/backend/nodes/outfuncs.c). Strings in a node tree have
 * their blanks escaped and constants are lists of bytes, so no text of a user can look like a field.
 */
import type { StoredQueries } from '@sluice/language-postgres-sql';

/** Fields that hold the number of a function, and `resulttype`, by which a domain is known. */
export const numberFields = 'funcid|opfuncid|aggfnoid|winfnoid|elemfuncid|tsmhandler|resulttype';

const numbered = new RegExp(`:(${numberFields}) ([0-9]+)`, 'g');
const query = /\{QUERY :commandType (\d+)/g;
const relation = /:relid (\d+)/g;

export interface StoredNumbers {
  readonly functions: readonly number[];
  readonly types: readonly number[];
}

/** `field number field number …` as the control session's texts give it; null and empty: none. */
export function readNumbers(text: string | null): StoredNumbers {
  const functions = new Set<number>();
  const types = new Set<number>();
  const words = text === null || text === '' ? [] : text.split(' ');
  for (let i = 0; i + 1 < words.length; i += 2) {
    const number = Number(words[i + 1]);
    if (number !== 0) (words[i] === 'resulttype' ? types : functions).add(number);
  }
  return { functions: [...functions], types: [...types] };
}

/** The same from a whole tree. */
export function numbersIn(tree: string): StoredNumbers {
  return readNumbers([...tree.matchAll(numbered)].map((match) => `${match[1]} ${match[2]}`).join(' '));
}

/** `CmdType` of nodes.h; MERGE came in 15 and moved the two behind it. */
function commandsOf(serverVersion: number): readonly (StoredQueries['commands'][number] | null)[] {
  const changes = [null, 'select', 'update', 'insert', 'delete'] as const;
  return serverVersion >= 150_000 ? [...changes, 'merge', 'utility', null] : [...changes, 'utility', null];
}

/** The queries of a rule's actions or of a standard SQL body. `functions` holds what the tree calls; domains are the caller's. */
export function storedQueries(tree: string, serverVersion: number): StoredQueries {
  const names = commandsOf(serverVersion);
  const commands = new Set<StoredQueries['commands'][number]>();
  for (const match of tree.matchAll(query)) {
    const command = names[Number(match[1])];
    if (command !== null && command !== undefined) commands.add(command);
  }
  const relations = new Set([...tree.matchAll(relation)].map((match) => Number(match[1])).filter((oid) => oid !== 0));
  return { commands: [...commands], relations: [...relations], functions: numbersIn(tree).functions };
}
