/** Programs that run another program, or a text. */
import { type Abstract, empty, join, known, knownText, unknown } from '../abstract.ts';
import type { Call, Reader } from '../call.ts';
import type { Field, Fields } from '../expand.ts';
import { readArguments } from '../options.ts';
import { lostFolder } from '../paths.ts';
import { optionRules } from '../program.ts';
import { State } from '../state.ts';

const noSession = { user: null, home: null, cwd: null, shell: null };

/** A shell started anew: what the text has set may not be there, and its functions are not. */
function childState(state: State): State {
  const child = State.opening(noSession);
  child.folders = state.folders;
  child.set('HOME', state.value('HOME'));
  return child;
}

export function joinedFields(fields: Fields): Abstract {
  let text: Abstract = empty;
  for (const [at, field] of fields.entries()) {
    if (field.splits) return unknown;
    if (at > 0) text = join(text, known(' '));
    text = join(text, field.value);
  }
  return text;
}

const shellOptions = optionRules(
  '-abBCeEfhHiklmnpPrstuvxT -c -D -s -o=text +o=text -O=text +O=text --login --norc --noprofile --noediting --posix --restricted --verbose --rcfile=opaque --init-file=opaque --debugger --dump-strings',
);

/** `sh -c TEXT`, `bash -s`, `sh FILE`, a shell that reads its input. */
export const readShell: Reader = ({ fields, state, stdin, shell }) => {
  const given = readArguments(fields, shellOptions, true);
  if (given.problem !== null) shell.incomplete(given.problem);
  for (const { rule, value } of given.options) if (value !== null) shell.value(rule.kind, value, state);
  const names = new Set(given.options.map(({ name }) => name));
  if (names.has('--version') || names.has('--help')) return unknown;
  const [first, ...rest] = given.rest;
  const child = childState(state);
  if (names.has('-c')) return commandText(first, rest, child, stdin, shell);
  if (first === undefined || names.has('-s')) return shell.runText(stdin, child, unknown, positional(given.rest));
  const given0 = shell.outputOf(first.value);
  if (given0 !== null) return shell.runText(given0, child, unknown, positional(rest));
  const name = knownText(first.value);
  if (name === '/dev/stdin' || name === '-') return shell.runText(stdin, child, unknown, positional(rest));
  shell.path('read', first.splits ? unknown : first.value, state);
  shell.does('opaque', 'it runs a file whose text is not known');
  return unknown;
};

function commandText(
  text: Field | undefined,
  rest: Fields,
  child: State,
  stdin: Abstract,
  shell: Call['shell'],
): Abstract {
  if (text === undefined || text.splits) return shell.runText(unknown, child, stdin);
  return shell.runText(text.value, child, stdin, positional(rest.slice(1)));
}

function positional(fields: Fields): readonly Abstract[] | null {
  return fields.some((field) => field.splits) ? null : fields.map((field) => field.value);
}

export const readWrapper: Reader = ({ operands, program, state, stdin, shell }) => {
  const leading = program.leading ?? 0;
  if (operands.slice(0, leading).some((field) => field.splits))
    shell.incomplete('an argument is known at run time only');
  shell.runProgram(operands.slice(leading), state, stdin);
  // It may be ended before it has put everything out.
  return unknown;
};

export const readWatch: Reader = ({ operands, options, state, stdin, shell }) => {
  if (operands.length === 0) return unknown;
  if (options.some(({ name }) => name === '-x' || name === '--exec')) shell.runProgram(operands, state, stdin);
  else shell.runText(joinedFields(operands), childState(state), stdin);
  return unknown;
};

const assignment = /^([A-Za-z_]\w*)=([\s\S]*)$/;

/** Takes assignments off the front; what is left is a command. */
function withoutAssignments({ operands, state, shell }: Call): Fields {
  for (const [at, { value, splits }] of operands.entries()) {
    const text = value.type === 'unknown' ? value.prefix : value.type === 'known' ? value.text : '';
    const [, name, held = ''] = assignment.exec(text) ?? [];
    if (name === undefined) return operands.slice(at);
    shell.environment(name, [splits || value.type !== 'known' ? unknown : known(held)], state);
  }
  return [];
}

export const readEnvironment: Reader = (call) => {
  const { options, state, stdin, shell } = call;
  const rest = withoutAssignments(call);
  const here = state.copy();
  if (options.some(({ name }) => name === '-C' || name === '--chdir')) here.folders = [lostFolder];
  if (rest.length === 0) return unknown;
  return shell.runProgram(rest, here, stdin);
};

export const readPrivileged: Reader = (call) => {
  const { options, state, stdin, shell } = call;
  const names = new Set(options.map(({ name }) => name));
  const rest = withoutAssignments(call);
  if (names.has('-e') || names.has('--edit')) {
    for (const field of rest) shell.path('write', field.splits ? unknown : field.value, state);
    shell.incomplete('it opens an editor');
    return unknown;
  }
  const opensShell = ['-i', '-s', '--login', '--shell'].some((name) => names.has(name));
  if (rest.length === 0) {
    if (opensShell) shell.runText(stdin, childState(state), unknown);
    return unknown;
  }
  const here = names.has('-D') || names.has('--chdir') ? state.copy() : state;
  if (here !== state) here.folders = [lostFolder];
  return opensShell ? shell.runText(joinedFields(rest), childState(here), stdin) : shell.runProgram(rest, here, stdin);
};

export const readApplets: Reader = ({ operands, state, stdin, shell }) => {
  if (operands.length > 0) return shell.runProgram(operands, state, stdin);
  shell.does('read');
  return unknown;
};

export const readLocker: Reader = ({ operands, options, state, stdin, shell }) => {
  const [file, ...rest] = operands;
  if (file !== undefined && !/^\d+$/.test(knownText(file.value) ?? '')) shell.path('write', file.value, state);
  const [first, second] = rest;
  if (first === undefined) return unknown;
  if (/^(-c|--command)$/.test(knownText(first.value) ?? ''))
    return shell.runText(second?.value ?? unknown, childState(state), stdin);
  if (options.some(({ name }) => name === '-c')) return unknown;
  return shell.runProgram(rest, state, stdin);
};

/** Arguments come from the input: names of files where it is known that they are, else anything. */
export const readXargs: Reader = ({ operands, options, state, stdin, shell }) => {
  const fromFile = options.some(({ name }) => name === '-a' || name === '--arg-file');
  const input = fromFile ? unknown : stdin;
  const replace = options.find(({ name }) => ['-I', '-i', '--replace', '-J'].includes(name));
  const added = argumentsFrom(input);
  if (operands.length === 0) return unknown;
  if (replace === undefined) return shell.runProgram([...operands, ...added], state, unknown);
  const mark = replace.value === null ? '{}' : knownText(replace.value);
  const value = input.type === 'pattern' || input.type === 'number' ? input : unknown;
  return shell.runProgram(
    operands.map((field) => replaced(field, mark, value)),
    state,
    unknown,
  );
};

function argumentsFrom(input: Abstract): Fields {
  if (input.type === 'pattern' || input.type === 'number') return [{ value: input, splits: false }];
  const text = knownText(input);
  if (text === null || /['"\\]/.test(text)) return [{ value: unknown, splits: true }];
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => ({ value: known(word), splits: false }));
}

/** What stands for the mark in an argument is `value`. */
export function replaced(field: Field, mark: string | null, value: Abstract): Field {
  const text = knownText(field.value);
  if (mark === null || mark === '') return { value: unknown, splits: true };
  if (text === null || !text.includes(mark)) return field;
  const pieces = text.split(mark);
  let joined: Abstract = known(pieces[0] ?? '');
  for (const piece of pieces.slice(1)) joined = join(join(joined, value), known(piece));
  return { value: joined, splits: false };
}

/** `docker exec CONTAINER COMMAND`, `kubectl exec POD -c NAME -- COMMAND`. */
export const readContainerExec: Reader = (call) => {
  const { operands, program, state, shell, stdin } = call;
  const [container, ...rest] = operands;
  const dashes = rest.findIndex((field) => knownText(field.value) === '--');
  const between = dashes < 0 ? [] : rest.slice(0, dashes);
  const command = dashes < 0 ? rest : rest.slice(dashes + 1);
  const given = readArguments(between, optionRules(program.options ?? ''), false);
  if (given.problem !== null || given.operands.length > 0)
    shell.incomplete('it has an argument that Sluice does not know');
  for (const { rule, value } of given.options) {
    if (rule.does !== null) shell.does(rule.does);
    if (value !== null) shell.value(rule.kind, value, state);
  }
  const name = container === undefined ? null : knownText(container.value);
  if (name === null) shell.incomplete('the container is known at run time only');
  if (command.length === 0) {
    shell.does('opaque', 'it opens a terminal in a container');
    return unknown;
  }
  const names = [...call.options, ...given.options].map((one) => one.name);
  const asks = names.some((one) => one === '-t' || one === '--tty');
  // `docker compose exec` makes a terminal unless it is told not to.
  const makes = / ?compose exec$/.test(call.name) && !names.some((one) => one === '-T' || one === '--no-TTY');
  return shell.elsewhere(name ?? 'container', asks || makes ? 'own' : 'none', (inside) =>
    shell.runProgram(command, inside, stdin),
  );
};

const harmlessSshOption =
  /^(StrictHostKeyChecking|BatchMode|ConnectTimeout|UserKnownHostsFile|GlobalKnownHostsFile|LogLevel|ServerAlive\w+|PasswordAuthentication|KbdInteractiveAuthentication|PubkeyAuthentication|User|Port|IdentitiesOnly|PreferredAuthentications|Compression|TCPKeepAlive|HostName|NumberOfPasswordPrompts|ControlMaster|ControlPersist)[= ]/i;

/** `ssh HOST COMMAND`: the text is read, what it does there is said with the host's name before it. */
export const readRemoteShell: Reader = ({ operands, options, shell, stdin }) => {
  for (const { name, value } of options)
    if (name === '-o' && !harmlessSshOption.test(value === null ? '' : (knownText(value) ?? '')))
      shell.incomplete('it has an option of ssh that can run a program');
  const [host, ...command] = operands;
  const name = host === undefined ? null : knownText(host.value);
  if (name === null) shell.incomplete('the machine is known at run time only');
  if (command.length === 0) {
    shell.incomplete('it opens a terminal on another machine');
    return unknown;
  }
  const terminal = options.some((one) => one.name === '-t') ? 'own' : 'same';
  return shell.elsewhere(name ?? 'host', terminal, (there) => shell.runText(joinedFields(command), there, stdin));
};
