/** Parameter expansion: `$x`, `${x:-y}`, `${x%.log}` and the rest. */
import { type Abstract, digits, either, empty, known, unknown } from './abstract.ts';
import type { State } from './state.ts';
import type { Arithmetic, ParameterPart, Word } from './syntax-tree.ts';

/** What parameter expansion asks of the expansion of words around it. */
interface Words {
  readonly host: {
    incomplete(because: string): void;
    environment(name: string, values: readonly Abstract[], state: State): void;
  };
  arithmetic(expression: Arithmetic, state: State): void;
  text(word: Word, state: State, how?: 'plain'): readonly Abstract[];
}

/** Variables that the shell itself keeps, and that hold a number whatever happens. */
const numbers = new Set([
  ...['#', '?', '$', '!', 'RANDOM', 'SECONDS', 'EPOCHSECONDS', 'LINENO', 'UID', 'EUID', 'PPID', 'BASHPID'],
  ...['COLUMNS', 'LINES', 'OPTIND', 'SHLVL', 'BASH_SUBSHELL', 'SRANDOM'],
]);

export class Parameters {
  readonly #expander: Words;

  constructor(expander: Words) {
    this.#expander = expander;
  }

  variable(name: string, state: State): readonly Abstract[] {
    if (numbers.has(name) && !state.variables.has(name)) return [digits];
    if (/^[1-9]\d*$/.test(name)) {
      const { positional } = state;
      return [positional === null ? unknown : (positional[Number(name) - 1] ?? empty)];
    }
    if (/^[@*0_-]$/.test(name)) return [unknown];
    return state.value(name);
  }

  values(part: ParameterPart, state: State): readonly Abstract[] {
    this.#subscript(part, state);
    if (part.indirect) {
      if (!part.names && part.index === null) this.#expander.host.incomplete('it names a variable by another one');
      return [unknown];
    }
    if (part.slice !== null) for (const one of part.slice) this.#expander.arithmetic(one, state);
    if (part.replacement !== null) for (const one of part.replacement) this.#expander.text(one, state);
    if (part.length) return [digits];
    const values = part.index === null ? this.variable(part.name, state) : [unknown];
    if (part.slice !== null || part.replacement !== null) return values.every(isEmpty) ? [empty] : [unknown];
    return part.operator === null ? values : this.#operated(part, values, state);
  }

  #subscript(part: ParameterPart, state: State): void {
    const { index } = part;
    if (index === null) return;
    const [only, ...others] = index.type === 'word' ? index.word.parts : [];
    if (only?.type === 'literal' && others.length === 0 && /^([@*]|\d+)$/.test(only.value)) return;
    this.#expander.arithmetic(index, state);
  }

  #operated(part: ParameterPart, values: readonly Abstract[], state: State): readonly Abstract[] {
    const operator = part.operator ?? '';
    const operand: readonly Abstract[] =
      part.operand === null ? [empty] : this.#expander.text(part.operand, state, 'plain');
    switch (operator) {
      case '-':
      case ':-':
      case '=':
      case ':=': {
        const result = defaulted(values, operand, operator.startsWith(':'));
        if (operator.endsWith('=')) {
          this.#expander.host.environment(part.name, operand, state);
          state.set(part.name, result);
        }
        return result;
      }
      case '+':
      case ':+':
        return either([empty], operand);
      case '?':
      case ':?':
        return values;
      case '@':
        // `${x@P}` runs what stands in the text.
        if (part.operand?.parts.some((one) => one.type !== 'literal' || /[PA]/.test(one.value)) === true)
          this.#expander.host.incomplete('it expands a text once more');
        return [unknown];
      case '%':
      case '%%':
      case '#':
      case '##':
        return values.map((value) => trimmed(value, operand, operator));
      default:
        return [unknown];
    }
  }
}

function isEmpty(value: Abstract): boolean {
  return value.type === 'known' && value.text === '';
}

function defaulted(values: readonly Abstract[], operand: readonly Abstract[], whenEmpty: boolean): readonly Abstract[] {
  let result: readonly Abstract[] = [];
  for (const value of values) {
    if (value.type === 'known' && !(whenEmpty && value.text === '')) result = either(result, [value]);
    else if (value.type === 'known') result = either(result, operand);
    else result = either(either(result, [value]), operand);
  }
  return result;
}

/** A prefix or suffix taken off; where the pattern is more than a text or `*` beside one, nothing is known. */
function trimmed(value: Abstract, operand: readonly Abstract[], operator: string): Abstract {
  const [only, ...others] = operand;
  if (only === undefined || others.length > 0) return unknown;
  const suffix = operator.startsWith('%');
  if (only.type === 'known') {
    const off = only.text;
    if (value.type === 'known') {
      if (suffix)
        return known(value.text.endsWith(off) ? value.text.slice(0, value.text.length - off.length) : value.text);
      return known(value.text.startsWith(off) ? value.text.slice(off.length) : value.text);
    }
    if (value.type === 'pattern' && suffix && /^[\w.-]+$/.test(off) && value.pattern.endsWith(off))
      return { type: 'pattern', pattern: value.pattern.slice(0, value.pattern.length - off.length) };
    return unknown;
  }
  // The last part of a path.
  if (operator === '##' && only.type === 'pattern' && only.pattern === '*/') {
    if (value.type === 'known') return known(value.text.slice(value.text.lastIndexOf('/') + 1));
    if (value.type === 'pattern') {
      const last = value.pattern.slice(value.pattern.lastIndexOf('/') + 1);
      return { type: 'pattern', pattern: last.includes('**') ? '*' : last };
    }
  }
  return unknown;
}
