/** Arguments → options and operands, as getopt_long takes them. */
import type { Abstract } from './abstract.ts';
import type { Field, Fields } from './expand.ts';
import type { OptionRule, OptionRules } from './program.ts';

export interface GivenOption {
  readonly name: string;
  readonly rule: OptionRule;
  readonly value: Abstract | null;
}

export interface Arguments {
  readonly options: readonly GivenOption[];
  readonly operands: Fields;
  /** Arguments behind the operand at which reading stopped, that one included; empty unless `stops`. */
  readonly rest: Fields;
  /** Why they could not be read; null when they could. */
  readonly problem: string | null;
}

/** `stops`: what follows the first operand is not this program's (a wrapper, a subcommand). */
export function readArguments(fields: Fields, rules: OptionRules, stops: boolean): Arguments {
  const reader = new ArgumentReader(fields, rules);
  return reader.read(stops);
}

const unknownOption = 'it has an option that Sluice does not know';

class ArgumentReader {
  readonly #fields: Fields;
  readonly #rules: OptionRules;
  readonly #options: GivenOption[] = [];
  readonly #operands: Field[] = [];
  #at = 0;
  #problem: string | null = null;

  constructor(fields: Fields, rules: OptionRules) {
    this.#fields = fields;
    this.#rules = rules;
  }

  read(stops: boolean): Arguments {
    let rest: Fields = [];
    while (this.#at < this.#fields.length && this.#problem === null) {
      const field = this.#fields[this.#at] as Field;
      const text = beginning(field);
      if (text === '--' && field.value.type === 'known') {
        this.#operands.push(...this.#fields.slice(this.#at + 1));
        if (stops) rest = this.#operands.splice(0);
        break;
      }
      if (isOption(text, this.#rules)) {
        this.#at += 1;
        this.#option(field, text);
        continue;
      }
      if (mayBeOption(field) && [...this.#rules.values()].some(isSharp))
        this.#problem = 'a name that is known at run time only could be taken for an option';
      if (stops) {
        rest = this.#fields.slice(this.#at);
        break;
      }
      this.#operands.push(field);
      this.#at += 1;
    }
    return { options: this.#options, operands: this.#operands, rest, problem: this.#problem };
  }

  #option(field: Field, text: string): void {
    const exact = this.#rules.get(text);
    if (field.value.type === 'known' && exact !== undefined) {
      this.#take(text, exact, null);
      return;
    }
    if (text.startsWith('--')) {
      this.#long(field, text);
      return;
    }
    this.#cluster(field, text);
  }

  #long(field: Field, text: string): void {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    if (equals < 0 && field.value.type !== 'known') {
      this.#fail();
      return;
    }
    const named = this.#rules.has(name)
      ? [name]
      : [...this.#rules.keys()].filter((one) => one.startsWith('--') && one.startsWith(name));
    const [only, ...others] = named;
    const rule = only === undefined ? undefined : this.#rules.get(only);
    if (only === undefined || rule === undefined || others.length > 0) {
      this.#fail();
      return;
    }
    if (equals < 0) {
      this.#take(only, rule, null);
      return;
    }
    if (rule.value === 'none') {
      this.#fail();
      return;
    }
    this.#options.push({ name: only, rule, value: behind(field.value, equals + 1) });
  }

  #cluster(field: Field, text: string): void {
    const sign = text[0] ?? '-';
    for (let at = 1; at < text.length; at += 1) {
      const name = sign + (text[at] ?? '');
      const rule = this.#rules.get(name) ?? (/^-\d$/.test(name) ? this.#rules.get('-#') : undefined);
      if (rule === undefined) {
        this.#fail();
        return;
      }
      const last = at === text.length - 1 && field.value.type === 'known';
      if (rule.value !== 'none' && !last) {
        this.#options.push({ name, rule, value: behind(field.value, at + 1) });
        return;
      }
      this.#take(name, rule, null);
    }
    if (field.value.type !== 'known' && !(field.value.type === 'pattern' && /^-\d*$/.test(text))) this.#fail();
  }

  /** An option without a value in the same argument. */
  #take(name: string, rule: OptionRule, value: Abstract | null): void {
    if (rule.value !== 'must') {
      this.#options.push({ name, rule, value });
      return;
    }
    const next = this.#fields[this.#at];
    this.#at += 1;
    if (next === undefined || next.splits) this.#fail('a value of an option is not known');
    else this.#options.push({ name, rule, value: next.value });
  }

  #fail(because: string = unknownOption): void {
    this.#problem ??= because;
  }
}

function isSharp(rule: OptionRule): boolean {
  return rule.does !== null || !['text', 'look', 'read'].includes(rule.kind);
}

/** The text that an argument surely begins with. */
export function beginning(field: Field): string {
  switch (field.value.type) {
    case 'known':
      return field.value.text;
    case 'unknown':
      return field.value.prefix;
    case 'number':
      return '';
    case 'pattern':
      return (/^(?:\\[\s\S]|[^*?[\\])*/.exec(field.value.pattern)?.[0] ?? '').replace(/\\([\s\S])/g, '$1');
  }
}

function isOption(text: string, rules: OptionRules): boolean {
  if (text.startsWith('-')) return text !== '-';
  return text.startsWith('+') && text.length > 1 && [...rules.keys()].some((name) => name.startsWith('+'));
}

function mayBeOption({ value }: Field): boolean {
  return value.type !== 'known' && value.type !== 'number' && beginning({ value, splits: false }) === '';
}

function behind(value: Abstract, from: number): Abstract {
  switch (value.type) {
    case 'known':
      return { type: 'known', text: value.text.slice(from) };
    case 'unknown':
      return { type: 'unknown', prefix: value.prefix.slice(from) };
    case 'number':
      return value;
    case 'pattern':
      return { type: 'pattern', pattern: value.pattern.slice(from) };
  }
}
