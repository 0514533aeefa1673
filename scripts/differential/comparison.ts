/** Holds facts against what the server changed. Pure. */
import type { StatementFacts, StatementKind } from '../../packages/domain/src/index.ts';
import type { Observation } from './observing-inspector.ts';
import { claimsWrite } from './read-only-trial.ts';
import type { ChangedRelation } from './write-ahead-log.ts';

export interface ComparedStatement {
  readonly script: string;
  readonly text: string;
  readonly kind: StatementKind;
  readonly command: string;
  readonly complete: boolean;
  readonly because: string | null;
  /** The server refused it, or the message that it stands in: it proves nothing. */
  readonly failed: boolean;
  /** What the server changed and the facts, which claim to be complete, do not say; null when nothing. */
  readonly wrong: string | null;
  readonly claimsWrite: boolean;
  readonly overClaimed: boolean;
  readonly undecided: boolean;
}

/** Verbs under which the system's own catalogues may change. */
const definingVerbs: ReadonlySet<string> = new Set(
  'create alter alter-destructive drop grant revoke widen maintain replicate program'.split(' '),
);

const largeObjectCompany: ReadonlySet<string> = new Set(['pg_shdepend', 'pg_description', 'pg_seclabel', 'pg_depend']);

export function compare(observation: Observation): readonly ComparedStatement[] {
  const { script, text, statements, failed, readOnly } = observation;
  const wrong = failed ? null : missing(observation);
  return statements.map((facts, index) => {
    const claims = claimsWrite(facts);
    const last = index === statements.length - 1;
    return {
      script,
      text: text.slice(facts.start, facts.end),
      kind: facts.kind,
      command: facts.command,
      complete: facts.complete,
      because: facts.incompleteBecause,
      failed,
      // A message's statements share one stretch of the log.
      wrong: last ? wrong : null,
      claimsWrite: claims && !failed,
      overClaimed: claims && readOnly === 'ran',
      undecided: claims && readOnly === 'undecided',
    };
  });
}

/** What ends a transaction, or fires what was deferred to its end, does what the transaction's statements said. */
function speakers({ statements, before }: Observation): readonly StatementFacts[] {
  const settles = statements.some(
    ({ command, sessionEffects }) =>
      command === 'SET CONSTRAINTS' || sessionEffects.some(({ type, op }) => type === 'transaction' && op !== 'begin'),
  );
  return settles ? [...before, ...statements] : statements;
}

function missing(observation: Observation): string | null {
  const said = speakers(observation);
  if (said.some(({ complete }) => !complete)) return null;
  const { relations, catalogues, largeObjects, unresolved } = observation.changes;
  const unsaid = relations.filter((relation) => !named(relation, said) && !(relation.made && said.some(defines)));
  if (unsaid.length > 0) return unsaid.map(({ names, how }) => `${nameOf(names)} (${how})`).join(', ');
  // TRUNCATE gives a relation new storage, which pg_class tells of.
  const truncates = said.some(({ effects }) => effects.some(({ verb }) => verb === 'truncate'));
  // Rights, comments and labels go with the large object that they hang on.
  const unexplained = catalogues.filter(
    (name) => !(truncates && name === 'pg_class') && !(largeObjects && largeObjectCompany.has(name)),
  );
  if (unexplained.length > 0 && !said.some(defines)) return `system catalogues: ${unexplained.join(', ')}`;
  if (largeObjects && said.every(({ kind }) => kind === 'read' || kind === 'session')) return 'large objects';
  return unresolved.length > 0 && !said.some(defines) ? `an unknown relation at ${unresolved.join(', ')}` : null;
}

function defines({ kind, effects }: StatementFacts): boolean {
  return kind === 'schema' || kind === 'privilege' || effects.some(({ verb }) => definingVerbs.has(verb));
}

function named(relation: ChangedRelation, said: readonly StatementFacts[]): boolean {
  return said.some(({ writes }) =>
    writes.some(
      (object) =>
        object.type === 'relation' &&
        relation.names.some(
          ({ schema, name }) =>
            object.name === name &&
            (object.schema === schema || (object.schema === 'pg_temp' && /^pg_temp/.test(schema))),
        ),
    ),
  );
}

function nameOf(names: ChangedRelation['names']): string {
  const last = names.at(-1);
  return last === undefined ? '?' : `${last.schema}.${last.name}`;
}
