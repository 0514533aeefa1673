/** What the shell does by itself. */
import { type Abstract, empty, folderMark, join, known, knownText, maxKnownCharacters, unknown } from './abstract.ts';
import { sharpVariable } from './environment.ts';
import type { Field, Fields } from './expand.ts';
import { lostFolder, placePath } from './paths.ts';
import type { Doing } from './program.ts';
import { decodeEscapes } from './quoting.ts';
import type { State } from './state.ts';

interface BuiltinRunner {
  readonly extended: boolean;
  run(fields: Fields, state: State, stdin: Abstract): Abstract;
  runProgram(fields: Fields, state: State, stdin: Abstract): Abstract;
  runText(text: Abstract, state: State, stdin: Abstract, positional?: readonly Abstract[] | null): Abstract;
  outputOf(value: Abstract): Abstract | null;
  path(kind: 'look' | 'read', value: Abstract, state: State): void;
  does(doing: Doing, because?: string): void;
  incomplete(because: string): void;
  atTerminal(because: string): void;
  /** `exec` without a command: the redirections around it hold from here on. */
  keepsRedirections(): void;
  /** From here on the text may run at any moment. */
  trapped(text: Abstract, state: State): void;
}

interface BuiltinCall {
  readonly name: string;
  readonly fields: Fields;
  readonly state: State;
  readonly stdin: Abstract;
  readonly runner: BuiltinRunner;
}

type Builtin = (call: BuiltinCall) => Abstract;

/** Null: it is none. */
export function runBuiltin(call: BuiltinCall): Abstract | null {
  const builtin = Object.hasOwn(builtins, call.name) ? builtins[call.name] : undefined;
  return builtin === undefined ? null : builtin(call);
}

const silent: Builtin = () => empty;
const strange: Builtin = ({ name, runner }) => {
  runner.incomplete(`it uses ${name}, which Sluice does not follow`);
  return unknown;
};
const shows: Builtin = ({ runner }) => {
  runner.does('read');
  return unknown;
};

const builtins: Readonly<Record<string, Builtin>> = {
  ':': silent,
  true: silent,
  false: silent,
  exit: silent,
  return: silent,
  break: silent,
  continue: silent,
  wait: silent,
  umask: ({ fields }) => (fields.length === 0 ? unknown : empty),
  ulimit: silent,
  jobs: shows,
  times: shows,
  hash: ({ fields, runner }) => {
    if (fields.some((field) => knownText(field.value) !== '-r'))
      runner.incomplete('it says where a program is to be found');
    return empty;
  },
  history: ({ fields, runner }) => {
    runner.does(fields.length === 0 ? 'read' : 'change');
    return unknown;
  },
  help: shows,
  type: shows,
  dirs: shows,
  caller: shows,
  shift: ({ state }) => {
    state.positional = state.positional?.length === 0 ? [] : null;
    return empty;
  },
  getopts: ({ fields, state, runner }) => {
    setNames(fields.slice(1, 2), state, [unknown], runner);
    state.set('OPTARG', [unknown]);
    return empty;
  },
  echo: (call) => echoed(call),
  printf: (call) => printed(call),
  pwd: ({ state }) => {
    const [only, ...others] = state.folders;
    return only === undefined || others.length > 0 ? unknown : join(known(only), known('\n'));
  },
  test: (call) => tested(call),
  '[': (call) => tested(call),
  cd: (call) => moved(call),
  pushd: (call) => {
    moved(call);
    return unknown;
  },
  popd: ({ state }) => {
    state.folders = [lostFolder];
    return unknown;
  },
  eval: ({ fields, state, stdin, runner }) => runner.runText(joined(fields), state, stdin, state.positional),
  exec: ({ fields, state, stdin, runner }) => {
    const rest = withoutOptions(fields, /^-[cl]+$/, /^-a$/);
    if (rest.length > 0) return runner.runProgram(rest, state.copy(), stdin);
    runner.keepsRedirections();
    return empty;
  },
  command: (call) => commanded(call),
  builtin: ({ fields, state, stdin, runner }) => {
    const [first] = fields;
    const name = first === undefined ? null : knownText(first.value);
    const output = name === null ? null : runBuiltin({ name, fields: fields.slice(1), state, stdin, runner });
    if (output === null && fields.length > 0) runner.incomplete('it runs a builtin that Sluice does not follow');
    return output ?? empty;
  },
  source: (call) => sourced(call),
  '.': (call) => sourced(call),
  alias: ({ fields, runner }) => {
    if (fields.some((field) => knownText(field.value)?.includes('=') !== false))
      runner.incomplete('it gives a command another meaning');
    runner.does('read');
    return unknown;
  },
  unalias: silent,
  unset: ({ fields, state, runner }) => {
    const names = fields.filter((field) => !/^-[fvn]$/.test(knownText(field.value) ?? ''));
    for (const field of names)
      if (sharpVariable(knownText(field.value) ?? '', [empty]) !== null && knownText(field.value) !== 'PATH')
        if (/^(LD_|BASH|GIT|PYTHON)/.test(knownText(field.value) ?? '') === false)
          runner.incomplete('it takes away a variable that programs need');
    setNames(names, state, [empty], runner);
    if (names.some((field) => knownText(field.value) === 'IFS')) state.set('IFS', [known(' \t\n')]);
    return empty;
  },
  read: (call) => readLine(call),
  mapfile: (call) => readLines(call),
  readarray: (call) => readLines(call),
  set: (call) => setOptions(call),
  shopt: ({ fields, runner }) => {
    const harmless =
      /^(-[suqpo]+|nullglob|globstar|failglob|nocaseglob|pipefail|errexit|nounset|inherit_errexit|lastpipe)$/;
    if (!fields.every((field) => harmless.test(knownText(field.value) ?? '')))
      runner.incomplete('it changes how the shell reads its text');
    return empty;
  },
  trap: ({ fields, state, runner }) => {
    const rest = withoutOptions(fields, /^(--|-[lp]+)$/, /^$/);
    const [action] = rest;
    if (action === undefined || rest.length === 1) return empty;
    const text = knownText(action.value);
    if (text === '-' || text === '') return empty;
    runner.trapped(action.value, state);
    if (
      rest
        .slice(1)
        .some(
          ({ value }) =>
            !/^(SIG)?[A-Z0-9]+$/.test(knownText(value) ?? '') || /^(DEBUG|ERR|RETURN)$/.test(knownText(value) ?? ''),
        )
    )
      runner.incomplete('it runs a text between its commands');
    return unknown;
  },
  export: (call) => declared(call),
  readonly: (call) => declared(call),
  declare: (call) => declared(call),
  typeset: (call) => declared(call),
  local: (call) => declared(call),
  disown: ({ runner }) => {
    runner.does('privilege', 'it leaves something running');
    return empty;
  },
  let: strange,
  fg: strange,
  bg: strange,
  bind: strange,
  complete: strange,
  compgen: strange,
  compopt: strange,
  enable: strange,
  fc: strange,
  suspend: strange,
  logout: silent,
  noglob: strange,
};

function joined(fields: Fields): Abstract {
  let text: Abstract = empty;
  for (const [at, field] of fields.entries()) {
    if (field.splits) return unknown;
    if (at > 0) text = join(text, known(' '));
    text = join(text, field.value);
  }
  return text;
}

function withoutOptions(fields: Fields, alone: RegExp, withValue: RegExp): Fields {
  let at = 0;
  for (; at < fields.length; at += 1) {
    const text = knownText(fields[at]?.value ?? unknown);
    if (text === null) break;
    if (withValue.test(text) && text !== '') at += 1;
    else if (text === '--') return fields.slice(at + 1);
    else if (!alone.test(text)) break;
  }
  return fields.slice(at);
}

function setNames(fields: Fields, state: State, values: readonly Abstract[], runner: BuiltinRunner): void {
  for (const { value } of fields) {
    const name = knownText(value);
    if (name === null || !/^[A-Za-z_]\w*$/.test(name))
      runner.incomplete('it sets a variable whose name is put together');
    else {
      const because = sharpVariable(name, values);
      if (because !== null && !(values[0]?.type === 'known' && values[0].text === '')) runner.incomplete(because);
      state.set(name, values);
    }
  }
}

/** What shells agree on: a text with a backslash is read differently by them. */
function echoed({ fields, runner }: BuiltinCall): Abstract {
  let rest = [...fields];
  let lineEnd = '\n';
  let escapes = false;
  while (/^-[neE]+$/.test(knownText(rest[0]?.value ?? unknown) ?? '')) {
    const option = knownText(rest[0]?.value ?? unknown) ?? '';
    if (option.includes('n')) lineEnd = '';
    if (option.includes('e')) escapes = true;
    rest = rest.slice(1);
  }
  const text = joined(rest);
  if (text.type !== 'known') return text.type === 'number' ? text : unknown;
  // What `-e` and a backslash mean is told differently by shells.
  if ((escapes || text.text.includes('\\')) && !runner.extended) return unknown;
  const decoded = escapes ? decodeEscapes(text.text) : text.text;
  return decoded === null || text.text.includes('\\c') ? unknown : join(known(decoded), known(lineEnd));
}

function printed({ fields, state, runner }: BuiltinCall): Abstract {
  let rest = fields;
  if (knownText(rest[0]?.value ?? unknown) === '-v') {
    setNames(rest.slice(1, 2), state, [unknown], runner);
    return empty;
  }
  if (knownText(rest[0]?.value ?? unknown) === '--') rest = rest.slice(1);
  const [format, ...values] = rest;
  const text = format === undefined ? null : knownText(format.value);
  const texts = values.map((field) => (field.splits ? null : knownText(field.value)));
  if (text === null || texts.some((one) => one === null)) return unknown;
  if (!runner.extended && /\\[xuUeEc]/.test([text, ...texts].join(''))) return unknown;
  return formatted(text, texts as readonly string[]);
}

function formatted(format: string, values: readonly string[]): Abstract {
  const pieces = format.match(/%[-+ 0#]*\d*(?:\.\d+)?[a-zA-Z%]|\\?[\s\S]/g) ?? [];
  const plain = format.replace(/%%/g, '');
  if (/%(?![sdb])/.test(plain)) return unknown;
  const takes = (plain.match(/%[sdb]/g) ?? []).length;
  const escaped = decodeEscapes(format);
  if (escaped === null) return unknown;
  let output = '';
  let at = 0;
  do {
    output += pieces
      .map((piece) => {
        if (piece === '%%') return '%';
        if (!/^%[sdb]$/.test(piece)) return piece;
        const value = values[at] ?? '';
        at += 1;
        return piece === '%b' ? value : value.replaceAll('\\', '\\\\');
      })
      .join('');
    if (output.length > maxKnownCharacters) return unknown;
  } while (takes > 0 && at < values.length);
  const decoded = decodeEscapes(output);
  return decoded === null ? unknown : known(decoded);
}

function tested({ fields, runner }: BuiltinCall): Abstract {
  const names = fields.map((field) => knownText(field.value));
  for (const [at, name] of names.entries()) {
    if (name !== '-v' && name !== '-R') continue;
    if (!/^[A-Za-z_]\w*$/.test(names[at + 1] ?? ''))
      runner.incomplete('it tests a variable whose name is put together');
  }
  return empty;
}

function moved({ fields, state }: BuiltinCall): Abstract {
  const rest = withoutOptions(fields, /^-[LPe@]+$/, /^$/);
  const [first] = rest;
  const target = first === undefined ? (state.value('HOME')[0] ?? unknown) : first.value;
  if (first?.splits === true || knownText(target) === '-' || rest.length > 1) {
    state.folders = [lostFolder];
    return unknown;
  }
  const folders = state.folders.map((folder) => {
    const place = placePath(target, folder);
    if (typeof place !== 'object' || place.isPattern) return lostFolder;
    return marked(place.name);
  });
  state.folders = [...new Set(folders)];
  return empty;
}

/** A placed name as a folder that paths can be placed in. */
function marked(name: string): string {
  if (name.startsWith('/')) return name;
  if (name.startsWith('~') || name === '.' || name.startsWith('./')) return `\u0000${name}`;
  return `${folderMark}/${name}`;
}

function commanded({ fields, state, stdin, runner }: BuiltinCall): Abstract {
  const [first] = fields;
  const option = first === undefined ? null : knownText(first.value);
  if (option !== null && /^-p?[vV]$/.test(option)) {
    runner.does('read');
    return unknown;
  }
  const rest = withoutOptions(fields, /^-p$/, /^$/);
  const [program] = rest;
  if (program === undefined) return empty;
  const name = knownText(program.value);
  const built = name === null ? null : runBuiltin({ name, fields: rest.slice(1), state, stdin, runner });
  return built ?? runner.runProgram(rest, state, stdin);
}

/** Files with nothing but assignments, which the system keeps. */
const assignments = /^\/(etc|usr\/lib)\/(os-release|lsb-release)$/;

function sourced({ fields, state, stdin, runner }: BuiltinCall): Abstract {
  const [first] = fields;
  if (first === undefined) return empty;
  const given = runner.outputOf(first.value);
  if (given !== null) return runner.runText(given, state, unknown, null);
  const text = knownText(first.value);
  if (text === '/dev/stdin') return runner.runText(stdin, state, unknown, null);
  runner.path('read', first.value, state);
  if (text === null || !assignments.test(text)) runner.does('opaque', 'it runs a file whose text is not known');
  return unknown;
}

function readLine({ fields, state, stdin, runner }: BuiltinCall): Abstract {
  const names: Field[] = [];
  // readline, whose keys run commands and put their output into the line.
  if (fields.some(({ value }) => /^-[a-zA-Z]*[ei]/.test(knownText(value) ?? '-e')))
    runner.atTerminal('it edits what is typed, with keys that run commands');
  for (let at = 0; at < fields.length; at += 1) {
    const field = fields[at] as Field;
    const text = knownText(field.value);
    if (text !== null && /^-[a-zA-Z]*[dnNtpiua]$/.test(text)) {
      const next = fields[at + 1];
      if (/a$/.test(text) && next !== undefined) names.push(next);
      at += 1;
    } else if (text === null || !/^-/.test(text)) names.push(field);
  }
  const single = names.length === 1 && (stdin.type === 'pattern' || stdin.type === 'number');
  setNames(
    names.length === 0 ? [{ value: known('REPLY'), splits: false }] : names,
    state,
    [single ? stdin : unknown],
    runner,
  );
  return empty;
}

function readLines({ fields, state, runner }: BuiltinCall): Abstract {
  const texts = fields.map((field) => knownText(field.value));
  if (texts.some((text) => text === null || /^-[a-zA-Z]*C/.test(text)))
    runner.incomplete('it runs a text for every line that it reads');
  const last = fields.at(-1);
  setNames(last === undefined || texts.at(-1)?.startsWith('-') === true ? [] : [last], state, [unknown], runner);
  return empty;
}

function setOptions({ fields, state, runner }: BuiltinCall): Abstract {
  if (fields.length === 0) {
    runner.does('read');
    return unknown;
  }
  for (const [at, field] of fields.entries()) {
    const text = knownText(field.value);
    if (text === '--' || text === null || !/^[-+]/.test(text)) {
      const rest = fields.slice(text === '--' ? at + 1 : at);
      state.positional = rest.some((one) => one.splits) ? null : rest.map((one) => one.value);
      return empty;
    }
    if (/^[-+][a-zA-Z]*o$/.test(text)) {
      const name = knownText(fields[at + 1]?.value ?? known('errexit')) ?? '';
      if (
        !/^(errexit|nounset|pipefail|xtrace|verbose|noclobber|noglob|noexec|errtrace|functrace|monitor|posix)$/.test(
          name,
        )
      )
        runner.incomplete('it changes how the shell reads its text');
      const rest = fields.slice(at + 2);
      if (rest.length > 0) setOptions({ name: 'set', fields: rest, state, stdin: empty, runner });
      return empty;
    }
    if (!/^[-+][euxvfCmEThanb]+$/.test(text)) runner.incomplete('it changes how the shell reads its text');
    if (/^-[a-zA-Z]*[ak]/.test(text)) runner.incomplete('it exports every variable from here on');
  }
  return empty;
}

/** `\export X=1`, `command declare X=1`: what the grammar did not take for a declaration. */
function declared({ fields, state, runner }: BuiltinCall): Abstract {
  for (const field of fields) {
    const text = field.splits ? null : knownText(field.value);
    const [, name, value] = /^([A-Za-z_]\w*)(?:=([\s\S]*))?$/.exec(text ?? '') ?? [];
    if (name === undefined) {
      if (text === null || !/^-[rxgp]+$/.test(text))
        runner.incomplete('it declares something in a way that Sluice does not follow');
      continue;
    }
    const values = value === undefined ? state.value(name) : [known(value)];
    const because = sharpVariable(name, values);
    if (because !== null) runner.incomplete(because);
    if (value !== undefined) state.set(name, values);
  }
  return fields.length === 0 ? unknown : empty;
}
