/** CP02: an approval is bound to its effect. Whatever of it changes is another effect, which has to be approved anew. */
import type { Actor, BundleConnection } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { agent, SessionWorld } from '@sluice/testkit/sessions';
import { toyConnection, toyLanguage } from '@sluice/testkit/toy-echo';
import type { BindValue, Judgement, JudgeRequest, SessionState } from '@sluice/wire-kit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionInspector } from './inspector.ts';

const idle: SessionState = { database: 'app', role: 'reader', searchPath: ['public'], inTransaction: false };
const one: BindValue = { type: 'int4', value: '1', binary: false };

interface Case {
  readonly text?: string;
  readonly binds?: readonly BindValue[];
  readonly state?: Partial<SessionState>;
  readonly definitions?: string;
  readonly connection?: Partial<BundleConnection>;
  readonly actor?: Partial<Actor>;
  readonly rule?: string;
}

let world: SessionWorld;
beforeEach(() => {
  world = new SessionWorld([toyLanguage]);
});
afterEach(() => world.close());

/** The same statement but for what a case changes, on a connection that refuses instead of waiting. */
function judge(change: Case): Judgement | Promise<Judgement> {
  const { ports, live } = world;
  const id = newId();
  const connection = toyConnection(1, { holdBehaviour: 'refuse', ...change.connection });
  const recorder = ports.openRecording(id, connection.durability);
  const actor = { ...agent, ...change.actor };
  const inspector = new SessionInspector({
    ...{ id, connection, actor, ports, recorder, live },
    ...{ signal: new AbortController().signal, grants: { inForce: [] }, rights: { problem: () => null } },
  });
  const text = change.text ?? "write name='ann' $1";
  const outcome = toyLanguage.read(text, { session: { refused: 'forbidden' }, catalogue: null });
  const state = { ...idle, ...change.state };
  const definitions = change.definitions ?? 'v1';
  const request: JudgeRequest = {
    ...{ phase: 'run', language: toyLanguage.name, text, outcome, binds: change.binds ?? [one], state, definitions },
    earlier: null,
    hold: {
      ...{ cancelled: new AbortController().signal, maxWaitMs: null, waiting: () => undefined },
      readAgain: () => Promise.resolve({ outcome, state, definitions }),
    },
  };
  return inspector.judge(request);
}

async function approve(): Promise<string> {
  expect(await judge({})).toMatchObject({ type: 'refuse', refusal: { code: 'approval-required' } });
  const { id } = world.approvals.requests[0]!;
  world.approvals.decide(id, 'approved', 'reviewer');
  return id;
}

test.each<[string, Case]>([
  ['a changed literal', { text: "write name='bob' $1" }],
  ['a changed bind value', { binds: [{ ...one, value: '2' }] }],
  ['a bind value of another type', { binds: [{ ...one, type: 'int8' }] }],
  ['one bind value more', { binds: [one, one] }],
  ['another search path', { state: { searchPath: ['evil', 'public'] } }],
  ['another effective role', { state: { role: 'owner' } }],
  ['another database', { state: { database: 'other' } }],
  ['another definition', { definitions: 'v2' }],
  ['another target: the connection’s next revision', { connection: { revision: 2 } }],
  ['another connection', { connection: { id: 'connection-2' } }],
  ['another actor', { actor: { id: 'somebody-else' } }],
  ['another run of the same actor', { actor: { runId: 'run-2' } }],
])('%s is another effect: it does not run under the approval', async (_name, change) => {
  const id = await approve();
  expect(await judge(change)).toMatchObject({ type: 'refuse', refusal: { code: 'approval-required' } });
  expect(world.approvals.stateOf(id)).toBe('approved');
  expect(new Set(world.approvals.requests.map(({ effectDigest }) => effectDigest)).size).toBe(2);
});

test('under another rule it is another effect', async () => {
  const id = await approve();
  world.changePolicy((source) => source.replace('- name: hold-agent-changes', '- name: hold-agent-changes-two'));
  expect(await judge({})).toMatchObject({ type: 'refuse', refusal: { code: 'approval-required' } });
  expect(world.approvals.stateOf(id)).toBe('approved');
});

test('the same effect runs once, however many ask at once', async () => {
  const id = await approve();
  const judged = await Promise.all(Array.from({ length: 10 }, async () => judge({})));
  expect(judged.filter(({ type }) => type === 'forward')).toHaveLength(1);
  expect(world.approvals.stateOf(id)).toBe('consumed');
});
