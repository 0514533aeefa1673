/**
 * What a held statement would touch: objects with their size, what follows from foreign keys and triggers, locks, and the plan where
 * planning it runs nothing but the server's own functions (postgres.md item 2).
 */
import {
  type Impact,
  type ImpactObject,
  type ImpactPlan,
  maxImpactEntries,
  type ReadOutcome,
  SluiceError,
  type StatementFacts,
} from '@sluice/domain';
import type { CatalogueRelation } from '@sluice/language-postgres-sql';
import type { AssessRequest, BindValue, SessionState } from '@sluice/wire-kit';
import { type LoadedCatalogue, nameKey } from './catalogue.ts';
import { currentUserText, impactBeginTexts, searchPathText, sizesText } from './impact-queries.ts';
import { lockOf } from './locks.ts';
import { changedRows, readPlan } from './plan-tree.ts';
import type { PostgresTarget } from './target-side.ts';
import { oidOfTypeName } from './types.ts';

export interface ImpactSubject {
  readonly text: string;
  readonly binds: readonly BindValue[];
  readonly outcome: ReadOutcome;
  readonly state: SessionState;
  /** The session sees objects that no other session sees: names may mean something else elsewhere. */
  readonly hasOwn: boolean;
  /** The role that the statement would run as; null: the one that the control session logged in as. */
  readonly role: string | null;
  /** The shared catalogue; null: none could be read. */
  readonly catalogue: LoadedCatalogue | null;
  /** Reads a text as the client's session would. */
  readonly read: (text: string) => ReadOutcome | Promise<ReadOutcome>;
  /** Runs a task on a control session of the writer's; null: there is none. */
  readonly control: (<Result>(task: (session: PostgresTarget) => Promise<Result>) => Promise<Result>) | null;
}

type Asked = { readonly plan: ImpactPlan; readonly sizes: ReadonlyMap<number, Size> };
interface Size {
  readonly rows: number | null;
  readonly bytes: number | null;
}

/** Never rejects for the target's faults. */
export async function assessImpact(subject: ImpactSubject, request: AssessRequest): Promise<Impact> {
  const startedAt = performance.now();
  const statements = subject.outcome.ok ? subject.outcome.statements : [];
  const touched = new Touched(subject.catalogue);
  for (const statement of statements) touched.add(statement, subject.text.slice(statement.start, statement.end));
  const { plan, sizes } = await askTarget(subject, request, touched.oids());
  return {
    durationMs: Math.round(performance.now() - startedAt),
    inTransaction: subject.state.inTransaction,
    estimatedRows: plan.known ? changedRows(plan) : null,
    objects: touched.objects(sizes),
    cascades: touched.cascades.slice(0, maxImpactEntries),
    triggers: touched.triggers.slice(0, maxImpactEntries),
    locks: touched.locks.slice(0, maxImpactEntries),
    more: touched.more,
    plan,
    rehearsal: null,
    undoProblem: null,
  };
}

async function askTarget(subject: ImpactSubject, request: AssessRequest, oids: readonly number[]): Promise<Asked> {
  const refused = planProblem(subject);
  const unknown = (because: string): Asked => ({ plan: { known: false, because }, sizes: new Map() });
  if (subject.control === null) return unknown(refused ?? 'the target’s catalogue could not be read');
  try {
    return await subject.control(async (session) => {
      for (const text of impactBeginTexts) await session.query(text);
      try {
        const rows = await session.ask(sizesText, [{ value: `{${oids.join(',')}}`, binary: false, type: 0 }]);
        const sizes = new Map(rows.map((row) => [Number(row[0]), { rows: known(row[1]), bytes: known(row[2]) }]));
        return { plan: refused === null ? await planOf(session, subject, request) : no(refused), sizes };
      } finally {
        await session.query('ROLLBACK');
      }
    });
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    // The target's own words may quote the statement.
    return unknown(refused ?? 'the target could not be asked, or another session’s lock stood in the way');
  }
}

const no = (because: string): ImpactPlan => ({ known: false, because });

const plannable: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'TABLE', 'VALUES']);

/** Why this statement is not planned, in a clause; null: planning it runs nothing of people's own. */
export function planProblem({
  outcome,
  state,
  hasOwn,
}: Pick<ImpactSubject, 'outcome' | 'state' | 'hasOwn'>): string | null {
  if (!outcome.ok) return 'the statement could not be read';
  const [statement, ...others] = outcome.statements;
  if (statement === undefined || others.length > 0) return 'only a single statement is planned';
  if (!statement.complete) return 'its effect could not be proved, and planning may run functions';
  if (!plannable.has(statement.command)) return `${statement.command} has no plan`;
  const foreign = statement.functions.find((name) => !name.startsWith('pg_catalog.'));
  if (foreign !== undefined) return `planning may run functions, and it reaches ${foreign}`;
  if (hasOwn) return 'its session sees objects that no other session sees yet';
  if (state.searchPath === null || state.role === null) return 'the state of its session is not known';
  return null;
}

async function planOf(session: PostgresTarget, subject: ImpactSubject, request: AssessRequest): Promise<ImpactPlan> {
  const [statement] = subject.outcome.ok ? subject.outcome.statements : [];
  if (statement === undefined || subject.state.searchPath === null) return no('the statement could not be read');
  const text = `EXPLAIN (FORMAT JSON) ${subject.text.slice(statement.start, statement.end)}`;
  // What was made of the text is read and judged as if the client had sent it.
  const outcome = await subject.read(text);
  const [read, ...others] = outcome.ok ? outcome.statements : [];
  const isPlain = read?.command === 'EXPLAIN' && read.complete && read.kind === 'read' && others.length === 0;
  if (!isPlain) return no('planning it is not proved to be harmless');
  const [user] = (await session.query(currentUserText))[0] ?? [];
  if (subject.role !== null && subject.role !== user)
    return no('it would run as a role that the gateway does not log in as');
  if (request.signal.aborted) return no('there was no time left');
  if (!request.admits(text, outcome)) return no('policy does not plainly allow to plan it');
  const path = subject.state.searchPath.map((schema) => `"${schema.replaceAll('"', '""')}"`).join(', ');
  await session.ask(searchPathText, [{ value: path, binary: false, type: 25 }]);
  const values = subject.binds.map(({ value, binary, type }) => ({ value, binary, type: oidOfTypeName(type) }));
  try {
    const rows = await session.ask(text, values);
    return readPlan(rows[0]?.[0] ?? '');
  } catch (error) {
    if (error instanceof SluiceError) return no('the target would not plan it now');
    throw error;
  }
}

function known(text: string | null | undefined): number | null {
  const value = text === null || text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? Math.round(value) : null;
}

/** Follows foreign keys at most this deep. */
const maxCascadeDepth = 16;

/** Collects what statements touch, each thing once. */
class Touched {
  readonly cascades: Impact['cascades'] = [];
  readonly triggers: Impact['triggers'] = [];
  readonly locks: Impact['locks'] = [];
  readonly #catalogue: LoadedCatalogue | null;
  readonly #objects = new Map<string, { readonly relation: CatalogueRelation | null; readonly verbs: Set<string> }>();
  readonly #seen = new Set<string>();

  constructor(catalogue: LoadedCatalogue | null) {
    this.#catalogue = catalogue;
  }

  add(statement: StatementFacts, text: string): void {
    for (const { verb, object } of statement.effects) {
      if (object?.type !== 'relation') continue;
      const name = fullName(object.schema, object.name);
      if (verb === 'read' && !this.#objects.has(name)) continue;
      const relation = this.#catalogue?.byName.get(nameKey(object.schema ?? 'public', object.name)) ?? null;
      this.#note(name, relation, verb);
      const lock = lockOf(verb, statement, text);
      if (lock !== null) this.#once(this.locks, { object: name, ...lock });
      if (relation !== null) this.#follow(relation, verb, statement, 0);
    }
  }

  oids(): number[] {
    return [...this.#objects.values()].flatMap(({ relation }) => (relation === null ? [] : [relation.oid]));
  }

  objects(sizes: ReadonlyMap<number, Size>): ImpactObject[] {
    return [...this.#objects].slice(0, maxImpactEntries).map(([name, { relation, verbs }]) => {
      const size = relation === null ? undefined : sizes.get(relation.oid);
      const kind = relation === null ? 'relation' : relation.kind.replaceAll('-', ' ');
      return {
        name: cut(name),
        kind,
        verbs: [...verbs].slice(0, 20),
        rows: size?.rows ?? null,
        bytes: size?.bytes ?? null,
      };
    });
  }

  get more(): number {
    const lists = [this.#objects.size, this.cascades.length, this.triggers.length, this.locks.length];
    return lists.reduce((sum, length) => sum + Math.max(length - maxImpactEntries, 0), 0);
  }

  #note(name: string, relation: CatalogueRelation | null, verb: string): void {
    const known = this.#objects.get(name);
    if (known === undefined) this.#objects.set(name, { relation, verbs: new Set([verb]) });
    else known.verbs.add(verb);
  }

  /** Triggers that fire, and what foreign keys of other relations do in turn. */
  #follow(relation: CatalogueRelation, verb: string, statement: StatementFacts, depth: number): void {
    const name = fullName(relation.schema, relation.name);
    const fired = verb === 'merge' ? ['insert', 'update', 'delete'] : [verb];
    for (const trigger of relation.triggers) {
      if (!trigger.verbs.some((one) => fired.includes(one))) continue;
      const runs = this.#catalogue?.data.functions.find(({ oid }) => oid === trigger.function);
      const called = runs === undefined ? 'a function that is not known' : fullName(runs.schema, runs.name);
      this.#once(this.triggers, { object: cut(name), runs: cut(called), instead: trigger.instead });
    }
    if ((verb !== 'delete' && verb !== 'update') || depth >= maxCascadeDepth) return;
    for (const reference of relation.referencedBy) {
      const action = verb === 'delete' ? reference.onDelete : reference.onUpdate;
      const other = this.#catalogue?.byOid.get(reference.relation);
      if (action === 'none' || other === undefined || !reaches(statement, other)) continue;
      const to = fullName(other.schema, other.name);
      const does = action === 'set' ? 'sets' : verb === 'delete' ? 'deletes' : 'updates';
      if (!this.#once(this.cascades, { from: cut(name), to: cut(to), action: does })) continue;
      const next = does === 'deletes' ? 'delete' : 'update';
      this.#note(to, other, next);
      const lock = lockOf(next, statement, '');
      if (lock !== null) this.#once(this.locks, { object: cut(to), ...lock });
      this.#follow(other, next, statement, depth + 1);
    }
  }

  #once<Entry>(list: Entry[], entry: Entry): boolean {
    const key = JSON.stringify(entry);
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    list.push(entry);
    return true;
  }
}

/** Complete facts name every relation that a cascade reaches. */
function reaches(statement: StatementFacts, { schema, name }: CatalogueRelation): boolean {
  return !statement.complete || statement.writes.some((one) => one.name === name && (one.schema ?? schema) === schema);
}

function fullName(schema: string | null, name: string): string {
  return schema === null ? name : `${schema}.${name}`;
}

function cut(text: string): string {
  return text.slice(0, 300);
}
