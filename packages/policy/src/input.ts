import type { Actor, ColumnRef, ObjectRef, StatementFacts, VerdictAction } from '@sluice/domain';
import type { ConditionContext } from './condition.ts';

export interface PolicyConnection {
  readonly name: string;
  readonly protocol: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty where the protocol has no databases. */
  readonly database: string;
}

/** The session's state as far as the gateway can prove it; empty texts where a protocol has no such thing. */
export interface PolicySession {
  readonly database: string;
  readonly role: string;
  readonly inTransaction: boolean;
}

/** What is known when a session opens: all that a mask rule may test. */
export interface OpeningInput {
  readonly actor: Actor;
  readonly connection: PolicyConnection;
  /** Rules see it in UTC. */
  readonly time: Date;
  /** Names of the grants that the actor holds at this moment; expired ones are not among them. */
  readonly grants: readonly string[];
  /** Names of the maintenance windows that are open on the connection at this moment; none when left out. */
  readonly maintenance?: readonly string[];
}

export interface PolicyInput extends JudgementInput {
  /** The statements of one wire message. */
  readonly facts: readonly StatementFacts[];
}

/** What a judgement stands on beside the statements themselves. */
export interface JudgementInput extends OpeningInput {
  readonly session: PolicySession;
  readonly policyVersion: number;
  /** The connection's own answer where no rule matches. */
  readonly defaultAction: VerdictAction;
}

/** A statement as rules see it. */
export interface StatementView {
  readonly kind: string;
  readonly command: string;
  readonly language: string;
  readonly complete: boolean;
  readonly destructive: boolean;
  readonly filter: string;
  readonly verbs: readonly string[];
  readonly objects: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly columns: readonly string[];
  readonly functions: readonly string[];
}

/** Longest list that a condition may walk. A statement that names more counts as not complete: cutting a list would open a hole. */
export const maxListed = 1_000;

export function openingContext(input: OpeningInput): Record<string, unknown> {
  const { actor, connection, time } = input;
  return {
    actor: {
      id: actor.id,
      kind: actor.kind,
      name: actor.name,
      role: actor.role,
      // The base role alone where nothing else was told: an actor from before roles were assigned, or without any assignment.
      roles: actor.roles ?? [actor.role],
      groups: actor.groups,
      owner: actor.onBehalfOf?.name ?? '',
      run: actor.runId ?? '',
    },
    connection: {
      name: connection.name,
      protocol: connection.protocol,
      labels: connection.labels,
      database: connection.database,
    },
    time: { hour: BigInt(time.getUTCHours()), weekday: BigInt(time.getUTCDay() || 7), iso: time.toISOString() },
    grants: input.grants,
    maintenance: input.maintenance ?? [],
  };
}

export function statementContext(
  base: Record<string, unknown>,
  session: PolicySession,
  view: StatementView,
): ConditionContext {
  return { ...base, session, statement: view };
}

/** What the rules see of a statement: never its text. `unknown` is never complete, whatever the language says. */
export function viewStatement(facts: StatementFacts): StatementView {
  const verbs = new Set<string>();
  const objects = new Set<string>();
  for (const effect of facts.effects) {
    verbs.add(effect.verb);
    if (effect.object !== null) objects.add(showObject(effect.object));
  }
  const reads = facts.reads.map(showObject);
  const writes = facts.writes.map(showObject);
  for (const name of reads) objects.add(name);
  for (const name of writes) objects.add(name);
  const lists = [objects.size, facts.columns.length, facts.functions.length, reads.length, writes.length];
  return {
    kind: facts.kind,
    command: facts.command,
    language: facts.language,
    complete: facts.complete && facts.kind !== 'unknown' && lists.every((length) => length <= maxListed),
    destructive: facts.destructive,
    filter: facts.filter,
    verbs: [...verbs],
    objects: [...objects].slice(0, maxListed),
    reads: reads.slice(0, maxListed),
    writes: writes.slice(0, maxListed),
    columns: facts.columns.slice(0, maxListed).map(showColumn),
    functions: facts.functions.slice(0, maxListed),
  };
}

/** A name as rules see it. */
export function showObject(object: ObjectRef): string {
  return object.schema === null ? object.name : `${object.schema}.${object.name}`;
}

/** A column as rules see it. */
export function showColumn(column: ColumnRef): string {
  return `${column.schema === null ? '' : `${column.schema}.`}${column.relation}.${column.column}`;
}
