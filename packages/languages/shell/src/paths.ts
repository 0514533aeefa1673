/** Where a path leads, as far as its text tells. Links in the file system are not followed. */
import { type Abstract, folderMark, homeMark } from './abstract.ts';
import { namesMeet, shownPattern } from './path-patterns.ts';
import { guardedPaths, persistentPaths } from './sensitive-paths.ts';

/**
 * `name` is absolute (`/etc/hosts`), in a home folder (`~/x`, `~bob/x`) or relative to a folder that is not known (`./x`, `../x`);
 * `.` and `..` inside it are gone. `isPattern`: it stands for every name that fits it.
 */
export interface PlacedPath {
  readonly name: string;
  readonly isPattern: boolean;
  /** With backslashes before characters that are not special, where it is a pattern. */
  readonly pattern: string;
}

/** `nowhere`: no file (`/dev/null`, a pipe, an open descriptor). `unknown`: nothing is proved. */
export type Placed = PlacedPath | 'nowhere' | 'unknown';

/** A working folder of which nothing is known, not even that it is the one where the text began. */
export const lostFolder = '\u0000?';

const nowhere = /^\/dev\/(null|zero|full|tty|stdin|stdout|stderr|urandom|random|fd\/\d+)$|^\/proc\/self\/fd\/\d+$/;

/** `folder` is one of a state's: absolute or behind a mark. */
export function placePath(value: Abstract, folder: string): Placed {
  if (value.type === 'unknown') return 'unknown';
  if (value.type === 'number') return placed('*', folder, true);
  const isPattern = value.type === 'pattern';
  const text = isPattern ? value.pattern : value.text;
  if (text === '') return 'nowhere';
  if (text.startsWith('\u0000<') || text.startsWith('\u0000>')) return 'nowhere';
  return placed(text, folder, isPattern);
}

function placed(text: string, folder: string, isPattern: boolean): Placed {
  const whole = absolute(text) ? text : `${folder}/${text}`;
  if (whole.startsWith(lostFolder)) return 'unknown';
  const [base, rest] = split(whole);
  const parts: string[] = [];
  for (const part of rest.split('/')) {
    if (part === '' || part === '.') continue;
    // Some shells let `.?` and `.*` stand for the folder above.
    if (isPattern && part.startsWith('.') && part !== '..' && /[*?[]/.test(part) && namesMeet(part, '..'))
      return 'unknown';
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (base !== '') parts.push('..');
  }
  return throughProcesses(base, parts, isPattern);
}

function absolute(text: string): boolean {
  return text.startsWith('/') || text.startsWith('\u0000');
}

/** A path's base (`` for the root, `~`, `~bob`, `.`) and what stands behind it. */
function split(whole: string): readonly [string, string] {
  if (whole.startsWith('/')) return ['', whole];
  const marked = whole.slice(1);
  const slash = marked.indexOf('/');
  return slash < 0 ? [marked, ''] : [marked.slice(0, slash), marked.slice(slash)];
}

/** `/proc/self/root/etc/x` is `/etc/x`; what other processes hold open cannot be told. */
function throughProcesses(base: string, parts: readonly string[], isPattern: boolean): Placed {
  const [first = '', process = '', entry = '', ...rest] = parts;
  if (base === '' && parts.length >= 3 && (isPattern ? namesMeet(first, 'proc') : first === 'proc')) {
    const own = /^(self|thread-self|\d+)$/.test(process);
    if (first === 'proc' && own && entry === 'root') return throughProcesses('', rest, isPattern);
    if (first === 'proc' && own && entry === 'task' && rest[1] === 'root')
      return throughProcesses('', rest.slice(2), isPattern);
    if (first === 'proc' && process === 'self' && entry === 'fd' && /^\d+$/.test(rest[0] ?? '')) return 'nowhere';
    if ([...['root', 'cwd', 'fd', 'exe', 'task'], ...['map_files']].some((name) => namesMeet(entry, name)))
      return 'unknown';
  }
  const pattern = named(base, parts);
  if (!isPattern && nowhere.test(pattern)) return 'nowhere';
  return {
    name: isPattern ? shownPattern(pattern) : pattern,
    isPattern,
    pattern: isPattern ? pattern : escaped(pattern),
  };
}

function escaped(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

function named(base: string, parts: readonly string[]): string {
  if (base === '') return `/${parts.join('/')}`;
  if (base === '.' && parts[0] === '..') return parts.join('/');
  return parts.length === 0 ? base : `${base}/${parts.join('/')}`;
}

/** Why reading it is more than reading: it holds keys, passwords or the memory of something. Null: it is not known to. */
export function guardedBecause(path: PlacedPath, home: string | null): string | null {
  return guardedPaths(path.pattern, home);
}

/** Why writing it is more than a change: what stands in it runs later, or says who may do what. Null: it is not known to. */
export function persistentBecause(path: PlacedPath, home: string | null): string | null {
  return persistentPaths(path.pattern, home);
}

/**
 * A path as it arrives in a protocol of files, in the form that facts have it. `cwd` and `home` are absolute or null.
 * `unknown` only for what points into another process.
 */
export function placePlainPath(path: string, cwd: string | null): Placed {
  return placePath({ type: 'known', text: path.replaceAll('\u0000', '') }, cwd ?? folderMark);
}

export { homeMark };
