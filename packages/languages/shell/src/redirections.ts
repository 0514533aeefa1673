/** Redirections: what a statement reads from and writes to beside its program's own arguments. */
import { type Abstract, known, unknown } from './abstract.ts';
import type { PathKind } from './call.ts';
import type { Expander } from './expand.ts';
import { placePath } from './paths.ts';
import type { State } from './state.ts';
import type { Redirection } from './syntax-tree.ts';

interface Host {
  path(kind: PathKind, value: Abstract, state: State): void;
  incomplete(because: string): void;
  outputOf(value: Abstract): Abstract | null;
}

export interface Redirected {
  readonly stdin: Abstract;
  /** What it puts out goes elsewhere. */
  readonly silent: boolean;
  /** Where its output goes: where it went before, to `/dev/null`, or wherever the last redirection of it leads. */
  readonly output: 'kept' | 'gone' | 'moved';
  /** What it reads is no longer what it read before, and not the empty `/dev/null`. */
  readonly inputMoved: boolean;
  /** Something else goes where its output goes, or it may not run at all because a file cannot be opened. */
  readonly mixed: boolean;
}

export class Redirections {
  readonly #host: Host;
  readonly #expander: Expander;

  constructor(host: Host, expander: Expander) {
    this.#host = host;
    this.#expander = expander;
  }

  apply(redirections: readonly Redirection[], state: State, stdin: Abstract): Redirected {
    let at: Redirected = { stdin, silent: false, mixed: false, output: 'kept', inputMoved: false };
    for (const one of redirections) at = { ...this.#one(one, state, at), ...movedBy(one, at) };
    return at;
  }

  #one(one: Redirection, state: State, at: Redirected): Redirected {
    const output = one.descriptor === null || one.descriptor === '1';
    const input = one.descriptor === null || one.descriptor === '0';
    switch (one.operator) {
      case '<<':
      case '<<-':
        return input ? { ...at, stdin: this.#document(one, state) } : at;
      case '<<<': {
        const text = single(this.#expander.text(one.target, state));
        const stdinText = text.type === 'known' ? known(`${text.text}\n`) : unknown;
        return input ? { ...at, stdin: stdinText } : at;
      }
      case '<': {
        const values = this.#target(one, state, 'read');
        const [only] = values;
        const given = only === undefined || values.length > 1 ? null : this.#host.outputOf(only);
        const here = given === null ? { ...at, mixed: true } : at;
        return input ? { ...here, stdin: given ?? unknown } : here;
      }
      case '<>':
        this.#target(one, state, 'read');
        this.#target(one, state, 'write');
        return input ? { ...at, stdin: unknown, mixed: true } : { ...at, mixed: true };
      case '<&':
        this.#duplicated(one, state);
        return input ? { ...at, stdin: unknown } : at;
      case '>&':
        if (this.#duplicated(one, state))
          return output ? { ...at, mixed: true } : { ...at, mixed: at.mixed || this.#isStdout(one) };
        return this.#written(one, state, 'write', true, at);
      case '>':
      case '>|':
      case '&>':
        return this.#written(one, state, 'write', output || one.operator === '&>', at);
      case '>>':
      case '&>>':
        return this.#written(one, state, 'append', output || one.operator === '&>>', at);
    }
  }

  /** What goes to `/dev/null` is gone; what goes to another name may come back by it, or the command does not run. */
  #written(one: Redirection, state: State, kind: 'write' | 'append', output: boolean, at: Redirected): Redirected {
    const values = this.#target(one, state, kind);
    const gone = values.every((value) => value.type === 'known' && value.text === '/dev/null');
    return gone ? { ...at, silent: at.silent || output } : { ...at, mixed: true };
  }

  #document({ document, target, operator }: Redirection, state: State): Abstract {
    if (document === null) return unknown;
    const quoted = target.parts.some((part) => part.type !== 'literal' || part.value.includes('\\'));
    const text = quoted
      ? known(document.parts.map((part) => (part.type === 'literal' ? part.value : '')).join(''))
      : single(this.#expander.text(document, state, 'document'));
    return operator === '<<-' && text.type === 'known' ? known(text.text.replace(/^\t+/gm, '')) : text;
  }

  #target({ target, operator }: Redirection, state: State, kind: 'read' | 'write' | 'append'): readonly Abstract[] {
    const values = this.#expander.text(target, state);
    for (const value of values) {
      if (this.#isNetwork(value, state)) this.#host.incomplete('it opens a network connection by a redirection');
      // A pattern here is one name for some shells and many for others.
      this.#host.path(kind, value, state);
      if (value.type === 'known' && value.text.startsWith('\u0000') && operator === '>') continue;
    }
    return values;
  }

  #isNetwork(value: Abstract, state: State): boolean {
    return state.folders.some((folder) => {
      const place = placePath(value, folder);
      return typeof place === 'object' && /^\/dev\/(tcp|udp)\//.test(place.name);
    });
  }

  /** `2>&1`, `<&3`, `>&-`: true; `>&file`: false. */
  #duplicated(one: Redirection, state: State): boolean {
    const values = this.#expander.text(one.target, state);
    if (values.every((value) => value.type === 'known' && /^(\d+-?|-)$/.test(value.text))) return true;
    if (one.operator === '>&' && one.descriptor === null) return false;
    this.#host.incomplete('it redirects to a descriptor that is known at run time only');
    return true;
  }

  #isStdout(one: Redirection): boolean {
    const [part, ...others] = one.target.parts;
    return part?.type === 'literal' && others.length === 0 && part.value === '1';
  }
}

const inputs = /^(<|<>|<&|<<|<<-|<<<)$/;

/** What becomes of the output and the input: without a descriptor, a redirection is of the one that its arrow says. */
function movedBy(one: Redirection, before: Redirected): Pick<Redirected, 'output' | 'inputMoved'> {
  const descriptor = one.descriptor ?? (inputs.test(one.operator) ? '0' : '1');
  const nowhere = isNowhere(one);
  return {
    output: descriptor !== '1' && !one.operator.startsWith('&>') ? before.output : nowhere ? 'gone' : 'moved',
    inputMoved: before.inputMoved || (descriptor === '0' && !nowhere),
  };
}

/** A plain `/dev/null` that is opened, not a descriptor that is copied. */
function isNowhere({ target, operator }: Redirection): boolean {
  const [part, ...others] = target.parts;
  return (
    /^[<>&]?[<>]\|?$/.test(operator) && part?.type === 'literal' && others.length === 0 && part.value === '/dev/null'
  );
}

function single(values: readonly Abstract[]): Abstract {
  const [only, ...others] = values;
  return only === undefined || others.length > 0 ? unknown : only;
}
