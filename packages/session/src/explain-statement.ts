/** What policy says of a text for somebody on a connection, without running it: the reading, the verdict, and what led to it. */
import {
  type BundleConnection,
  type CredentialPurpose,
  type ExplainAnswer,
  type ExplainedOutput,
  type ExplainedRule,
  type ExplainedStatement,
  type ExplainRequest,
  maxExplainedEntries,
  maxExplainedStatements,
  type OutputLineage,
  openWindows,
  SluiceError,
  type StatementFacts,
} from '@sluice/domain';
import { detectorNames } from '@sluice/masking';
import {
  type CompiledPolicy,
  compilePolicy,
  describeRule,
  explain,
  type Explanation as PolicyExplanation,
  viewStatement,
  withFloor,
} from '@sluice/policy';
import type { DialRequest, ReadText, WireProtocol } from '@sluice/wire-kit';
import { policyConnectionOf } from './inspector.ts';
import type { Masks, PolicySnapshot, SessionPorts } from './ports.ts';
import { opensAsReader } from './run-session.ts';
import { SessionMasks } from './session-masks.ts';
import { factsOf, maskStatementText, touchesMasked } from './statement-text.ts';

/** The target must have answered within this time. */
const readTimeoutMs = 12_000;
/** Source columns named for one output. */
const maxSourceColumns = 20;

/** Never rejects for the world's faults: they are answers. Nothing is recorded as a session, and nothing of the text reaches the target. */
export async function explainStatement(
  request: ExplainRequest,
  connection: BundleConnection,
  protocol: WireProtocol,
  ports: SessionPorts,
): Promise<ExplainAnswer> {
  try {
    const policy = policyFor(request, ports);
    const read = await readText(request, connection, protocol, ports);
    return answer(request, connection, ports, policy, read);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { ok: false, code: error.code, message: error.message, hint: error.hint ?? null };
  }
}

/** Throws SluiceError `policy-invalid` when the draft does not compile. */
function policyFor({ source }: ExplainRequest, ports: SessionPorts): PolicySnapshot {
  if (source === null) return ports.policy();
  const compiled = compilePolicy(source, { detectors: detectorNames });
  if (compiled.ok) {
    const current = ports.policy();
    return { ...current, version: 0, policy: withFloor(compiled.policy, current.policy.floor) };
  }
  const [problem] = compiled.problems;
  throw new SluiceError(
    'policy-invalid',
    `the draft is not valid: line ${problem?.line ?? 1}, column ${problem?.column ?? 1}: ${problem?.message ?? ''}`,
    { hint: 'Mend it first; the Policies page and `sluice policy check` show every fault.' },
  );
}

async function readText(
  { actor, text }: ExplainRequest,
  connection: BundleConnection,
  protocol: WireProtocol,
  ports: SessionPorts,
): Promise<ReadText> {
  const signal = AbortSignal.timeout(readTimeoutMs);
  const dial = async (purpose: CredentialPurpose): Promise<DialRequest> => ({
    address: connection.address,
    options: connection.options,
    credential: await ports.credential(connection, purpose),
    connect: (one) => ports.connect(connection, one),
    allowWeakAuthentication: ports.allowWeakAuthentication(connection),
    actorLabel: 'explain',
    startup: {},
    readOnly: true,
    noteSession: (id) => ports.noteSession(connection, id),
    signal,
  });
  // Shared by everybody's sessions: by the writer's credential, as sessions open it.
  const knowledge = await ports.knowledge(protocol, connection, { ...(await dial('writer')), readOnly: false });
  const purpose = opensAsReader(actor, connection) ? 'reader' : 'writer';
  return protocol.readText({ text, dial: await dial(purpose), knowledge, facts: ports.facts });
}

function answer(
  request: ExplainRequest,
  connection: BundleConnection,
  ports: SessionPorts,
  snapshot: PolicySnapshot,
  { language, outcome, state, uncarried }: ReadText,
): ExplainAnswer {
  const { actor, text, grants, source } = request;
  const facts = factsOf(language, text, outcome);
  const policyConnection = policyConnectionOf(connection);
  const explained = explain(snapshot.policy, {
    actor,
    connection: policyConnection,
    facts,
    session: { database: state.database, role: state.role ?? '', inTransaction: state.inTransaction },
    time: new Date(ports.now()),
    grants,
    maintenance: openWindows(snapshot.maintenance ?? [], connection.labels, ports.now()),
    policyVersion: snapshot.version,
    defaultAction: connection.defaultAction,
  });
  const masks = new SessionMasks(actor, policyConnection, { ...ports, policy: () => snapshot }, () => grants);
  const { verdict } = explained;
  // A message without a statement does nothing, and a session lets it pass.
  const nothing = facts.length === 0;
  return {
    ok: true,
    policyVersion: source === null ? snapshot.version : null,
    language,
    text: maskStatementText(masks.record, text, facts),
    state: { database: state.database, role: state.role, searchPath: state.searchPath?.slice() ?? null },
    action: nothing ? 'allow' : verdict.action,
    rule: verdict.rule,
    reason: nothing ? 'There is nothing to run.' : verdict.reason,
    hold: verdict.hold === null ? null : { ...verdict.hold, approvers: [...verdict.hold.approvers] },
    limits: verdict.limits === null ? null : { ...verdict.limits, perMinute: [...verdict.limits.perMinute] },
    statements: facts.slice(0, maxExplainedStatements).map((one) => explainedStatement(one, masks.client)),
    moreStatements: Math.max(facts.length - maxExplainedStatements, 0),
    rules: explainedRules(snapshot.policy, explained),
    unreadable: outcome.ok ? null : { message: outcome.message, position: outcome.position },
    uncarried,
  };
}

function explainedStatement(facts: StatementFacts, masks: Masks): ExplainedStatement {
  const view = viewStatement(facts);
  return {
    view: {
      ...view,
      verbs: [...view.verbs],
      objects: [...view.objects],
      reads: [...view.reads],
      writes: [...view.writes],
      columns: [...view.columns],
      functions: [...view.functions],
    },
    incompleteBecause: facts.incompleteBecause,
    destructiveBecause: facts.destructiveBecause,
    filterBecause: facts.filterBecause,
    outputs:
      facts.outputs?.slice(0, maxExplainedEntries).map((output) => explainedOutput(output, facts, masks)) ?? null,
  };
}

/** What the facts alone say; in a session the target's own word about a column's origin is heard as well, and can only mask more. */
function explainedOutput(lineage: OutputLineage, facts: StatementFacts, masks: Masks): ExplainedOutput {
  const field = { name: '', origin: null, lineage, category: 'text', type: 'text' } as const;
  const { plan, rule } = masks.fieldPlan(field, { readsMasked: touchesMasked(masks, [facts]) });
  const columns = lineage.known
    ? [
        ...lineage.columns.map(({ relation, column }) => `${relation}.${column}`),
        ...lineage.wholeRows.map(({ name }) => `${name}.*`),
      ]
    : [];
  return { columns: columns.slice(0, maxSourceColumns), plan, rule };
}

/** Every rule of the file, in its order: whether it matched any statement, or why it could not be evaluated for one. */
function explainedRules(policy: CompiledPolicy, { statements, masks }: PolicyExplanation): ExplainedRule[] {
  const outcomes = statements.flatMap((statement) => statement.rules);
  const matched = new Set([...outcomes.filter((one) => one.matched).map((one) => one.rule), ...masks]);
  const errors = new Map(outcomes.flatMap(({ rule, error }) => (error === null ? [] : [[rule, error] as const])));
  return policy.rules.map((rule) => ({
    name: rule.name,
    action: rule.action,
    would: rule.would,
    sentence: describeRule(rule),
    line: rule.at.line,
    matched: matched.has(rule.name),
    error: errors.get(rule.name) ?? null,
    strategy: rule.mask?.strategy ?? null,
  }));
}
