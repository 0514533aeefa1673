import type { Actor } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { admin, agent, SessionWorld } from '@sluice/testkit/sessions';
import { toyConnection, toyLanguage } from '@sluice/testkit/toy-echo';
import type { Judgement, JudgeRequest } from '@sluice/wire-kit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionInspector } from './inspector.ts';

const limits = `
  - { name: few-rows, description: Agents read a few rows at a time., action: limit, when: actor.role == 'agent', rows: 3, bytes: 1KiB }
  - { name: slowly, description: Agents take their time., action: limit, when: actor.role == 'agent', statements-per-minute: 2 }
tests:
`;
let world: SessionWorld;
beforeEach(() => {
  world = new SessionWorld([toyLanguage]);
  world.changePolicy((source) => source.replace(/\ntests:\n/, limits));
});
afterEach(() => world.close());

function open(actor: Actor = agent) {
  const { ports, live } = world;
  const id = newId();
  const recorder = ports.openRecording(id, 'written');
  const fixed = {
    connection: toyConnection(1),
    signal: new AbortController().signal,
    grants: { inForce: [] },
    rights: { problem: () => null },
  };
  const inspector = new SessionInspector({ ...fixed, id, actor, ports, recorder, live });
  const judge = (text: string, more: Partial<JudgeRequest> = {}): Judgement => {
    const outcome = toyLanguage.read(text, { session: { refused: 'forbidden' }, catalogue: null });
    const state = { database: 'app', role: 'reader', searchPath: null, inTransaction: false };
    const hold = {
      cancelled: new AbortController().signal,
      maxWaitMs: null,
      readAgain: () => Promise.resolve({ outcome, state, definitions: '' }),
      waiting: () => undefined,
    };
    const usual = { phase: 'run', language: toyLanguage.name, binds: [], definitions: '', earlier: null } as const;
    const judgement = inspector.judge({ ...usual, text, outcome, state, hold, ...more });
    if (judgement instanceof Promise) throw new Error('it waits');
    return judgement;
  };
  const close = () =>
    recorder.close({ type: 'session.closed', reason: 'clean', message: '', statements: 0, held: 0, denied: 0 });
  return { judge, close };
}
const field = { name: 'it', origin: null, lineage: null, category: 'text', type: 'text' } as const;

test('a result is stopped at its limit: what the client got is recorded, and the rule that stopped it', () => {
  const session = open();
  const { statement } = session.judge('echo it');
  statement.result([field]);
  for (const row of ['a', 'b', 'c']) {
    expect(statement.budget?.take(1, 10)).toBe(true);
    statement.row([row]);
  }
  expect(statement.budget?.take(1, 10)).toBe(false);
  expect(statement.budget?.take(0, 0)).toBe(false);
  const refusal = statement.stopped({ ran: false });
  statement.ended();
  expect(refusal).toMatchObject({ code: 'limit-exceeded', detail: { rule: 'few-rows', retry: 'never' } });
  expect(refusal.message).toContain('at 3 rows: Agents read a few rows at a time.');
  expect(JSON.stringify(refusal)).not.toContain('actor.role');
  session.close();
  expect(world.events('statement.judged')[0]?.matched).toContainEqual({ rule: 'few-rows', action: 'limit' });
  expect(world.events('statement.result')).toMatchObject([{ rows: [['a'], ['b'], ['c']], rowCount: 3 }]);
  expect(world.events('statement.failed')).toMatchObject([
    { code: 'limit-exceeded', message: expect.stringContaining('(rule few-rows)') },
  ]);
});

test('bytes count too, each result of a message has the whole budget, and who is not limited pays nothing', () => {
  const session = open();
  const { statement } = session.judge('echo it');
  statement.result([field]);
  expect(statement.budget?.take(1, 1_000)).toBe(true);
  statement.completed({ tag: 'ok', rows: 1 });
  statement.result([field]);
  expect(statement.budget?.take(1, 1_024)).toBe(true);
  expect(statement.budget?.take(1, 1)).toBe(false);
  expect(statement.stopped({ ran: true }).message).toContain('at 1024 bytes');
  session.close();
  const free = open(admin);
  expect(free.judge('echo it').statement.budget).toBeNull();
  free.close();
});

test('statements in a minute are counted over an actor’s sessions, refused beyond, and say when to come back', () => {
  const one = open();
  const other = open();
  expect(one.judge('echo it').type).toBe('forward');
  // Preparing is not running; a bound statement counts once, whatever follows.
  expect(one.judge('echo it', { phase: 'prepare' }).type).toBe('forward');
  const bound = other.judge('echo it', { phase: 'bind' });
  expect(other.judge('echo it', { phase: 'execute', earlier: bound.statement }).type).toBe('forward');
  const refused = one.judge('echo it');
  expect(refused).toMatchObject({
    type: 'refuse',
    refusal: { code: 'limit-exceeded', detail: { rule: 'slowly', retry: 'later' } },
  });
  expect(refused.type === 'refuse' && refused.refusal.hint).toMatch(/^Try again in \d+ seconds?, /);
  one.close();
  other.close();
  expect(world.events('statement.refused')).toMatchObject([{ code: 'limit-exceeded' }]);
  // Denied statements have run nothing and count nothing.
  const person = open(admin);
  for (let index = 0; index < 5; index++) expect(person.judge('echo it').type).toBe('forward');
  person.close();
});
