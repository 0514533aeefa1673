/** A program with its arguments → what it does, by the catalogue. */
import { type Abstract, digits, empty, knownText, unknown } from './abstract.ts';
import type { Call, Shell } from './call.ts';
import { catalogue } from './catalogue/index.ts';
import { systemFolders } from './environment.ts';
import type { Field, Fields } from './expand.ts';
import { type GivenOption, readArguments } from './options.ts';
import { placePath } from './paths.ts';
import { optionRules, type Program, type ValueKind } from './program.ts';
import { readers } from './readers/index.ts';
import { pathsBelow } from './readers/paths-below.ts';
import type { State } from './state.ts';

/** Readers that take what follows the first operand as it stands. */
const stopping: ReadonlySet<string> = new Set([
  ...[
    'wrapper',
    'environment',
    'privileged',
    'applets',
    'xargs',
    'watch',
    'remote-shell',
    'container-exec',
    'locker',
    'shell',
  ],
]);

export function runFromCatalogue(fields: Fields, state: State, stdin: Abstract, shell: Shell): Abstract {
  const [first, ...rest] = fields;
  if (first === undefined) return empty;
  const name = first.splits ? null : programName(first.value, state);
  if (name === null) {
    shell.facts.raise('unknown');
    shell.incomplete('the program that it runs is not one of the system, or known at run time only');
    return unknown;
  }
  const program = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
  if (program === undefined) {
    shell.facts.program(name);
    shell.facts.raise('unknown');
    shell.incomplete('it runs a program that Sluice does not know');
    return unknown;
  }
  return runAs(name, program, rest, { state, stdin, shell });
}

/** The name in the catalogue; null: it lies elsewhere than where the system keeps programs. */
function programName(value: Abstract, state: State): string | null {
  if (value.type !== 'known' || value.text === '' || value.text.startsWith('\u0000')) return null;
  if (!value.text.includes('/')) return value.text;
  const names = state.folders.map((folder) => {
    const place = placePath(value, folder);
    if (typeof place !== 'object') return null;
    const slash = place.name.lastIndexOf('/');
    return systemFolders.has(place.name.slice(0, slash)) ? place.name.slice(slash + 1) : null;
  });
  const [only, ...others] = names;
  return only === undefined || others.some((one) => one !== only) ? null : only;
}

interface Place {
  readonly state: State;
  readonly stdin: Abstract;
  readonly shell: Shell;
  /** Options that were given before the subcommand. */
  readonly before?: readonly string[];
}

export function runAs(name: string, program: Program, fields: Fields, place: Place): Abstract {
  if (program.subcommands !== undefined) return runSubcommand(name, program, program.subcommands, fields, place);
  const { state, stdin, shell } = place;
  shell.facts.program(name);
  const stops = program.reader !== undefined && stopping.has(program.reader);
  // Programs with a grammar of their own read their arguments by themselves.
  if (program.options === undefined && program.reader !== undefined) {
    shell.hearing(name, place.before ?? []);
    shell.does(program.does, program.because);
    return readerOf(program)({ name, program, fields, options: [], operands: fields, stdin, state, shell });
  }
  const given = readArguments(fields, optionRules(program.options ?? ''), stops);
  if (given.problem !== null) shell.incomplete(given.problem);
  shell.hearing(name, [...(place.before ?? []), ...given.options.map((one) => one.name)]);
  const reads = (program.readsWith ?? '').split(' ');
  const onlyReads = given.options.some((one) => reads.includes(one.name));
  if (onlyReads) shell.does('read');
  else shell.does(program.does, program.because);
  takeOptions(given.options, state, shell);
  if (talks.test(name) && [...given.options, ...given.operands].some(isUntold))
    shell.incomplete('it gives a text to another machine that is known at run time only');
  const call: Call = {
    name,
    program,
    fields,
    options: given.options,
    operands: stops ? given.rest : given.operands,
    stdin,
    state,
    shell,
  };
  if (!stops && (program.operands !== undefined || program.reader === undefined)) takeOperands(call, onlyReads);
  const output = program.reader === undefined ? unknown : readerOf(program)(call);
  return program.output === undefined ? output : outputOf(call);
}

/** Programs that give their arguments to another machine although they only ask. */
const talks =
  /^(ping6?|traceroute|tracepath|mtr|dig|host|nslookup|whois|nc|ncat|netcat|nmap|psql|pg_isready|pg_dump|openssl s_client|resolvectl query|(npm|pnpm|yarn|pip3?|gem|brew|snap|flatpak|conda|docker|apt|apt-get|apk|dnf|yum) (view|info|search|find|show|changelog|outdated|audit|list))$/;

function isUntold(given: GivenOption | Field): boolean {
  return given.value !== null && (('splits' in given && given.splits) || knownText(given.value) === null);
}

function readerOf(program: Program): (call: Call) => Abstract {
  const reader = program.reader === undefined ? undefined : readers[program.reader];
  if (reader === undefined) throw new Error('the catalogue names a reader that is not there');
  return reader;
}

function runSubcommand(
  name: string,
  program: Program,
  subcommands: Readonly<Record<string, Program>>,
  fields: Fields,
  place: Place,
): Abstract {
  const { state, shell } = place;
  const given = readArguments(fields, optionRules(program.options ?? ''), true);
  if (given.problem !== null) {
    shell.facts.program(name);
    shell.does('opaque', given.problem);
    return unknown;
  }
  takeOptions(given.options, state, shell);
  const before = [...(place.before ?? []), ...given.options.map((one) => one.name)];
  const [first, ...rest] = given.rest;
  if (first === undefined) {
    shell.facts.program(name);
    shell.hearing(name, before);
    shell.does(program.bare ?? 'read', program.because);
    return unknown;
  }
  const word = first.value.type === 'known' && !first.splits ? first.value.text : null;
  const subcommand = word !== null && Object.hasOwn(subcommands, word) ? subcommands[word] : undefined;
  if (subcommand === undefined) {
    shell.facts.program(name);
    shell.does('opaque', 'it runs a subcommand that Sluice does not know');
    return unknown;
  }
  return runAs(`${name} ${word}`, subcommand, rest, { ...place, before });
}

function takeOptions(options: readonly GivenOption[], state: State, shell: Shell): void {
  for (const { rule, value } of options) {
    if (rule.does !== null) shell.does(rule.does);
    if (value !== null) shell.value(rule.kind, value, state);
  }
}

/** The kinds of a call's operands by position; null: there are more than it takes. */
export function operandKinds(source: string, count: number): readonly ValueKind[] | null {
  const kinds = source.split(' ').filter((kind) => kind !== '');
  const star = kinds.findIndex((kind) => kind.endsWith('*'));
  if (star < 0) return count > kinds.length ? null : (kinds.slice(0, count) as ValueKind[]);
  const before = kinds.slice(0, star);
  const after = kinds.slice(star + 1);
  const many = Math.max(count - before.length - after.length, 0);
  const repeated = new Array<string>(many).fill((kinds[star] ?? '').slice(0, -1));
  return [...before, ...repeated, ...after].slice(0, count) as ValueKind[];
}

function takeOperands(call: Call, onlyReads: boolean): void {
  const { program, operands, state, shell, options } = call;
  let source = program.operands ?? '';
  const instead = (program.instead ?? '').split(' ');
  if (options.some(({ name }) => instead.includes(name))) source = source.slice(source.indexOf(' ') + 1);
  const kinds = operandKinds(source, operands.length);
  if (kinds === null) {
    shell.incomplete('it has an argument that Sluice does not know');
    return;
  }
  // What may become several words moves the ones behind it.
  if (operands.some((field) => field.splits) && kinds.some((kind) => kind !== 'text'))
    shell.incomplete('an argument is known at run time only');
  for (const [at, kind] of kinds.entries()) {
    const milder = onlyReads && kind !== 'text' ? 'read' : kind;
    takeOperand(operands[at] as Field, milder, state, shell);
  }
}

function takeOperand(field: Field, kind: ValueKind, state: State, shell: Shell): void {
  // A name of nothing but a dash is the input.
  if ((kind === 'read' || kind === 'look') && knownText(field.value) === '-') return;
  if (field.splits && kind !== 'text') shell.value(kind, unknown, state);
  else shell.value(kind, field.value, state);
}

/** Formats of dates that come out as digits alone. */
const digitFormat = /^\+(?:%[sYmdHMSjuNwyCGV]|\d)+$/;

/** Formats whose output has no slash, space or anything that a shell would look at. */
const plainFormat = /^\+(?:%[sYmdHMSjuNwyCGVFTRaAbBp]|[\w.:-])+$/;

function dateOutput(operands: Fields): Abstract {
  const format = operands.map(({ value }) => knownText(value)).find((text) => text?.startsWith('+') === true) ?? '';
  if (digitFormat.test(format)) return digits;
  return plainFormat.test(format) ? { type: 'pattern', pattern: '*' } : unknown;
}

function outputOf({ name, program, operands, options }: Call): Abstract {
  if (program.output === 'digits') {
    // A name, a format or a separator of one's own is put out as well.
    if (name === 'date') return dateOutput(operands);
    if (name === 'wc') return operands.length === 0 ? digits : unknown;
    return options.some(({ value }) => value !== null) ? unknown : digits;
  }
  if (program.output !== 'paths' || options.length > 8) return unknown;
  return pathsBelow(operands.map((field) => field.value));
}
