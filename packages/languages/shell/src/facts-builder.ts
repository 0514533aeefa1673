/** Collects what one statement does while it is walked, and turns it into `StatementFacts`. */
import type {
  Effect,
  EffectVerb,
  LiteralSpan,
  ObjectRef,
  SessionEffect,
  StatementFacts,
  StatementKind,
} from '@sluice/domain';

/** From mild to strict: the kind of a statement is the strictest of its parts. */
const strictness: readonly StatementKind[] = [
  'session',
  'read',
  'write',
  'schema',
  'procedure',
  'privilege',
  'unknown',
];
/** Program names that `command` shows. */
const maxShownPrograms = 4;
/** Characters of `command`. */
const maxCommandCharacters = 80;

export class FactsBuilder {
  kind: StatementKind = 'session';
  incompleteBecause: string | null = null;
  destructiveBecause: string | null = null;
  readonly nested: StatementFacts[] = [];
  readonly literals: LiteralSpan[] = [];
  readonly #sessionEffects: SessionEffect[] = [];
  readonly #effects = new Map<string, Effect>();
  readonly #reads = new Map<string, ObjectRef>();
  readonly #writes = new Map<string, ObjectRef>();
  readonly #programs = new Set<string>();

  raise(kind: StatementKind): void {
    if (strictness.indexOf(kind) > strictness.indexOf(this.kind)) this.kind = kind;
  }

  effect(verb: EffectVerb, object: ObjectRef | null = null): void {
    this.#effects.set(`${verb}\u0000${object === null ? '' : `${object.type}\u0000${object.name}`}`, { verb, object });
  }

  program(name: string): void {
    this.#programs.add(name);
  }

  read(object: ObjectRef): void {
    this.#reads.set(`${object.type}\u0000${object.name}`, object);
  }

  write(object: ObjectRef): void {
    this.#writes.set(`${object.type}\u0000${object.name}`, object);
  }

  session(effect: SessionEffect): void {
    this.#sessionEffects.push(effect);
  }

  /** The first reason stands: it is the one nearest to the statement's start. */
  incomplete(because: string): void {
    this.incompleteBecause ??= because;
  }

  destroys(because: string): void {
    this.destructiveBecause ??= because;
  }

  /** Takes in the facts of a statement of another language that runs as a part of this one. */
  absorb(facts: StatementFacts): void {
    this.nested.push(facts);
    this.raise(facts.kind);
    for (const { verb, object } of facts.effects) this.effect(verb, object);
    for (const object of facts.reads) this.read(object);
    for (const object of facts.writes) this.write(object);
    if (!facts.complete) this.incomplete(facts.incompleteBecause ?? 'a part of it is not known');
    if (facts.destructive) this.destroys(facts.destructiveBecause ?? 'a part of it is destructive');
  }

  finish(place: {
    readonly language: string;
    readonly start: number;
    readonly end: number;
    readonly fingerprint: string;
  }): StatementFacts {
    const programs = [...this.#programs];
    const shown = programs.slice(0, maxShownPrograms).join(', ') + (programs.length > maxShownPrograms ? ' …' : '');
    return {
      language: place.language,
      kind: this.kind,
      complete: this.incompleteBecause === null,
      incompleteBecause: this.incompleteBecause,
      command: (shown === '' ? 'shell' : shown).slice(0, maxCommandCharacters),
      effects: [...this.#effects.values()],
      reads: [...this.#reads.values()],
      writes: [...this.#writes.values()],
      columns: [],
      functions: programs,
      filter: 'not-applicable',
      filterBecause: null,
      destructive: this.destructiveBecause !== null,
      destructiveBecause: this.destructiveBecause,
      outputs: null,
      nested: this.nested,
      fingerprint: place.fingerprint,
      start: place.start,
      end: place.end,
      literals: this.literals,
      sessionEffects:
        this.incompleteBecause === null ? this.#sessionEffects : [...this.#sessionEffects, { type: 'unknown' }],
    };
  }
}
