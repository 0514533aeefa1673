/** One operation on files as a statement: its text, which says everything, and its facts. */
import type { Effect, EffectVerb, ObjectRef, StatementFacts, StatementKind } from '@sluice/domain';
import { folderOf } from './paths.ts';
import { isGuarded, isPersistent } from './sensitive-paths.ts';

export const sftpLanguageName = 'sftp';

/** What each word does with each of its paths. The first word of a statement's text; `paths` in the order in which they stand. */
interface Form {
  readonly kind: StatementKind;
  readonly paths: readonly (EffectVerb | null)[];
}

const forms = {
  read: { kind: 'read', paths: ['read'] },
  list: { kind: 'read', paths: ['read'] },
  stat: { kind: 'read', paths: ['show'] },
  readlink: { kind: 'read', paths: ['show'] },
  space: { kind: 'session', paths: ['show'] },
  realpath: { kind: 'session', paths: ['show'] },
  /** Names of users and groups by their numbers. */
  names: { kind: 'session', paths: [] },
  /** A file that is not there yet: the target refuses when it is. */
  create: { kind: 'write', paths: ['insert'] },
  append: { kind: 'write', paths: ['insert'] },
  /** A file that may be there already, and is overwritten then. */
  write: { kind: 'write', paths: ['update'] },
  chmod: { kind: 'write', paths: ['update'] },
  chown: { kind: 'privilege', paths: ['grant'] },
  touch: { kind: 'write', paths: ['update'] },
  resize: { kind: 'write', paths: ['update'] },
  mkdir: { kind: 'write', paths: ['create'] },
  remove: { kind: 'write', paths: ['delete'] },
  rmdir: { kind: 'write', paths: ['delete'] },
  rename: { kind: 'write', paths: ['delete', 'update'] },
  symlink: { kind: 'write', paths: ['read', 'insert'] },
  hardlink: { kind: 'write', paths: ['read', 'insert'] },
} as const satisfies Readonly<Record<string, Form>>;
export type OperationWord = keyof typeof forms;

export interface Operation {
  readonly word: OperationWord;
  readonly paths: readonly string[];
  /** What stands between the word and the paths: a mode, owners, a size; empty when nothing does. */
  readonly argument: string;
}

/** set-user-ID, set-group-ID (POSIX, sys/stat.h). */
const privilegedBits = 0o6000;

/** `rename "/a" "/b"`, `chmod 0644 "/a"`. */
export function textOf({ word, argument, paths }: Operation): string {
  return [word, ...(argument === '' ? [] : [argument]), ...paths.map((path) => JSON.stringify(path))].join(' ');
}

const textForm = /^([a-z]+)((?: [0-9:.+-]{1,64})?)((?: "(?:[^"\\]|\\.)*"){0,2})$/;

/** The operation that a text says; null when it says none. */
export function operationOf(text: string): Operation | null {
  const match = textForm.exec(text);
  const word = match?.[1] ?? '';
  if (match === null || !isWord(word)) return null;
  try {
    const paths = JSON.parse(`[${(match[3] ?? '').trim().replace(/" "/g, '","')}]`) as string[];
    return paths.length === forms[word].paths.length ? { word, paths, argument: (match[2] ?? '').trim() } : null;
  } catch {
    return null;
  }
}

function isWord(word: string): word is OperationWord {
  return Object.hasOwn(forms, word);
}

export function factsOf(operation: Operation): StatementFacts {
  const { word, paths, argument } = operation;
  const form: Form = forms[word];
  const text = textOf(operation);
  const effects = form.paths.map((verb, index): Effect => effect(verb ?? 'show', paths[index] ?? ''));
  const written = effects.filter(({ verb }) => verb !== 'read' && verb !== 'show');
  const guarded = (word === 'read' || word === 'hardlink' || word === 'symlink') && isGuarded(paths[0] ?? '');
  const raises = raisesPrivilege(operation);
  return {
    language: sftpLanguageName,
    kind: raises ? 'privilege' : form.kind,
    complete: true,
    incompleteBecause: null,
    command: word.toUpperCase(),
    effects: [
      ...effects,
      ...(guarded ? [effect('file-read', paths[0] ?? '')] : []),
      ...(raises ? [effect('file-write', paths.at(-1) ?? '')] : []),
    ],
    reads: effects.filter(({ verb }) => verb === 'read' || verb === 'show').flatMap(objectsOf),
    writes: written.flatMap(objectsOf),
    columns: [],
    functions: [],
    filter: 'not-applicable',
    filterBecause: null,
    destructive: false,
    destructiveBecause: null,
    outputs: null,
    nested: [],
    fingerprint: `${word} ${paths.map(folderOf).join(' ')} ${argument}`.trim(),
    start: 0,
    end: text.length,
    literals: [],
    sessionEffects: [],
  };
}

/** A change to what runs later or says who may do what, and a file that runs as somebody else. */
function raisesPrivilege({ word, paths, argument }: Operation): boolean {
  const form: Form = forms[word];
  if (form.kind === 'privilege') return true;
  if (form.kind !== 'write') return false;
  if ((word === 'chmod' || word === 'mkdir' || word === 'create' || word === 'write') && argument !== '') {
    if ((Number.parseInt(argument, 8) & privilegedBits) !== 0) return true;
  }
  return paths.some(isPersistent);
}

function effect(verb: EffectVerb, path: string): Effect {
  return { verb, object: file(path) };
}

function objectsOf({ object }: Effect): readonly ObjectRef[] {
  return object === null ? [] : [object];
}

function file(path: string): ObjectRef {
  return { type: 'file', schema: null, name: path };
}
