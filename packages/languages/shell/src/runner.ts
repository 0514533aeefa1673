/** Runs a text as far as its words tell: every branch, every loop's body, every text inside it. */
import type { ReadOutcome } from '@sluice/domain';
import { type Abstract, digits, either, empty, unknown } from './abstract.ts';
import { runBuiltin } from './builtins.ts';
import type { Shell } from './call.ts';
import { catalogue } from './catalogue/index.ts';
import { Effects } from './effects.ts';
import { Expander, type ExpansionHost, type Fields } from './expand.ts';
import { runFromCatalogue } from './programs.ts';
import { type Redirected, Redirections } from './redirections.ts';
import type { ShellSession } from './session.ts';
import type { State } from './state.ts';
import type { Assignment, Command, Statement, Test } from './syntax-tree.ts';

/** Statements that one text may come to, with its loops, functions and texts inside texts. */
const maxRuns = 20_000;
/** Turns of a loop before what still changes is unknown, and after. */
const maxTurns = 6;
/** Texts inside texts, functions inside functions. */
const maxDepth = 12;

export interface RunnerOptions {
  readonly session: ShellSession;
  /** Reads a shell text; null: it is none that can be read. */
  readonly parse: (text: string) => readonly Statement[] | null;
  readonly readNested: (language: string, text: string) => ReadOutcome | null;
}

/** One possibility of what happens: what the statement puts out, and what the shell holds afterwards is in the state. */
export class Runner extends Effects implements ExpansionHost, Shell {
  readonly extended: boolean;
  readonly #options: RunnerOptions;
  readonly #expander: Expander;
  readonly #redirections: Redirections;
  readonly #processes: Abstract[] = [];
  /** Processes that run beside a command with the command's own output. */
  #beside = 0;
  /** Redirections around what runs, of the shell's own input and output. */
  #moved = { input: false, output: false };
  readonly #traps: Abstract[] = [];
  #inTrap = false;
  #runs = 0;
  #depth = 0;

  constructor(options: RunnerOptions) {
    super(options.session);
    this.#options = options;
    this.extended = /^(.*\/)?(bash|ksh)$/.test(options.session.shell ?? '');
    this.#expander = new Expander(this);
    this.#redirections = new Redirections(this, this.#expander);
  }

  /** What the statements put out together. */
  statements(statements: readonly Statement[], state: State, stdin: Abstract): Abstract {
    let output: Abstract = empty;
    for (const statement of statements) {
      const before = state.folders;
      output = together(output, this.statement(statement, state, stdin), statements.length === 1);
      // A `cd` that failed leaves the text where it was.
      state.folders = [...new Set([...state.folders, ...before])];
    }
    return output;
  }

  statement(statement: Statement, state: State, stdin: Abstract): Abstract {
    this.#runs += 1;
    if (this.#runs > maxRuns) {
      this.incomplete('it runs more than Sluice follows');
      return unknown;
    }
    const here = statement.background ? state.copy() : state;
    const beside = this.#beside;
    const redirected = this.#redirections.apply(statement.redirections, here, stdin);
    const output = this.#redirected(redirected, statement.command, here);
    this.#runTraps(here);
    // What runs beside it puts out when it likes; what cannot open a file puts out nothing.
    if (statement.background || redirected.mixed || this.#beside !== beside) return unknown;
    return redirected.silent ? empty : output;
  }

  #redirected({ stdin, output, inputMoved }: Redirected, command: Command | null, state: State): Abstract {
    const before = this.#moved;
    this.#moved = { input: before.input || inputMoved, output: before.output || output === 'moved' };
    const run = () => (command === null ? empty : this.#command(command, state, stdin));
    const result = output === 'kept' ? run() : this.puttingOut(output === 'gone' ? 'captured' : 'moved', run);
    this.#moved = before;
    return result;
  }

  keepsRedirections(): void {
    if (this.#moved.input) this.incomplete('its shell goes on with what it is given from elsewhere');
    if (this.#moved.output) this.movesOutput();
  }

  trapped(text: Abstract, state: State): void {
    if (this.session.standing === true) this.incomplete('it has a text run between the lines behind it');
    this.#traps.push(text);
    this.#runTraps(state);
  }

  /** With what the shell holds by now. */
  #runTraps(state: State): void {
    if (this.#inTrap) return;
    this.#inTrap = true;
    for (const text of this.#traps) this.runText(text, state.copy(), unknown, state.positional);
    this.#inTrap = false;
  }

  /** The same in a shell of its own: what it sets is gone afterwards. */
  substitute(statements: readonly Statement[], state: State): Abstract {
    const [only, ...others] = statements;
    if (only?.command === null && others.length === 0 && only.redirections.length === 1) {
      // `$(<file)`
      this.statement(only, state.copy(), empty);
      return unknown;
    }
    return this.puttingOut('captured', () => this.#deeper(() => this.statements(statements, state.copy(), unknown)));
  }

  process(direction: 'in' | 'out', statements: readonly Statement[], state: State): string {
    const output = this.#deeper(() => this.statements(statements, state.copy(), unknown));
    if (direction === 'out') this.#beside += 1;
    this.#processes.push(output);
    return `\u0000${direction === 'in' ? '<' : '>'}${this.#processes.length - 1}`;
  }

  outputOf(value: Abstract): Abstract | null {
    const number = value.type === 'known' ? /^\u0000<(\d+)$/.exec(value.text)?.[1] : undefined;
    return number === undefined ? null : (this.#processes[Number(number)] ?? unknown);
  }

  #deeper(work: () => Abstract): Abstract {
    this.#depth += 1;
    if (this.#depth > maxDepth) {
      this.incomplete('it is nested more deeply than Sluice follows');
      this.#depth -= 1;
      return unknown;
    }
    const output = work();
    this.#depth -= 1;
    return output;
  }

  #command(command: Command, state: State, stdin: Abstract): Abstract {
    switch (command.type) {
      case 'call':
        return this.#call(command, state, stdin);
      case 'declaration':
        return this.#declaration(command, state);
      case 'block':
        return this.statements(command.body, state, stdin);
      case 'subshell':
        return this.statements(command.body, state.copy(), stdin);
      case 'binary':
        return this.#binary(command, state, stdin);
      case 'function':
        if (sharpFunction.test(command.name)) this.incomplete('it defines a function that the shell calls by itself');
        state.define(command.name, command.body);
        return empty;
      case 'test':
        this.#test(command.test, state);
        return empty;
      case 'arithmetic':
        // To a shell without it this is a subshell in a subshell.
        if (!this.extended && !command.posix) this.incomplete('it computes in a way that shells read differently');
        for (const expression of command.expressions) this.#expander.arithmetic(expression, state);
        return empty;
      case 'time':
      case 'coprocess':
        return command.statement === null ? empty : this.statement(command.statement, state, stdin);
      default:
        return this.#compound(command, state, stdin);
    }
  }

  #compound(
    command: Extract<Command, { readonly type: 'if' | 'while' | 'for' | 'arithmetic-for' | 'case' }>,
    state: State,
    stdin: Abstract,
  ): Abstract {
    switch (command.type) {
      case 'if': {
        const branches: (() => Abstract)[] = [];
        for (const { condition, body } of command.branches) {
          this.statements(condition, state, stdin);
          branches.push(() => this.statements(body, here, stdin));
        }
        let here = state;
        const before = state.copy();
        const { otherwise } = command;
        branches.push(() => (otherwise === null ? empty : this.statements(otherwise, here, stdin)));
        const outputs = branches.map((run) => {
          here = before.copy();
          const output = run();
          state.merge(here);
          return output;
        });
        return oneOf(outputs);
      }
      case 'case': {
        this.#expander.text(command.word, state);
        for (const { patterns } of command.items) for (const one of patterns) this.#expander.text(one, state);
        const before = state.copy();
        const outputs = command.items.map(({ body }) => {
          // A body may go on into the next one.
          const here = before.copy();
          here.merge(state);
          const output = this.statements(body, here, stdin);
          state.merge(here);
          return output;
        });
        return oneOf([...outputs, empty]);
      }
      default:
        return this.#loop(command, state, stdin);
    }
  }

  #loop(
    command: Extract<Command, { readonly type: 'while' | 'for' | 'arithmetic-for' }>,
    state: State,
    stdin: Abstract,
  ): Abstract {
    const first = command.type === 'for' ? this.#items(command, state) : null;
    if (command.type === 'arithmetic-for' && !this.extended)
      this.incomplete('it computes in a way that shells read differently');
    const turn = () => {
      if (command.type === 'while') this.statements(command.condition, state, stdin);
      if (command.type === 'arithmetic-for')
        for (const expression of command.expressions) this.#expander.arithmetic(expression, state);
      if (first !== null && command.type === 'for') {
        this.environment(command.variable, first, state);
        state.set(command.variable, first);
      }
      return this.statements(command.body, state, stdin);
    };
    let output: Abstract = empty;
    // What one turn leaves behind is what the next may begin with, until nothing is new.
    for (let turns = 0; turns < maxTurns; turns += 1) {
      const before = state.copy();
      output = turn();
      state.merge(before);
      if (state.isLike(before)) return isEmpty(output) ? empty : unknown;
      if (turns > 0) state.loseWhatDiffers(before);
    }
    this.incomplete('it runs a loop that Sluice does not follow');
    return unknown;
  }

  #items(command: Extract<Command, { readonly type: 'for' }>, state: State): readonly Abstract[] {
    if (command.select) return [unknown];
    if (command.words === null)
      return state.positional === null || state.positional.length === 0 ? [unknown] : state.positional;
    let values: readonly Abstract[] = [];
    for (const fields of this.#expander.fields(command.words, state))
      for (const field of fields) values = either(values, [field.splits ? unknown : field.value]);
    return values.length === 0 ? [unknown] : values;
  }

  #binary(command: Extract<Command, { readonly type: 'binary' }>, state: State, stdin: Abstract): Abstract {
    const { operator, left, right } = command;
    if (operator === '|' || operator === '|&') {
      const output = this.puttingOut('captured', () => this.statement(left, state.copy(), stdin));
      const last = state.copy();
      const result = this.statement(right, last, operator === '|' ? output : unknown);
      // Some shells run the last part of a pipeline themselves.
      state.merge(last);
      return result;
    }
    const before = state.folders;
    const output = this.statement(left, state, stdin);
    const skipped = state.copy();
    // Behind `cd x &&` the text is in x; behind `cd x ||` it is where it was.
    if (operator === '||') state.folders = [...new Set([...state.folders, ...before])];
    const more = this.statement(right, state, stdin);
    state.merge(skipped);
    return together(output, more, false);
  }

  #test(test: Test, state: State): void {
    switch (test.type) {
      case 'word':
        this.#expander.text(test.word, state);
        return;
      case 'unary':
        if ((test.operator === '-v' || test.operator === '-R') && !this.#isPlainName(test.operand, state))
          this.incomplete('it tests a variable whose name is put together');
        this.#test(test.operand, state);
        return;
      case 'binary':
        this.#test(test.left, state);
        this.#test(test.right, state);
        // To a shell without `[[` these are a list and redirections.
        if (!this.extended && /^(&&|\|\||<|>)$/.test(test.operator))
          this.incomplete('it tests in a way that shells read differently');
        if (/^-(eq|ne|le|ge|lt|gt)$/.test(test.operator)) this.#compared(test, state);
    }
  }

  /** `[[ a -eq b ]]` computes with both sides. */
  #compared(test: Extract<Test, { readonly type: 'binary' }>, state: State): void {
    for (const side of [test.left, test.right])
      if (side.type === 'word') this.#expander.arithmetic({ type: 'word', word: side.word }, state);
  }

  #isPlainName(test: Test, state: State): boolean {
    if (test.type !== 'word') return false;
    return this.#expander.text(test.word, state).every((value) => value.type === 'known' && /^\w+$/.test(value.text));
  }

  #declaration(command: Extract<Command, { readonly type: 'declaration' }>, state: State): Abstract {
    let locks = command.variant === 'readonly';
    const local = /^(local|declare|typeset)$/.test(command.variant);
    let attributes = false;
    for (const word of command.words) {
      if ('option' in word) {
        const values = this.#expander.text(word.option, state);
        const plain = values.every((value) => value.type === 'known' && /^[-+][a-zA-Z]+$/.test(value.text));
        if (!plain || values.some((value) => value.type === 'known' && /[nif]/.test(value.text)))
          this.incomplete('it declares something in a way that Sluice does not follow');
        attributes ||= values.some((value) => value.type !== 'known' || /[^-xgpr]/.test(value.text));
        locks ||= values.some((value) => value.type === 'known' && value.text.includes('r'));
        continue;
      }
      // A shell that splits what it assigns here would set more than is written.
      const bare = word.value?.parts.some((part) => /^(parameter|command)$/.test(part.type)) === true;
      if (bare && !this.extended && !this.#isOneField(word, state)) {
        if (command.variant === 'export' || command.variant === 'readonly')
          this.incomplete('it assigns a text that shells may split');
      }
      const before = state.variables.get(word.name);
      this.#assign(word, state, command.variant === 'export' || command.variant === 'declare');
      // In a function the value is gone when it ends.
      if (local && before !== undefined) state.set(word.name, either(before, state.value(word.name)));
      if (locks) state.lock(word.name);
      if (this.session.standing === true && attributes)
        this.incomplete('it changes how a variable takes what it is given');
    }
    return command.words.length === 0 ? this.#listed() : empty;
  }

  /** `export` alone shows the environment. */
  #listed(): Abstract {
    this.does('read');
    return unknown;
  }

  #isOneField(word: Assignment, state: State): boolean {
    if (word.value === null) return true;
    return this.#expander
      .word(word.value, state.copy())
      .every((fields) => fields.length <= 1 && fields.every((one) => !one.splits));
  }

  #assign(assignment: Assignment, state: State, exports: boolean): void {
    const { name, index, value, array, append, naked } = assignment;
    if (index !== null) this.#expander.arithmetic(index, state);
    if (array !== null) {
      for (const element of array) {
        if (element.index !== null) this.#expander.arithmetic(element.index, state);
        if (element.value !== null) this.#expander.fields([element.value], state);
      }
      state.set(name, [unknown]);
      this.environment(name, [unknown], state);
      return;
    }
    if (naked) {
      if (exports) this.environment(name, state.value(name), state);
      return;
    }
    const values = value === null ? [empty] : this.#expander.text(value, state, 'assignment');
    const result = append || index !== null ? [unknown] : values;
    this.environment(name, result, state);
    state.set(name, result);
  }

  #call(command: Extract<Command, { readonly type: 'call' }>, state: State, stdin: Abstract): Abstract {
    const { assignments, words } = command;
    if (words.length === 0) {
      for (const one of assignments) this.#assign(one, state, false);
      return empty;
    }
    // Assignments before a command hold for it alone, and come after its words.
    const possibilities = this.#expander.fields(words, state);
    const own = assignments.length === 0 ? state : state.copy();
    for (const one of assignments) this.#assign(one, own, true);
    if (possibilities.length === 1) {
      const output = this.run(possibilities[0] ?? [], own, stdin);
      if (own !== state) keep(own, state);
      return output;
    }
    const outputs: Abstract[] = [];
    const before = state.copy();
    for (const fields of possibilities) {
      const here = before.copy();
      outputs.push(this.run(fields, here, stdin));
      state.merge(here);
    }
    return oneOf(outputs);
  }

  /** A command whose words are known as far as they are. */
  run(fields: Fields, state: State, stdin: Abstract): Abstract {
    const [first, ...rest] = fields;
    if (first === undefined) return empty;
    const name = first.value.type === 'known' && !first.splits ? first.value.text : null;
    if (name === null) {
      this.incomplete('the program that it runs is known at run time only');
      this.facts.raise('unknown');
      return unknown;
    }
    if (name === '') return empty;
    const bodies = state.functions.get(name);
    if (bodies !== undefined) {
      // Whether a function or a builtin of the same name comes first is told differently by shells.
      const builtin = runBuiltin({ name, fields: rest, state: state.copy(), stdin, runner: this });
      if (builtin === null && Object.hasOwn(catalogue, name)) this.runProgram(fields, state.copy(), stdin);
      const output = this.#function(
        bodies.map(({ body }) => body),
        rest,
        state,
        stdin,
      );
      return builtin === null ? output : unknown;
    }
    const built = runBuiltin({ name, fields: rest, state, stdin, runner: this });
    if (built !== null) this.facts.program(name);
    return built ?? this.runProgram(fields, state, stdin);
  }

  #function(bodies: readonly Statement[], rest: Fields, state: State, stdin: Abstract): Abstract {
    const before = state.positional;
    const outputs = bodies.map((body) => {
      state.positional = rest.some((field) => field.splits) ? null : rest.map((field) => field.value);
      return this.#deeper(() => this.statement(body, state, stdin));
    });
    state.positional = before;
    return oneOf(outputs);
  }

  runProgram(fields: Fields, state: State, stdin: Abstract): Abstract {
    return this.#deeper(() => runFromCatalogue(fields, state, stdin, this));
  }

  runText(text: Abstract, state: State, stdin: Abstract, positional: readonly Abstract[] | null = []): Abstract {
    if (text.type !== 'known' || text.text.includes('\u0000')) {
      this.incomplete('it runs a text that is known at run time only');
      this.facts.raise('unknown');
      return unknown;
    }
    const statements = this.#options.parse(text.text);
    if (statements === null) {
      this.incomplete('it runs a text that is no shell text');
      this.facts.raise('unknown');
      return unknown;
    }
    const before = state.positional;
    state.positional = positional;
    const output = this.#deeper(() => this.statements(statements, state, stdin));
    state.positional = before;
    return output;
  }

  readNested(language: string, text: string): ReadOutcome | null {
    return this.#options.readNested(language, text);
  }
}

/** What a builtin or a function left behind; whether its own assignments stay is told differently by shells. */
function keep(own: State, state: State): void {
  state.merge(own);
  state.folders = own.folders;
}

/** Functions that a shell calls without being told to. */
const sharpFunction =
  /^(command_not_found_handle|command_not_found_handler|precmd|preexec|chpwd|periodic|zshexit|zshaddhistory|TRAP\w+)$/;

/** What several put out together: a later one may not run, so its output is not known to be there. */
function together(before: Abstract, output: Abstract, alone: boolean): Abstract {
  if (alone || isEmpty(output)) return isEmpty(before) ? output : before;
  return unknown;
}

function isEmpty(value: Abstract): boolean {
  return value.type === 'known' && value.text === '';
}

/** What is put out where one of several may have run. */
function oneOf(outputs: readonly Abstract[]): Abstract {
  const [first, ...others] = outputs;
  if (first === undefined) return empty;
  if (others.every((one) => JSON.stringify(one) === JSON.stringify(first))) return first;
  return outputs.every((one) => one.type === 'number') ? digits : unknown;
}
