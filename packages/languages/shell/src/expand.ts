/** Words → what programs are given: brace, tilde, parameter, command and arithmetic expansion, field splitting and file name patterns. */
import {
  type Abstract,
  digits,
  empty,
  homeMark,
  join,
  known,
  maxAlternatives,
  patternOf,
  unknown,
} from './abstract.ts';
import { expandBraces, type Item, itemsOf } from './braces.ts';
import { Parameters } from './parameters.ts';
import { decodeDollarQuoted, unquoteDocument, unquoteDouble } from './quoting.ts';
import type { State } from './state.ts';
import type { Arithmetic, Part, Statement, Word } from './syntax-tree.ts';

/** One argument of a program. */
export interface Field {
  readonly value: Abstract;
  /** It may become no field, or several: what is not known of it was not quoted. */
  readonly splits: boolean;
}

/** What the words of a command may become, each possibility with its fields in order. */
export type Fields = readonly Field[];

/** What expansion asks of whoever runs statements. */
export interface ExpansionHost {
  /** What a command substitution puts out, its statements taken in. */
  substitute(statements: readonly Statement[], state: State): Abstract;
  /** The name that a process substitution is given by. */
  process(direction: 'in' | 'out', statements: readonly Statement[], state: State): string;
  incomplete(because: string): void;
  environment(name: string, values: readonly Abstract[], state: State): void;
  /** True where the text is surely read by a shell with bash's own syntax. */
  readonly extended: boolean;
}

interface Open {
  readonly fields: readonly Field[];
  readonly value: Abstract;
  /** Something stands here, be it an empty quoted text. */
  readonly present: boolean;
  readonly splits: boolean;
}

const nothing: Open = { fields: [], value: empty, present: false, splits: false };
const anything: Field = { value: unknown, splits: true };

export class Expander {
  readonly host: ExpansionHost;
  readonly parameters: Parameters;

  constructor(host: ExpansionHost) {
    this.host = host;
    this.parameters = new Parameters(this);
  }

  /** Every possibility of a command's words. */
  fields(words: readonly Word[], state: State): readonly Fields[] {
    let all: readonly Fields[] = [[]];
    for (const word of words) {
      const next = this.word(word, state);
      all = all.flatMap((before) => next.map((one) => [...before, ...one]));
      if (all.length > maxAlternatives * 2) {
        const [first = []] = all;
        // Which program it is may still be one; with what, is no longer followed.
        const [name] = first;
        const same = name !== undefined && all.every(([other]) => JSON.stringify(other) === JSON.stringify(name));
        all = [same ? [name, anything] : [anything]];
      }
    }
    return all;
  }

  word(word: Word, state: State): readonly Fields[] {
    const words = expandBraces(itemsOf(word));
    if (words === null) return [[anything]];
    let all: readonly Fields[] = [[]];
    for (const items of words) {
      const next = this.#items(items, state);
      all = all.flatMap((before) => next.map((one) => [...before, ...one]));
      if (all.length > maxAlternatives) return [[anything]];
    }
    return all;
  }

  /** A word that stays one text: an assignment's value, a redirection's target, a here-document, `[[ … ]]`. */
  text(word: Word, state: State, how: 'assignment' | 'document' | 'plain' = 'plain'): readonly Abstract[] {
    let values: readonly Abstract[] = [empty];
    for (const [at, part] of word.parts.entries()) {
      const next =
        part.type === 'literal'
          ? how === 'document'
            ? [known(unquoteDocument(part.value))]
            : [this.#unquoted(part.value, state, at === 0, how)]
          : this.#part(part, state);
      values = product(values, next);
    }
    return values;
  }

  #unquoted(value: string, state: State, first: boolean, how: 'assignment' | 'plain'): Abstract {
    const tilde = first ? /^~([A-Za-z0-9_.-]*)(?=$|[/:])/.exec(value) : null;
    const rest = tilde === null ? value : value.slice(tilde[0].length);
    const plain = known(rest.replace(/\\([\s\S])/g, (_, character: string) => (character === '\n' ? '' : character)));
    const tail = how === 'plain' && /[*?]|\[.*\]/.test(rest.replace(/\\./g, '')) ? globbed(rest) : plain;
    return tilde === null ? tail : join(this.#home(tilde[1] ?? '', state), tail);
  }

  #home(user: string, state: State): Abstract {
    if (user !== '') return known(homeMark + user);
    const [only, ...others] = state.value('HOME');
    return only === undefined || others.length > 0 ? unknown : only;
  }

  #items(items: readonly Item[], state: State): readonly Fields[] {
    let all: readonly Open[] = [nothing];
    const literal = (from: number) => {
      let end = from;
      while (typeof items[end] === 'string') end += 1;
      return end;
    };
    for (let at = 0; at < items.length; ) {
      const item = items[at] as Item;
      if (typeof item === 'string') {
        const end = literal(at);
        const value = this.#unquoted(items.slice(at, end).join(''), state, at === 0, 'plain');
        all = all.map((open) => ({ ...open, value: join(open.value, value), present: true }));
        at = end;
        continue;
      }
      all = all.flatMap((open) => this.#append(open, item, state));
      if (all.length > maxAlternatives) return [[anything]];
      at += 1;
    }
    return all.map((open) =>
      open.present || open.splits || open.value.type !== 'known' || open.value.text !== ''
        ? [...open.fields, { value: open.value, splits: open.splits }]
        : open.fields,
    );
  }

  #append(open: Open, part: Exclude<Part, { readonly type: 'literal' }>, state: State): readonly Open[] {
    const quoted = part.type !== 'parameter' && part.type !== 'command' && part.type !== 'arithmetic';
    const list = this.#positional(part, state);
    if (list !== null) return [withFields(open, list, part.type === 'double')];
    const values = this.#part(part, state);
    return values.map((value) => {
      if (quoted) return { ...open, value: join(open.value, value), present: true };
      if (value.type === 'known') return this.#split(open, value.text, state);
      if (value.type === 'number') return { ...open, value: join(open.value, value), present: true };
      // A pattern that came out of a variable is one file name for each of its names: what it stands for is told by the pattern.
      if (value.type === 'pattern') return { ...open, value: join(open.value, value), present: true };
      return { ...open, value: join(open.value, value), splits: true };
    });
  }

  /** `$@`, `$*`, `"$@"` where the parameters are known. */
  #positional(part: Part, state: State): readonly Abstract[] | null {
    const [only, ...others] = part.type === 'double' ? part.parts : [part];
    if (only?.type !== 'parameter' || others.length > 0) return null;
    const plain = only.operator === null && only.slice === null && only.replacement === null && !only.length;
    if (!plain || only.indirect || (only.name !== '@' && only.name !== '*')) return null;
    if (part.type === 'double' && only.name === '*') return null;
    return state.positional;
  }

  /** Field splitting of a known text; what is a pattern in it is one. */
  #split(open: Open, text: string, state: State): Open {
    if (text === '') return open;
    const separators = state.separators();
    if (separators === null) return { ...open, value: join(open.value, unknown), splits: true };
    if (separators === '') return { ...open, value: join(open.value, spread(text)), present: true };
    const pieces: string[] = [''];
    for (const character of text) {
      if (separators.includes(character)) {
        if (pieces.at(-1) !== '' || pieces.length === 1 || !/\s/.test(character)) pieces.push('');
      } else pieces[pieces.length - 1] += character;
    }
    let at: Open = open;
    for (const [index, piece] of pieces.entries()) {
      if (index > 0 && (at.present || at.value.type !== 'known' || at.value.text !== '')) {
        at = {
          fields: [...at.fields, { value: at.value, splits: at.splits }],
          value: empty,
          present: false,
          splits: false,
        };
      }
      if (piece !== '') at = { ...at, value: join(at.value, spread(piece)), present: true };
    }
    return at;
  }

  #part(part: Exclude<Part, { readonly type: 'literal' }>, state: State): readonly Abstract[] {
    switch (part.type) {
      case 'single':
        return [this.#single(part.value, part.dollar)];
      case 'double': {
        let values: readonly Abstract[] = [empty];
        for (const one of part.parts)
          values = product(values, one.type === 'literal' ? [known(unquoteDouble(one.value))] : this.#part(one, state));
        return values;
      }
      case 'parameter':
        return this.parameters.values(part, state);
      case 'command':
        return [withoutLineEnds(this.host.substitute(part.statements, state))];
      case 'arithmetic':
        this.arithmetic(part.expression, state);
        return [digits];
      case 'process':
        return [known(this.host.process(part.direction, part.statements, state))];
      case 'extended-glob':
        // What bash takes for a pattern may be code for another shell.
        if (!this.host.extended) this.host.incomplete('it has a pattern that shells read differently');
        return [{ type: 'pattern', pattern: '*' }];
    }
  }

  #single(value: string, dollar: boolean): Abstract {
    if (!dollar) return known(value);
    // For a shell without `$'…'` the text would end at this quote.
    if (value.includes("\\'") && !this.host.extended)
      this.host.incomplete('it has quotes that shells read differently');
    const decoded = decodeDollarQuoted(value);
    return decoded === null ? unknown : known(decoded);
  }

  /** Reads an arithmetic expression: a text that is computed with runs what stands in a subscript inside it. */
  arithmetic(expression: Arithmetic, state: State): void {
    if (expression.type === 'operation') {
      const [target, ...others] = expression.operands;
      const plain = expression.overwrites && target?.type === 'word' ? others : expression.operands;
      for (const operand of plain) this.arithmetic(operand, state);
      if (!expression.assigns || target?.type !== 'word') return;
      const [part, ...more] = target.word.parts;
      if (part?.type === 'literal' && more.length === 0 && /^[A-Za-z_]\w*$/.test(part.value))
        state.set(part.value, [digits]);
      else this.host.incomplete('it computes with something whose name is put together');
      return;
    }
    for (const part of expression.word.parts) {
      const values = part.type === 'literal' ? this.#operands(part.value, state) : this.#part(part, state);
      if (!values.every(isNumber)) this.host.incomplete('it computes with a text of which nothing is known');
    }
  }

  #operands(text: string, state: State): readonly Abstract[] {
    if (/^\s*(\d+|0[xX][0-9A-Fa-f]+|\d+#\w+)?\s*$/.test(text)) return [digits];
    const name = /^\s*([A-Za-z_]\w*)\s*$/.exec(text)?.[1];
    return name === undefined ? [unknown] : this.parameters.variable(name, state);
  }
}

export function isNumber(value: Abstract): boolean {
  return value.type === 'number' || (value.type === 'known' && /^-?\d*$/.test(value.text));
}

/** An unquoted literal with patterns in it; a quoted character keeps its backslash. */
function globbed(text: string): Abstract {
  return { type: 'pattern', pattern: text.replace(/\\\n/g, '').replace(/\\([^\\*?[\]])/g, '$1') };
}

/** Text out of an unquoted expansion: it is a pattern where it has the characters of one. */
function spread(text: string): Abstract {
  return /[*?]|\[.*\]/.test(text) ? { type: 'pattern', pattern: text.replaceAll('\\', '\\\\') } : known(text);
}

export function withoutLineEnds(value: Abstract): Abstract {
  return value.type === 'known' ? known(value.text.replace(/\n+$/, '')) : value;
}

export function product(left: readonly Abstract[], right: readonly Abstract[]): readonly Abstract[] {
  const all: Abstract[] = [];
  for (const one of left) for (const other of right) all.push(join(one, other));
  return all.length > maxAlternatives ? [all.every((one) => one.type !== 'unknown') ? widened(all) : unknown] : all;
}

function widened(all: readonly Abstract[]): Abstract {
  const patterns = all.map((one) => (one.type === 'unknown' ? '' : patternOf(one)));
  const [first = ''] = patterns;
  let length = first.length;
  for (const pattern of patterns) while (!pattern.startsWith(first.slice(0, length))) length -= 1;
  return { type: 'unknown', prefix: first.slice(0, length) };
}

function withFields(open: Open, list: readonly Abstract[], quoted: boolean): Open {
  let at = open;
  for (const [index, value] of list.entries()) {
    if (index > 0) {
      at = {
        fields: [...at.fields, { value: at.value, splits: at.splits }],
        value: empty,
        present: false,
        splits: false,
      };
    }
    at = {
      ...at,
      value: join(at.value, value),
      present: true,
      splits: at.splits || (!quoted && value.type === 'unknown'),
    };
  }
  return at;
}
