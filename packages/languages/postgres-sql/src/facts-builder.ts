/** Collects what one statement does while its tree is walked, and turns it into `StatementFacts`. */
import type {
  ColumnRef,
  Effect,
  EffectVerb,
  FilterShape,
  LiteralSpan,
  ObjectRef,
  OutputLineage,
  SessionEffect,
  StatementFacts,
  StatementKind,
} from '@sluice/domain';
import { columnKey, objectKey } from './lineage.ts';
import { movesNames } from './session-after.ts';

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
/** Columns of pg_catalog that hold passwords. `subconninfo` is left to mask rules: pg_dump reads it, and only superusers can. */
const passwordColumns: ReadonlySet<string> = new Set(['rolpassword', 'passwd', 'umoptions']);

const filterSeverity: readonly FilterShape[] = ['not-applicable', 'present', 'trivial', 'absent'];

/** Why a statement is incomplete that may run a domain's check before it is bound. */
const checkedWhileParsed = 'may run the check of a domain inside another type while it is parsed';

export class FactsBuilder {
  command = 'STATEMENT';
  kind: StatementKind = 'session';
  filter: FilterShape = 'not-applicable';
  filterBecause: string | null = null;
  outputs: readonly OutputLineage[] | null = null;
  destructiveBecause: string | null = null;
  incompleteBecause: string | null = null;
  readonly sessionEffects: SessionEffect[] = [];
  readonly nested: StatementFacts[] = [];
  readonly reads = new Map<string, ObjectRef>();
  readonly writes = new Map<string, ObjectRef>();
  readonly columns = new Map<string, ColumnRef>();
  readonly functions = new Set<string>();
  /** Functions outside pg_catalog whose facts are taken in already, by oid. */
  readonly called = new Set<number>();
  /** Types of the columns that it reads, where making a value of some type runs functions. */
  readonly columnTypes = new Set<string>();
  /** It makes values whose type is told by what stands beside them. */
  makesValues = false;
  /** A domain inside another type runs its check while a text is parsed; `finish` says so where there is such a text. */
  checksTexts = false;
  /** Of these, the ones that may move what names mean. */
  readonly moving = new Set<number>();
  /** The statement moves them by itself. */
  movesItself = false;
  private readonly effects = new Map<string, Effect>();

  raise(kind: StatementKind): void {
    if (strictness.indexOf(kind) > strictness.indexOf(this.kind)) this.kind = kind;
  }

  effect(verb: EffectVerb, object: ObjectRef | null = null): void {
    this.effects.set(`${verb}\u0000${object === null ? '' : objectKey(object)}`, { verb, object });
  }

  read(object: ObjectRef): void {
    this.reads.set(objectKey(object), object);
  }

  write(object: ObjectRef): void {
    this.writes.set(objectKey(object), object);
  }

  column(column: ColumnRef): void {
    if (column.schema === 'pg_catalog' && passwordColumns.has(column.column)) this.raise('privilege');
    this.columns.set(columnKey(column), column);
  }

  flow(flow: OutputLineage): void {
    if (flow.known) for (const column of flow.columns) this.column(column);
  }

  /** The first reason stands: it is the one nearest to the statement's start. */
  incomplete(because: string): void {
    this.incompleteBecause ??= because;
  }

  destroys(because: string): void {
    this.destructiveBecause ??= because;
  }

  /** `because` says by which argument a trivial filter is one. */
  filtered(shape: FilterShape, because: string | null = null): void {
    if (filterSeverity.indexOf(shape) <= filterSeverity.indexOf(this.filter)) return;
    this.filter = shape;
    this.filterBecause = because;
  }

  session(effect: SessionEffect): void {
    this.movesItself ||= movesNames([effect]);
    this.sessionEffects.push(effect);
  }

  /** Takes in the facts of a statement that runs as a part of this one. */
  absorb(
    facts: StatementFacts,
    what: { readonly sessionEffects: boolean; readonly filter?: boolean; readonly destructive?: boolean },
  ): void {
    this.raise(facts.kind);
    this.absorbNames(facts);
    for (const effect of facts.effects) this.effect(effect.verb, effect.object);
    for (const object of facts.writes) this.write(object);
    // A filter inside a function says nothing of the rows that the statement itself chooses.
    if (what.filter !== false) this.filtered(facts.filter, facts.filterBecause);
    if (facts.destructive && what.destructive !== false)
      this.destroys(facts.destructiveBecause ?? 'a part of it is destructive');
    if (what.sessionEffects) this.sessionEffects.push(...facts.sessionEffects);
  }

  /** Takes in only what a statement mentions: for what is planned or stored, not run. */
  absorbNames(facts: StatementFacts): void {
    for (const object of facts.reads) this.read(object);
    for (const column of facts.columns) this.column(column);
    for (const name of facts.functions) this.functions.add(name);
    if (!facts.complete) this.incomplete(facts.incompleteBecause ?? 'a part of it is not known');
  }

  finish(place: {
    readonly language: string;
    readonly start: number;
    readonly end: number;
    readonly fingerprint: string;
    readonly literals: readonly LiteralSpan[];
    /** It holds a literal that becomes a value while it is parsed, or may. */
    readonly hasTexts: boolean;
  }): StatementFacts {
    if (this.checksTexts && place.hasTexts) this.incomplete(checkedWhileParsed);
    const complete = this.incompleteBecause === null;
    if (!complete && !this.sessionEffects.some((effect) => effect.type === 'unknown'))
      this.session({ type: 'unknown' });
    return {
      language: place.language,
      kind: this.kind,
      complete,
      incompleteBecause: this.incompleteBecause,
      command: this.command,
      effects: [...this.effects.values()],
      reads: [...this.reads.values()],
      writes: [...this.writes.values()],
      columns: [...this.columns.values()],
      functions: [...this.functions],
      filter: this.filter,
      filterBecause: this.filterBecause,
      destructive: this.destructiveBecause !== null,
      destructiveBecause: this.destructiveBecause,
      outputs: this.outputs,
      nested: this.nested,
      fingerprint: place.fingerprint,
      start: place.start,
      end: place.end,
      literals: place.literals,
      sessionEffects: this.sessionEffects,
    };
  }
}
