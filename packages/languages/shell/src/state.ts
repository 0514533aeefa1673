/** What the shell holds while its text runs, as far as the text itself tells. */
import { type Abstract, either, empty, folderMark, homeMark, sameAbstract, unknown } from './abstract.ts';
import { lostFolder } from './paths.ts';
import type { ShellSession } from './session.ts';
import type { Statement } from './syntax-tree.ts';

/** Variables that the shell itself sets as it goes. */
const kept = new Set([
  ...['BASH_REMATCH', 'BASH_COMMAND', 'BASH_ARGV', 'BASH_ARGV0', 'BASH_ARGC', 'BASH_SOURCE', 'BASH_LINENO', 'FUNCNAME'],
  ...[
    'PIPESTATUS',
    'REPLY',
    'MAPFILE',
    'OPTARG',
    'DIRSTACK',
    'OLDPWD',
    'HISTCMD',
    'GROUPS',
    'COPROC',
    'COMP_LINE',
    'HOSTNAME',
  ],
  ...['match', 'MATCH', 'mbegin', 'mend', 'status', 'pipestatus', 'argv', 'path'],
]);

/** What `IFS` is at first. */
const defaultSeparators = ' \t\n';

export interface FunctionBody {
  readonly body: Statement;
}

export class State {
  /** A variable that is not here has whatever the environment gave it. */
  readonly variables: Map<string, readonly Abstract[]>;
  readonly functions: Map<string, readonly FunctionBody[]>;
  /** Variables that keep their value whatever is assigned: an assignment fails, and the text goes on. */
  readonly #locked: Set<string>;
  /** Where the text may be: absolute paths, or paths behind a mark. */
  folders: readonly string[];
  /** `$1`, `$2` …; null: not known. */
  positional: readonly Abstract[] | null;

  private constructor(
    variables: Map<string, readonly Abstract[]>,
    functions: Map<string, readonly FunctionBody[]>,
    folders: readonly string[],
    positional: readonly Abstract[] | null,
    locked: Set<string>,
  ) {
    this.#locked = locked;
    this.variables = variables;
    this.functions = functions;
    this.folders = folders;
    this.positional = positional;
  }

  static opening(session: ShellSession): State {
    const variables = new Map<string, readonly Abstract[]>([
      ['HOME', [{ type: 'known', text: session.home ?? homeMark }]],
      ['IFS', [{ type: 'known', text: defaultSeparators }]],
    ]);
    // A line before this one may have set them.
    if (session.user !== null && session.standing !== true) {
      variables.set('USER', [{ type: 'known', text: session.user }]);
      variables.set('LOGNAME', [{ type: 'known', text: session.user }]);
    }
    return new State(
      variables,
      new Map(),
      [session.cwd ?? folderMark],
      session.standing === true ? null : [],
      new Set(),
    );
  }

  /** What is left for the texts behind this one, and would make others of them; null: nothing. */
  lasting(): string | null {
    if (this.functions.size > 0) return 'it gives commands another meaning for the lines behind it';
    if (this.separators() !== defaultSeparators) return 'it changes how the lines behind it are split';
    return this.#locked.size > 0 ? 'it keeps the lines behind it from setting a variable' : null;
  }

  copy(): State {
    return new State(
      new Map(this.variables),
      new Map(this.functions),
      this.folders,
      this.positional,
      new Set(this.#locked),
    );
  }

  value(name: string): readonly Abstract[] {
    if (kept.has(name)) return [unknown];
    if (name !== 'PWD') return this.variables.get(name) ?? [unknown];
    const folders = this.folders.map((text) => ({ type: 'known', text }) as const);
    return either(folders, this.variables.get(name) ?? []);
  }

  set(name: string, values: readonly Abstract[]): void {
    const locked = this.#locked.has(name);
    this.variables.set(name, locked ? either(this.variables.get(name) ?? [unknown], values) : values);
  }

  lock(name: string): void {
    this.#locked.add(name);
  }

  define(name: string, body: Statement): void {
    const before = this.functions.get(name) ?? [];
    if (!before.some((one) => one.body === body)) this.functions.set(name, [...before, { body }]);
  }

  /** Takes in what may have happened as well. */
  merge(other: State): void {
    for (const name of new Set([...this.variables.keys(), ...other.variables.keys()])) {
      const mine = this.variables.get(name);
      const theirs = other.variables.get(name);
      if (mine !== theirs) this.variables.set(name, either(mine ?? [unknown], theirs ?? [unknown]));
    }
    for (const [name, bodies] of other.functions) for (const { body } of bodies) this.define(name, body);
    for (const name of other.#locked) this.#locked.add(name);
    this.folders = [...new Set([...this.folders, ...other.folders])];
    if (!samePositional(this.positional, other.positional)) this.positional = null;
  }

  /** True: the same values, functions and folders. */
  isLike(other: State): boolean {
    return this.#shown() === other.#shown();
  }

  /** Of what is not the same in the other, nothing is known from here on. */
  loseWhatDiffers(other: State): void {
    for (const [name, values] of this.variables) {
      const theirs = other.variables.get(name);
      if (theirs === undefined || JSON.stringify(values) !== JSON.stringify(theirs))
        this.variables.set(name, [unknown]);
    }
    if (String(this.folders) !== String(other.folders)) this.folders = [lostFolder];
    this.positional = null;
  }

  #shown(): string {
    const functions = [...this.functions].map(([name, bodies]) => [name, bodies.length]);
    return JSON.stringify([[...this.variables].sort(), functions, this.folders, this.positional]);
  }

  /** The texts that separate fields; null: not known. */
  separators(): string | null {
    const values = this.value('IFS');
    const [only] = values;
    return values.length === 1 && only?.type === 'known' ? only.text : null;
  }
}

function samePositional(left: readonly Abstract[] | null, right: readonly Abstract[] | null): boolean {
  if (left === null || right === null) return left === right;
  return left.length === right.length && left.every((value, at) => sameAbstract(value, right[at] ?? empty));
}
