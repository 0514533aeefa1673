/** The grammar's nodes → `ShellText`. A node or operator that is not listed here is an error: what is not understood must not be passed over. */
import {
  binaryOperators,
  expansionOperators,
  globOperators,
  processDirections,
  redirectionOperators,
  testOperators,
} from './operators.ts';
import { nodeIn, nodesIn, nodeType, type RawNode, textIn } from './raw-node.ts';
import type {
  Arithmetic,
  Assignment,
  Command,
  ParameterPart,
  Part,
  Redirection,
  ShellText,
  Span,
  Statement,
  Test,
  Word,
} from './syntax-tree.ts';

/** Nodes of one text. A text of `maxTextBytes` has fewer unless it is made to hurt. */
const maxNodes = 60_000;
/** Nesting of nodes; what people write stays below 30. */
const maxNodeDepth = 200;

/** A reason why the text cannot be read although its syntax is right. */
export class NotUnderstood extends Error {
  override readonly name = 'NotUnderstood';
}

/** Throws `NotUnderstood`. `toCodeUnit` turns a UTF-8 byte offset into one of UTF-16 code units. */
export function convertText(file: RawNode, toCodeUnit: (byteOffset: number) => number): ShellText {
  const converter = new Converter(toCodeUnit);
  const statements = converter.statements(nodesIn(file, 'Stmts'));
  const [first] = nodesIn(file, 'Stmts');
  const comments = first === undefined ? nodesIn(file, 'Last') : nodesIn(first, 'Comments');
  const before = first === undefined ? Number.POSITIVE_INFINITY : first.Pos().Offset();
  const leading = comments.filter((comment) => comment.Pos().Offset() < before);
  const words = leading
    .map((comment) => text(comment, 'Text').trim())
    .filter((line) => line !== '' && !line.startsWith('!'))
    .join('\n');
  return { statements, comment: words === '' ? null : words };
}

function must(node: RawNode, name: string): RawNode {
  const value = nodeIn(node, name);
  if (value === null) throw new NotUnderstood('a part of the grammar is missing where one must be');
  return value;
}

function text(node: RawNode, name: string): string {
  const value = textIn(node, name);
  if (value === null) throw new NotUnderstood('a part of the grammar is missing where one must be');
  return value;
}

function flag(node: RawNode, name: string): boolean {
  return node[name] === true;
}

function operator<Found>(table: Readonly<Record<number, Found>>, node: RawNode): Found {
  const found = table[Number(node.Op)];
  if (found === undefined) throw new NotUnderstood('an operator is not understood');
  return found;
}

/** Arithmetic operators that assign: `=` and its like, and `++`, `--`. */
function assigns(node: RawNode): boolean {
  const number = Number(node.Op);
  return number === 74 || number === 36 || number === 37 || (number >= 44 && number <= 53);
}

class Converter {
  readonly #toCodeUnit: (byteOffset: number) => number;
  #nodes = 0;
  #depth = 0;

  constructor(toCodeUnit: (byteOffset: number) => number) {
    this.#toCodeUnit = toCodeUnit;
  }

  statements(nodes: readonly RawNode[]): readonly Statement[] {
    return nodes.map((node) => this.#statement(node));
  }

  /** Counts a node and goes one level down. */
  #within<Result>(work: () => Result): Result {
    this.#nodes += 1;
    this.#depth += 1;
    if (this.#nodes > maxNodes) throw new NotUnderstood('it is longer than Sluice reads');
    if (this.#depth > maxNodeDepth) throw new NotUnderstood('it is nested more deeply than Sluice reads');
    const result = work();
    this.#depth -= 1;
    return result;
  }

  #span(node: RawNode): Span {
    return { start: this.#toCodeUnit(node.Pos().Offset()), end: this.#toCodeUnit(node.End().Offset()) };
  }

  #statement(node: RawNode): Statement {
    return this.#within(() => {
      const command = nodeIn(node, 'Cmd');
      return {
        command: coprocessed(node, command === null ? null : this.#command(command)),
        redirections: nodesIn(node, 'Redirs').map((one) => this.#redirection(one)),
        negated: flag(node, 'Negated'),
        background: flag(node, 'Background'),
        ...this.#span(node),
      };
    });
  }

  #command(node: RawNode): Command {
    const type = nodeType(node);
    switch (type) {
      case 'CallExpr':
        return {
          type: 'call',
          assignments: nodesIn(node, 'Assigns').map((one) => this.#assignment(one)),
          words: nodesIn(node, 'Args').map((one) => this.#word(one)),
        };
      case 'Block':
      case 'Subshell':
        return { type: type === 'Block' ? 'block' : 'subshell', body: this.statements(nodesIn(node, 'Stmts')) };
      case 'BinaryCmd':
        return {
          type: 'binary',
          operator: operator(binaryOperators, node),
          left: this.#statement(must(node, 'X')),
          right: this.#statement(must(node, 'Y')),
        };
      case 'FuncDecl':
        return {
          type: 'function',
          name: text(must(node, 'Name'), 'Value'),
          body: this.#statement(must(node, 'Body')),
        };
      case 'DeclClause':
        return this.#declaration(node);
      case 'ArithmCmd':
        return { type: 'arithmetic', expressions: [this.#arithmetic(must(node, 'X'))], posix: false };
      case 'LetClause':
        return {
          type: 'arithmetic',
          expressions: nodesIn(node, 'Exprs').map((one) => this.#arithmetic(one)),
          posix: true,
        };
      case 'TestClause':
        return { type: 'test', test: this.#test(must(node, 'X')) };
      case 'TimeClause':
      case 'CoprocClause': {
        const statement = nodeIn(node, 'Stmt');
        return {
          type: type === 'TimeClause' ? 'time' : 'coprocess',
          statement: statement === null ? null : this.#statement(statement),
        };
      }
      default:
        return this.#compound(type, node);
    }
  }

  #compound(type: string, node: RawNode): Command {
    switch (type) {
      case 'IfClause':
        return this.#if(node);
      case 'WhileClause':
        return {
          type: 'while',
          condition: this.statements(nodesIn(node, 'Cond')),
          body: this.statements(nodesIn(node, 'Do')),
        };
      case 'ForClause':
        return this.#for(node);
      case 'CaseClause':
        return {
          type: 'case',
          word: this.#word(must(node, 'Word')),
          items: nodesIn(node, 'Items').map((item) => ({
            patterns: nodesIn(item, 'Patterns').map((one) => this.#word(one)),
            body: this.statements(nodesIn(item, 'Stmts')),
          })),
        };
      default:
        throw new NotUnderstood('a kind of command is not understood');
    }
  }

  #if(node: RawNode): Command {
    const branches: { condition: readonly Statement[]; body: readonly Statement[] }[] = [];
    let otherwise: readonly Statement[] | null = null;
    for (let at: RawNode | null = node; at !== null; at = nodeIn(at, 'Else')) {
      const condition = nodesIn(at, 'Cond');
      const body = this.statements(nodesIn(at, 'Then'));
      if (condition.length === 0) otherwise = body;
      else branches.push({ condition: this.statements(condition), body });
    }
    return { type: 'if', branches, otherwise };
  }

  #for(node: RawNode): Command {
    const loop = must(node, 'Loop');
    const body = this.statements(nodesIn(node, 'Do'));
    if (nodeType(loop) === 'CStyleLoop') {
      const expressions = ['Init', 'Cond', 'Post']
        .map((name) => nodeIn(loop, name))
        .filter((one): one is RawNode => one !== null)
        .map((one) => this.#arithmetic(one));
      return { type: 'arithmetic-for', expressions, body };
    }
    const inPosition = loop.InPos as { IsValid(): boolean } | undefined;
    return {
      type: 'for',
      variable: text(must(loop, 'Name'), 'Value'),
      words: inPosition?.IsValid() === true ? nodesIn(loop, 'Items').map((one) => this.#word(one)) : null,
      select: flag(node, 'Select'),
      body,
    };
  }

  #declaration(node: RawNode): Command {
    return {
      type: 'declaration',
      variant: text(must(node, 'Variant'), 'Value'),
      words: nodesIn(node, 'Args').map((one) => {
        const value = nodeIn(one, 'Value');
        if (flag(one, 'Naked') && nodeIn(one, 'Name') === null && value !== null) return { option: this.#word(value) };
        return this.#assignment(one);
      }),
    };
  }

  #assignment(node: RawNode): Assignment {
    return this.#within(() => {
      const index = nodeIn(node, 'Index');
      const value = nodeIn(node, 'Value');
      const array = nodeIn(node, 'Array');
      return {
        name: text(must(node, 'Name'), 'Value'),
        append: flag(node, 'Append'),
        naked: flag(node, 'Naked'),
        index: index === null ? null : this.#arithmetic(index),
        value: value === null ? null : this.#word(value),
        array:
          array === null
            ? null
            : nodesIn(array, 'Elems').map((one) => {
                const at = nodeIn(one, 'Index');
                const held = nodeIn(one, 'Value');
                return {
                  index: at === null ? null : this.#arithmetic(at),
                  value: held === null ? null : this.#word(held),
                };
              }),
        ...this.#span(node),
      };
    });
  }

  #redirection(node: RawNode): Redirection {
    return this.#within(() => {
      const descriptor = nodeIn(node, 'N');
      const document = nodeIn(node, 'Hdoc');
      return {
        operator: operator(redirectionOperators, node),
        descriptor: descriptor === null ? null : text(descriptor, 'Value'),
        target: this.#word(must(node, 'Word')),
        document: document === null ? null : this.#word(document),
        ...this.#span(node),
      };
    });
  }

  #word(node: RawNode): Word {
    return this.#within(() => ({
      parts: nodesIn(node, 'Parts').map((one) => this.#part(one)),
      ...this.#span(node),
    }));
  }

  #part(node: RawNode): Part {
    const span = this.#span(node);
    const type = nodeType(node);
    return this.#within((): Part => {
      switch (type) {
        case 'Lit':
          return { type: 'literal', value: text(node, 'Value'), ...span };
        case 'SglQuoted':
          return { type: 'single', value: text(node, 'Value'), dollar: flag(node, 'Dollar'), ...span };
        case 'DblQuoted':
          return { type: 'double', parts: nodesIn(node, 'Parts').map((one) => this.#part(one)), ...span };
        case 'CmdSubst':
          return { type: 'command', statements: this.statements(nodesIn(node, 'Stmts')), ...span };
        case 'ArithmExp':
          return { type: 'arithmetic', expression: this.#arithmetic(must(node, 'X')), ...span };
        case 'ProcSubst':
          return {
            type: 'process',
            direction: operator(processDirections, node),
            statements: this.statements(nodesIn(node, 'Stmts')),
            ...span,
          };
        case 'ExtGlob':
          return {
            type: 'extended-glob',
            pattern: `${operator(globOperators, node)}(${text(must(node, 'Pattern'), 'Value')})`,
            ...span,
          };
        case 'ParamExp':
          return { ...this.#parameter(node), ...span };
        default:
          throw new NotUnderstood('a kind of word is not understood');
      }
    });
  }

  #parameter(node: RawNode): ParameterPart {
    const slice = nodeIn(node, 'Slice');
    const replacement = nodeIn(node, 'Repl');
    const expansion = nodeIn(node, 'Exp');
    const index = nodeIn(node, 'Index');
    const operand = expansion === null ? null : nodeIn(expansion, 'Word');
    if (flag(node, 'Width')) throw new NotUnderstood('a kind of expansion is not understood');
    return {
      type: 'parameter',
      name: text(must(node, 'Param'), 'Value'),
      length: flag(node, 'Length'),
      indirect: flag(node, 'Excl'),
      names: Number(node.Names) !== 0,
      index: index === null ? null : this.#arithmetic(index),
      slice:
        slice === null
          ? null
          : ['Offset', 'Length']
              .map((name) => nodeIn(slice, name))
              .filter((one): one is RawNode => one !== null)
              .map((one) => this.#arithmetic(one)),
      replacement:
        replacement === null
          ? null
          : ['Orig', 'With']
              .map((name) => nodeIn(replacement, name))
              .filter((one): one is RawNode => one !== null)
              .map((one) => this.#word(one)),
      operator: expansion === null ? null : operator(expansionOperators, expansion),
      operand: operand === null ? null : this.#word(operand),
    };
  }

  #arithmetic(node: RawNode): Arithmetic {
    return this.#within((): Arithmetic => {
      switch (nodeType(node)) {
        case 'Word':
          return { type: 'word', word: this.#word(node) };
        case 'BinaryArithm':
          return {
            type: 'operation',
            assigns: assigns(node),
            overwrites: Number(node.Op) === 74,
            operands: [this.#arithmetic(must(node, 'X')), this.#arithmetic(must(node, 'Y'))],
          };
        case 'UnaryArithm':
          return {
            type: 'operation',
            assigns: assigns(node),
            overwrites: false,
            operands: [this.#arithmetic(must(node, 'X'))],
          };
        case 'ParenArithm':
          return this.#arithmetic(must(node, 'X'));
        default:
          throw new NotUnderstood('a kind of arithmetic is not understood');
      }
    });
  }

  #test(node: RawNode): Test {
    return this.#within((): Test => {
      switch (nodeType(node)) {
        case 'Word':
          return { type: 'word', word: this.#word(node) };
        case 'ParenTest':
          return this.#test(must(node, 'X'));
        case 'UnaryTest':
          return {
            type: 'unary',
            operator: testOperators[Number(node.Op)] ?? '',
            operand: this.#test(must(node, 'X')),
          };
        case 'BinaryTest':
          return {
            type: 'binary',
            operator: operator(testOperators, node),
            left: this.#test(must(node, 'X')),
            right: this.#test(must(node, 'Y')),
          };
        default:
          throw new NotUnderstood('a kind of test is not understood');
      }
    });
  }
}

/** `cmd |&` of the Korn shell: the grammar marks the statement. */
function coprocessed(node: RawNode, command: Command | null): Command | null {
  if (flag(node, 'Coprocess')) throw new NotUnderstood('a kind of command is not understood');
  return command;
}
