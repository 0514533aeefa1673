/** What is handed from the one who runs statements to those who read one program's arguments. */
import type { EffectVerb, ObjectRef, ReadOutcome } from '@sluice/domain';
import type { Abstract } from './abstract.ts';
import type { Fields } from './expand.ts';
import type { FactsBuilder } from './facts-builder.ts';
import type { GivenOption } from './options.ts';
import type { Doing, Program, ValueKind } from './program.ts';
import type { ShellSession } from './session.ts';
import type { State } from './state.ts';

export interface Call {
  readonly name: string;
  readonly program: Program;
  /** Behind the program's name (and subcommand), as they were given. */
  readonly fields: Fields;
  readonly options: readonly GivenOption[];
  /** Operands; of programs that stop at the first operand, all that follows. */
  readonly operands: Fields;
  readonly stdin: Abstract;
  readonly state: State;
  readonly shell: Shell;
}

/** What a reader may ask for. Each returns what is put out where it runs something. */
export interface Shell {
  readonly facts: FactsBuilder;
  readonly session: ShellSession;
  /** A shell text in a shell of its own. */
  runText(text: Abstract, state: State, stdin: Abstract, positional?: readonly Abstract[] | null): Abstract;
  /** A program with its arguments, found by its name and never a function or a builtin. */
  runProgram(fields: Fields, state: State, stdin: Abstract): Abstract;
  /** A value of a kind: paths are placed, texts run. */
  value(kind: ValueKind, value: Abstract, state: State): void;
  path(kind: PathKind, value: Abstract, state: State): void;
  does(doing: Doing, because?: string): void;
  /** A program that is about to run, with the names of its options: whether it takes commands from a terminal that it gets. */
  hearing(name: string, options: readonly string[]): void;
  effect(verb: EffectVerb, object: ObjectRef | null): void;
  incomplete(because: string): void;
  /** The same at another machine or in a container, whose name stands before its paths; nothing is known of its state. */
  elsewhere(place: string, terminal: TerminalThere, work: (state: State) => Abstract): Abstract;
  /** Tells the protocol what the program speaks over its input and output. */
  serves(what: string, direction: 'read' | 'write'): void;
  /** Another language's text; null: it is not here. */
  readNested(language: string, text: string): ReadOutcome | null;
  /** What a process substitution gives, by the name that it was given; null: it is none. */
  outputOf(value: Abstract): Abstract | null;
  /** Sets a variable of whoever runs a program: false where its name would change how programs behave. */
  environment(name: string, values: readonly Abstract[], state: State): void;
}

/** What runs there gets a terminal of its own, none, or possibly the one that this program has. */
export type TerminalThere = 'own' | 'none' | 'same';

export type PathKind = 'look' | 'read' | 'write' | 'append' | 'create' | 'delete' | 'ruin';

/** Reads a call's arguments; what it puts out. */
export type Reader = (call: Call) => Abstract;
