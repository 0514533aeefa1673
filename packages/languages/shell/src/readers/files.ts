/** Programs that take files away, copy them or change who may do what with them. */
import { type Abstract, empty, join, known, knownText, patternOf, unknown } from '../abstract.ts';
import type { Call, Reader } from '../call.ts';
import type { Field } from '../expand.ts';

function givenBy(field: Field): Abstract {
  return field.splits ? unknown : field.value;
}

export function optionValue(call: Pick<Call, 'options'>, ...names: readonly string[]): Abstract | null {
  return call.options.findLast(({ name }) => names.includes(name))?.value ?? null;
}

export function hasOption(call: Pick<Call, 'options'>, ...names: readonly string[]): boolean {
  return call.options.some(({ name }) => names.includes(name));
}

export const readRemove: Reader = (call) => {
  const tree = hasOption(call, '-r', '-R', '--recursive');
  for (const field of call.operands) call.shell.path(tree ? 'ruin' : 'delete', givenBy(field), call.state);
  return empty;
};

/** cp, mv and ln: the last operand, or `-t`, is where to. */
export const readCopy: Reader = (call) => {
  const { operands, shell, state, name } = call;
  const given = optionValue(call, '-t', '--target-directory');
  const sources = given === null && operands.length > 1 ? operands.slice(0, -1) : operands;
  const last = operands.at(-1);
  const target = given ?? (operands.length > 1 && last !== undefined ? givenBy(last) : known('.'));
  if (operands.some((field) => field.splits)) shell.incomplete('an argument is known at run time only');
  const moves = name === 'mv';
  for (const source of sources) {
    shell.path(moves ? 'write' : 'read', givenBy(source), state);
    const own = lastPart(givenBy(source));
    // Where the target is a folder, the file keeps its name in it.
    if (own !== null) shell.path('write', join(join(target, known('/')), own), state);
  }
  shell.path('write', target, state);
  return empty;
};

function lastPart(value: Abstract): Abstract | null {
  if (value.type === 'unknown' || value.type === 'number') return null;
  const pattern = patternOf(value).replace(/\/+$/, '');
  const part = pattern.slice(pattern.lastIndexOf('/') + 1);
  if (part === '' || part === '.' || part === '..' || part.includes('\u0000')) return null;
  return value.type === 'known' ? known(part.replace(/\\([\s\S])/g, '$1')) : { type: 'pattern', pattern: part };
}

/** chmod, and the modes that mkdir and install give. */
export const readMode: Reader = (call) => {
  const { shell, state } = call;
  if (call.name !== 'chmod') {
    const mode = optionValue(call, '-m', '--mode');
    if (mode !== null) judgeMode(mode, call);
    return empty;
  }
  const letters = call.options.some(({ name }) => /^-[rwxXst]$/.test(name));
  const files = letters || hasOption(call, '--reference') ? call.operands : call.operands.slice(1);
  const [mode] = call.operands;
  if (files !== call.operands && mode !== undefined) judgeMode(givenBy(mode), call);
  for (const field of files) shell.path('write', givenBy(field), state);
  return empty;
};

function judgeMode(mode: Abstract, { shell }: Call): void {
  const text = knownText(mode);
  if (text === null) shell.incomplete('the mode is known at run time only');
  else if (/s/.test(text) || /^0*[2-7]\d{3}$/.test(text))
    shell.does('privilege', 'it makes a program run as its owner');
  else if (!/^[0-7]{1,5}$|^[ugoa]*[-+=][rwxXtugo]*(,[ugoa]*[-+=][rwxXtugo]*)*$/.test(text))
    shell.incomplete('it has a mode that Sluice does not know');
}

export const readDd: Reader = ({ fields, shell, state }) => {
  for (const { value, splits } of fields) {
    const text = value.type === 'known' ? value.text : value.type === 'unknown' ? value.prefix : '';
    const [, key, held = ''] = /^([a-z_]+)=([\s\S]*)$/.exec(text) ?? [];
    if (key === undefined || splits) shell.incomplete('it has an argument that Sluice does not know');
    const path: Abstract = value.type === 'known' ? known(held) : unknown;
    if (key === 'if') shell.path('read', path, state);
    if (key === 'of') {
      shell.path('write', path, state);
      if (/^\/+dev\//.test(held) && !/^\/+dev\/(null|stdout|stderr)$/.test(held))
        shell.facts.destroys('it writes over a device');
    }
  }
  return unknown;
};

export const readKill: Reader = ({ fields, shell }) => {
  if (/^-[lL]/.test(knownText(fields[0]?.value ?? unknown) ?? '')) {
    return unknown;
  }
  let at = 0;
  for (; at < fields.length; at += 1) {
    const text = knownText(fields[at]?.value ?? unknown) ?? '';
    if (/^-(s|n|q)$/.test(text)) at += 1;
    else if (at > 0 || !/^-([A-Za-z0-9]+|-signal=\w+)$/.test(text)) break;
  }
  for (const field of fields.slice(at)) {
    const text = field.splits ? null : knownText(field.value);
    if (text === '--') continue;
    if (text === null || !/^(-?\d+|%\w+)$/.test(text))
      shell.incomplete('it ends a process that is known at run time only');
    else {
      if (/^-?0*[01]$|^-/.test(text)) shell.facts.destroys('it ends more than one process');
      shell.effect('update', { type: 'other', schema: null, name: `process ${text}` });
    }
  }
  return empty;
};
