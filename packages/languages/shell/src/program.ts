/**
 * What the catalogue says of a program. Every option that may stand beside it is listed: one that is not makes the statement incomplete.
 * How a line is written: the package's README, "The catalogue".
 */

/**
 * What running it does, whatever it is given: `chatter` nothing that lasts; `send` gives data to another machine; `destroy` loses data or
 * stops everything of a kind; `privilege` changes rights, the system or what runs later; `opaque` runs code that is not read here.
 */
export type Doing = 'chatter' | 'read' | 'change' | 'create' | 'send' | 'destroy' | 'privilege' | 'opaque';

/**
 * What a value is. Paths: `look` (names and attributes), `read`, `write` (made or changed), `append`, `create`, `delete`, `ruin` (a whole
 * tree, or everything in it). `shell`: a text that a shell runs. `program`, `code`, `opaque`: run and not read. `secret`: a password.
 */
export type ValueKind =
  | 'text'
  | 'look'
  | 'read'
  | 'write'
  | 'append'
  | 'create'
  | 'delete'
  | 'ruin'
  | 'shell'
  | 'opaque'
  | 'secret'
  | 'url'
  | 'program';

/** How the rest of a call is read, by the name of a reader in `readers/`. */
export type ReaderName =
  | 'shell'
  | 'wrapper'
  | 'watch'
  | 'environment'
  | 'privileged'
  | 'applets'
  | 'xargs'
  | 'find'
  | 'sed'
  | 'awk'
  | 'tar'
  | 'unpacks'
  | 'dd'
  | 'remove'
  | 'copy'
  | 'mode'
  | 'remote-shell'
  | 'remote-copy'
  | 'synchronise'
  | 'copy-server'
  | 'fetch'
  | 'container-exec'
  | 'sql'
  | 'kill'
  | 'base64'
  | 'output'
  | 'locker'
  | 'opens'
  | 'git'
  | 'interpreter';

export interface Program {
  readonly does: Doing;
  /** Why, for what is destroyed, privileged or opaque: a clause behind "it". */
  readonly because?: string;
  /** `-abc --long -n=KIND --file?KIND --force!DOING %single-dash-word`; digits: `-#`. */
  readonly options?: string;
  /** Kinds by position; the one with a star stands for any number. Missing: none may be given. */
  readonly operands?: string;
  /** Options after which the first operand is missing, because they say it. */
  readonly instead?: string;
  /** With one of these options it only reads: what it is named is read, and nothing is changed. */
  readonly readsWith?: string;
  readonly subcommands?: Readonly<Record<string, Program>>;
  /** What it does without a subcommand. */
  readonly bare?: Doing;
  readonly reader?: ReaderName;
  /** Of wrappers: operands before the command. */
  readonly leading?: number;
  /** What is put out, where that is known: a number, or the names of files below the paths that were named. */
  readonly output?: 'digits' | 'paths';
  /** The other language that a value of kind `text` of these options is written in. */
  readonly language?: string;
}

export type Programs = Readonly<Record<string, Program>>;

export interface OptionRule {
  readonly value: 'none' | 'must' | 'may';
  readonly kind: ValueKind;
  readonly does: Doing | null;
}

export type OptionRules = ReadonlyMap<string, OptionRule>;

/** What every program that uses getopt_long understands, and does nothing else then. */
const everywhere: readonly (readonly [string, OptionRule])[] = ['--help', '--version'].map((name) => [
  name,
  { value: 'none', kind: 'text', does: null },
]);

const known = new Map<string, OptionRules>();

/** Reads the compact form. Throws on a line that is not well written: a test reads every line. */
export function optionRules(source: string): OptionRules {
  const before = known.get(source);
  if (before !== undefined) return before;
  const rules = new Map<string, OptionRule>(everywhere);
  for (const token of source.split(/\s+/).filter((one) => one !== '')) {
    const match = /^([%+-][^\s=?!]*\??)(?:([=?])([a-z]+))?(?:!([a-z]+))?$/.exec(token);
    if (match === null) throw new Error(`the option ${token} is not well written`);
    const [, name = '', sign, kind = 'text', does] = match;
    const rule: OptionRule = {
      value: sign === undefined ? 'none' : sign === '=' ? 'must' : 'may',
      kind: kind as ValueKind,
      does: (does as Doing | undefined) ?? null,
    };
    for (const one of namesOf(name)) rules.set(one, rule);
  }
  known.set(source, rules);
  return rules;
}

function namesOf(name: string): readonly string[] {
  if (name.startsWith('%')) return [`-${name.slice(1)}`];
  if (name.startsWith('--') || name.length <= 2) return [name];
  return [...name.slice(1)].map((letter) => name[0] + letter);
}
