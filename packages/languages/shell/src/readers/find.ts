/** find: where it looks, what it writes, what it runs. */
import { type Abstract, knownText, unknown } from '../abstract.ts';
import type { Call, Reader } from '../call.ts';
import type { Field, Fields } from '../expand.ts';
import { beginning } from '../options.ts';
import { lostFolder } from '../paths.ts';
import { pathsBelow } from './paths-below.ts';
import { replaced } from './wrappers.ts';

const alone = new Set([
  ...[
    '-empty',
    '-executable',
    '-readable',
    '-writable',
    '-nouser',
    '-nogroup',
    '-true',
    '-false',
    '-daystart',
    '-depth',
  ],
  ...[
    '-d',
    '-mount',
    '-xdev',
    '-noleaf',
    '-ignore_readdir_race',
    '-noignore_readdir_race',
    '-prune',
    '-quit',
    '-print',
  ],
  ...['-print0', '-ls', '-a', '-o', '-and', '-or', '-not', '!', '(', ')', ',', '-follow', '-warn', '-nowarn'],
]);
const withText = new Set([
  ...[
    '-name',
    '-iname',
    '-path',
    '-ipath',
    '-wholename',
    '-iwholename',
    '-regex',
    '-iregex',
    '-type',
    '-xtype',
    '-size',
  ],
  ...['-mtime', '-mmin', '-atime', '-amin', '-ctime', '-cmin', '-user', '-group', '-uid', '-gid', '-perm', '-links'],
  ...['-inum', '-lname', '-ilname', '-maxdepth', '-mindepth', '-fstype', '-regextype', '-used', '-printf', '-context'],
  ...['-newermt', '-newerat', '-newerct', '-newerBt'],
]);
const withLook = new Set(['-newer', '-anewer', '-cnewer', '-samefile', '-newermm', '-neweraa']);
const withFile = new Set(['-fprint', '-fprint0', '-fls', '-fprintf']);
const running = new Set(['-exec', '-execdir', '-ok', '-okdir']);

export const readFind: Reader = (call) => {
  const { fields, shell, state } = call;
  const starts: Abstract[] = [];
  let at = 0;
  while (/^-[HLP]$|^-O\d$/.test(knownText(fields[at]?.value ?? unknown) ?? '')) at += 1;
  for (; at < fields.length && !isExpression(fields[at] as Field); at += 1) starts.push(givenBy(fields[at] as Field));
  // A file whose name is an option of find would be one.
  if (starts.some((start) => start.type === 'pattern' && beginning({ value: start, splits: false }) === ''))
    shell.incomplete('a name that is known at run time only could be taken for an option');
  for (const start of starts) shell.path('look', start, state);
  if (starts.length === 0) shell.path('look', { type: 'known', text: '.' }, state);
  const found = pathsBelow(starts);
  while (at < fields.length) at = primary(call, at, found);
  return found;
};

function givenBy(field: Field): Abstract {
  return field.splits ? unknown : field.value;
}

function isExpression(field: Field): boolean {
  const text = beginning(field);
  return /^-./.test(text) || text === '(' || text === '!' || text === ')';
}

/** Reads one primary; where the next one begins. */
function primary(call: Call, at: number, found: Abstract): number {
  const { fields, shell, state } = call;
  const name = knownText(fields[at]?.value ?? unknown) ?? '';
  const next = fields[at + 1];
  if (alone.has(name)) return at + 1;
  if (withText.has(name)) {
    if (next === undefined || next.splits) shell.incomplete('an argument is known at run time only');
    return at + 2;
  }
  if (withLook.has(name)) {
    shell.path('look', next === undefined ? unknown : givenBy(next), state);
    return at + 2;
  }
  if (withFile.has(name)) {
    shell.path('write', next === undefined ? unknown : givenBy(next), state);
    return at + (name === '-fprintf' ? 3 : 2);
  }
  if (name === '-delete') {
    shell.path('ruin', found, state);
    return at + 1;
  }
  if (running.has(name)) return command(call, at, found);
  shell.incomplete('it has an option that Sluice does not know');
  return fields.length;
}

function command({ fields, shell, state, stdin }: Call, at: number, found: Abstract): number {
  const name = knownText(fields[at]?.value ?? unknown) ?? '';
  let end = at + 1;
  while (end < fields.length) {
    const text = knownText(fields[end]?.value ?? unknown);
    if (text === ';' || (text === '+' && knownText(fields[end - 1]?.value ?? unknown) === '{}')) break;
    end += 1;
  }
  const given: Fields = fields.slice(at + 1, end).map((field) => replaced(field, '{}', found));
  const here = state.copy();
  if (name.endsWith('dir')) here.folders = [lostFolder];
  shell.runProgram(given, here, stdin);
  return end + 1;
}
