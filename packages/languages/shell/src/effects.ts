/** What a statement does, noted as it is found: paths, kinds of doing, variables. */
import type { EffectVerb, ObjectRef } from '@sluice/domain';
import { type Abstract, unknown } from './abstract.ts';
import type { PathKind, TerminalThere } from './call.ts';
import { terminalProblem } from './catalogue/terminals.ts';
import { sharpVariable } from './environment.ts';
import { FactsBuilder } from './facts-builder.ts';
import { guardedBecause, persistentBecause, placePath } from './paths.ts';
import type { Doing, ValueKind } from './program.ts';
import type { ShellSession } from './session.ts';
import { State } from './state.ts';

export abstract class Effects {
  facts = new FactsBuilder();
  readonly session: ShellSession;
  /** Stands before the paths of another machine or container. */
  #place = '';
  /** What runs gets a terminal. */
  #terminal: boolean;
  /** What runs puts out to that terminal. */
  #pages: boolean;
  /** The shell's own output was moved, so a pipe no longer keeps it from the terminal. */
  #loose = false;

  constructor(session: ShellSession) {
    this.session = session;
    this.#terminal = session.terminal === true;
    this.#pages = this.#terminal;
  }

  hearing(name: string, options: readonly string[]): void {
    const because = this.#terminal ? terminalProblem(name, { options, pages: this.#pages }) : null;
    if (because !== null) this.incomplete(because);
  }

  /** The shell itself takes more than text from a terminal. */
  atTerminal(because: string): void {
    if (this.#terminal) this.incomplete(because);
  }

  /** What the work puts out goes to a pipe or is thrown away (`captured`), or wherever a descriptor or a name leads (`moved`). */
  protected puttingOut(where: 'captured' | 'moved', work: () => Abstract): Abstract {
    const before = this.#pages;
    this.#pages = this.#terminal && (where === 'moved' || this.#loose);
    const output = work();
    this.#pages = before || (this.#terminal && this.#loose);
    return output;
  }

  /** `exec >&2`: from here on the output goes elsewhere. */
  protected movesOutput(): void {
    this.#loose = true;
    this.#pages = this.#terminal;
  }

  abstract runText(text: Abstract, state: State, stdin: Abstract): Abstract;

  incomplete(because: string): void {
    this.facts.incomplete(because);
  }

  environment(name: string, values: readonly Abstract[], _state: State): void {
    const because = sharpVariable(name, values);
    if (because !== null) this.incomplete(because);
  }

  value(kind: ValueKind, value: Abstract, state: State): void {
    switch (kind) {
      case 'text':
      case 'secret':
      case 'url':
        return;
      case 'shell':
        this.runText(value, state.copy(), unknown);
        return;
      case 'opaque':
        this.incomplete('it runs code that Sluice does not read');
        return;
      case 'program':
        this.incomplete('it has a program run by its own name');
        return;
      default:
        this.path(kind, value, state);
    }
  }

  path(kind: PathKind, value: Abstract, state: State): void {
    for (const folder of state.folders) {
      const place = placePath(value, folder);
      if (place === 'nowhere') continue;
      this.facts.raise(kind === 'look' || kind === 'read' ? 'read' : 'write');
      if (place === 'unknown') {
        this.incomplete('it names a file that is known at run time only');
        this.facts.effect(pathVerbs[kind]);
        if (kind === 'delete' || kind === 'ruin') this.facts.destroys('it deletes what is known at run time only');
        continue;
      }
      const object = { type: 'file', schema: null, name: this.#place + place.name } as const;
      this.facts.effect(pathVerbs[kind], object);
      const reads = kind === 'look' || kind === 'read';
      if (reads) this.facts.read(object);
      else this.facts.write(object);
      const because =
        kind === 'look'
          ? null
          : reads
            ? guardedBecause(place, this.session.home)
            : persistentBecause(place, this.session.home);
      if (because !== null) {
        this.facts.raise('privilege');
        this.facts.effect(reads ? 'file-read' : 'file-write', object);
      }
      if (kind === 'ruin') this.facts.destroys('it deletes whatever is there');
      if (kind === 'delete' && place.isPattern) this.facts.destroys('it deletes every file that fits a pattern');
    }
  }

  does(doing: Doing, because?: string): void {
    switch (doing) {
      case 'chatter':
        return;
      case 'read':
        this.facts.raise('read');
        this.facts.effect('read');
        return;
      case 'change':
        this.facts.raise('write');
        this.facts.effect('update');
        return;
      case 'create':
        this.facts.raise('write');
        this.facts.effect('create');
        return;
      case 'send':
        this.facts.raise('write');
        this.facts.effect('copy-out');
        return;
      case 'destroy':
        this.facts.raise('write');
        this.facts.effect('delete');
        this.facts.destroys(because ?? 'it loses data or stops a service');
        return;
      case 'privilege':
        this.facts.raise('privilege');
        this.facts.effect('widen');
        return;
      case 'opaque':
        this.facts.raise('unknown');
        this.incomplete(because ?? 'it runs code that Sluice does not read');
    }
  }

  elsewhere(place: string, terminal: TerminalThere, work: (state: State) => Abstract): Abstract {
    const before = [this.#place, this.#terminal, this.#pages] as const;
    this.#place += `${place}:`;
    if (terminal !== 'same') this.#terminal = terminal === 'own';
    // Both ends of a terminal that is made there are its own, whatever the output of this program goes to.
    this.#pages = this.#terminal;
    const output = work(State.opening({ user: null, home: null, cwd: null, shell: null }));
    [this.#place, this.#terminal, this.#pages] = before;
    return output;
  }

  serves(what: string, direction: 'read' | 'write'): void {
    this.facts.session({ type: 'serves', what, direction });
  }

  effect(verb: EffectVerb, object: ObjectRef | null): void {
    this.facts.effect(verb, object);
  }
}

const pathVerbs = {
  look: 'read',
  read: 'read',
  write: 'update',
  append: 'insert',
  create: 'create',
  delete: 'delete',
  ruin: 'delete',
} as const;
