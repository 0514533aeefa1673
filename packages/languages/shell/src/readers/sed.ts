/** sed's own little language: which files a script reads and writes, and whether it runs a command. */
import { type Abstract, known, knownText, unknown } from '../abstract.ts';
import type { Reader } from '../call.ts';
import { readArguments } from '../options.ts';
import { optionRules } from '../program.ts';

const options = optionRules(
  '-nErsuzb -e=text -f=opaque -l=text -i?text --expression=text --file=opaque --quiet --silent --regexp-extended --null-data --separate --unbuffered --line-length=text --in-place?text --posix --sandbox --debug --follow-symlinks --binary',
);

export const readSed: Reader = ({ fields, shell, state }) => {
  const given = readArguments(fields, options, false);
  if (given.problem !== null) shell.incomplete(given.problem);
  const scripts: Abstract[] = [];
  let inPlace = false;
  for (const { name, rule, value } of given.options) {
    if (name === '-e' || name === '--expression') scripts.push(value ?? unknown);
    else if (name === '-i' || name === '--in-place') inPlace = true;
    else if (value !== null) shell.value(rule.kind, value, state);
  }
  let files = given.operands;
  if (scripts.length === 0 && !given.options.some(({ rule }) => rule.kind === 'opaque')) {
    const [first, ...rest] = files;
    scripts.push(first === undefined || first.splits ? unknown : first.value);
    files = rest;
    // Where BSD's sed takes this for the suffix, the script is the next one.
    if (inPlace && knownText(first?.value ?? unknown) === '')
      shell.incomplete('it has arguments that versions of sed read differently');
  }
  const text = scripts.map(knownText);
  const script = text.some((one) => one === null) ? null : readSedScript(text.join('\n'));
  if (script === null) shell.incomplete('it has a script for sed that Sluice does not read');
  for (const file of script?.reads ?? []) shell.path('read', known(file), state);
  for (const file of script?.writes ?? []) shell.path('write', known(file), state);
  if (inPlace) shell.does('change');
  for (const file of files) shell.path(inPlace ? 'write' : 'read', file.splits ? unknown : file.value, state);
  return unknown;
};

export interface SedScript {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Null: it runs a command, or has something that is not read here. */
export function readSedScript(source: string): SedScript | null {
  const reader = new SedReader(source);
  return reader.read() ? { reads: reader.reads, writes: reader.writes } : null;
}

class SedReader {
  readonly reads: string[] = [];
  readonly writes: string[] = [];
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  read(): boolean {
    while (this.#at < this.#source.length) {
      if (this.#skip(/[\s;{}]*/y)) continue;
      if (this.#peek() === '#') {
        this.#line();
        continue;
      }
      if (!this.#addresses() || !this.#command()) return false;
    }
    return true;
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0] ?? '';
    this.#at += found.length;
    return found !== '';
  }

  /** The rest of the line. */
  #line(): string {
    const end = this.#source.indexOf('\n', this.#at);
    const line = this.#source.slice(this.#at, end < 0 ? undefined : end);
    this.#at += line.length;
    return line;
  }

  #addresses(): boolean {
    for (;;) {
      if (this.#peek() === '/' || this.#peek() === '\\') {
        if (this.#peek() === '\\') this.#at += 1;
        if (this.#delimited(true) === null) return false;
        this.#at += 1;
        this.#skip(/[IM]*/y);
      } else if (!this.#skip(/(\d+(~\d+)?|\$|[+~]\d+)/y)) break;
      this.#skip(/[ \t]*/y);
      if (this.#peek() !== ',') break;
      this.#at += 1;
      this.#skip(/[ \t]*/y);
    }
    this.#skip(/[ \t]*!*[ \t]*/y);
    return true;
  }

  /** From a delimiter to the next one; a pattern with the delimiter in brackets is read differently by different versions. */
  #delimited(pattern: boolean): string | null {
    const delimiter = this.#peek();
    if (delimiter === '' || delimiter === '\n' || delimiter === '\\') return null;
    const from = this.#at + 1;
    let at = from;
    while (at < this.#source.length && this.#source[at] !== delimiter) {
      if (this.#source[at] === '\\') at += 1;
      else if (pattern && this.#source[at] === '\n') return null;
      at += 1;
    }
    if (at >= this.#source.length) return null;
    const text = this.#source.slice(from, at);
    this.#at = at;
    const open = text.replace(/\\[\s\S]/g, '').replace(/\[\^?\]?[^\]]*\]/g, '');
    return pattern && open.includes('[') ? null : text;
  }

  #command(): boolean {
    const command = this.#peek();
    this.#at += 1;
    if (/^[{}=dDgGhHnNpPxzF]$/.test(command)) return true;
    if (/^[lqQL]$/.test(command)) return this.#skip(/[ \t]*\d*/y) || true;
    if (/^[aic]$/.test(command)) return this.#text();
    if (/^[btTv:]$/.test(command)) return this.#skip(/[^\n;}]*/y) || true;
    if (/^[rRwW]$/.test(command)) return this.#file(command === 'r' || command === 'R' ? this.reads : this.writes);
    if (command === 'y') return this.#pair() && this.#ends();
    if (command === 's') return this.#pair() && this.#flags();
    return false;
  }

  /** Text to add: to the end of the line, and on where it ends in a backslash. */
  #text(): boolean {
    while (this.#line().endsWith('\\') && this.#at < this.#source.length) this.#at += 1;
    return true;
  }

  #file(list: string[]): boolean {
    const name = this.#line().trim();
    if (name === '') return false;
    if (!/^\/dev\/(stdout|stderr|stdin)$/.test(name)) list.push(name);
    return true;
  }

  #pair(): boolean {
    if (this.#delimited(true) === null || this.#delimited(false) === null) return false;
    this.#at += 1;
    return true;
  }

  #ends(): boolean {
    this.#skip(/[ \t]*/y);
    return /^[\n;}#]?$/.test(this.#peek());
  }

  #flags(): boolean {
    this.#skip(/[gpiImM\d]*/y);
    if (this.#peek() === 'w') {
      this.#at += 1;
      return this.#file(this.writes);
    }
    return this.#ends();
  }
}
