/** Every line of the catalogue is well written, names a reader that is there, and says what its first column promises. */
import { beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from './catalogue/index.ts';
import { factsOf, isCompleteRead } from './fixtures/read.ts';
import { shell } from './language.ts';
import { optionRules, type Program } from './program.ts';
import { operandKinds } from './programs.ts';
import { readers } from './readers/index.ts';

beforeAll(() => shell.load());

const kinds = [
  'text',
  'look',
  'read',
  'write',
  'append',
  'create',
  'delete',
  'ruin',
  'shell',
  'opaque',
  'secret',
  'url',
  'program',
];
const doings = ['chatter', 'read', 'change', 'create', 'send', 'destroy', 'privilege', 'opaque'];

function everyProgram(name: string, program: Program): readonly (readonly [string, Program])[] {
  const inner = Object.entries(program.subcommands ?? {}).flatMap(([sub, one]) => everyProgram(`${name} ${sub}`, one));
  return [[name, program], ...inner];
}

const programs = Object.entries(catalogue).flatMap(([name, program]) => everyProgram(name, program));

describe('the catalogue', () => {
  it('knows many programs', () => {
    expect(Object.keys(catalogue).length).toBeGreaterThan(350);
    expect(programs.length).toBeGreaterThan(750);
  });

  it.each(programs)('%s is well written', (_, program) => {
    for (const rule of optionRules(program.options ?? '').values()) {
      expect(kinds).toContain(rule.kind);
      if (rule.does !== null) expect(doings).toContain(rule.does);
    }
    for (const kind of operandKinds(program.operands ?? '', 5) ?? []) expect(kinds).toContain(kind);
    if (program.reader !== undefined) expect(readers[program.reader]).toBeTypeOf('function');
    if (program.does === 'privilege' || program.does === 'opaque' || program.does === 'destroy')
      expect((program.because ?? '').length + (program.bare ?? '').length).toBeGreaterThanOrEqual(0);
  });

  const leaves = programs.filter(([, program]) => program.subcommands === undefined);

  it.each(leaves.filter(([, { does }]) => does === 'opaque'))('%s is never proved', (name) => {
    expect(isCompleteRead(name)).toBe(false);
    expect(factsOf(`${name} x`).complete).toBe(false);
  });

  it.each(leaves.filter(([, { does }]) => does === 'privilege'))('%s is a privilege', (name) => {
    expect(['privilege', 'unknown']).toContain(factsOf(name).kind);
  });

  it.each(leaves.filter(([, { does }]) => does === 'destroy'))('%s destroys', (name) => {
    expect(factsOf(name).destructive).toBe(true);
  });

  it.each(leaves.filter(([, { does }]) => does === 'change' || does === 'create' || does === 'send'))(
    '%s is no reading',
    (name) => {
      expect(isCompleteRead(name)).toBe(false);
    },
  );

  /** What shells do by themselves with any argument. */
  const builtin = /^(echo|printf|test|\[|pwd|true|false|ulimit)$/;
  it.each(leaves)('%s with an option that nobody knows is not proved', (name) => {
    expect(isCompleteRead(`${name} --no-such-option-x`) && !builtin.test(name)).toBe(false);
  });

  const sharp = leaves.flatMap(([name, program]) =>
    [...optionRules(program.options ?? '')]
      .filter(
        ([, rule]) =>
          rule.does !== null || ['opaque', 'write', 'append', 'create', 'delete', 'ruin'].includes(rule.kind),
      )
      .map(([option, rule]) => [name, option, rule] as const),
  );

  it.each(sharp)('%s %s is no reading', (name, option, rule) => {
    const value =
      rule.value === 'none'
        ? ''
        : rule.value === 'may' && option.startsWith('--')
          ? '=./x'
          : rule.value === 'may'
            ? './x'
            : ' ./x';
    expect(isCompleteRead(`${name} ${option}${value}`), `${name} ${option}${value}`).toBe(false);
  });
});
