import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Actor, defaultRecordedResults, type Grant, type RecordedResults } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { admin, agent, SessionWorld } from '@sluice/testkit/sessions';
import { toyConnection, toyLanguage } from '@sluice/testkit/toy-echo';
import type { BindValue, Judgement, JudgeRequest, SessionState, StatementHandle } from '@sluice/wire-kit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionInspector } from './inspector.ts';
import { JudgedStatement } from './judged-statement.ts';

const idle: SessionState = { database: 'app', role: 'reader', searchPath: ['public'], inTransaction: false };
const connection = toyConnection(1);

let world: SessionWorld;
beforeEach(() => {
  world = new SessionWorld([toyLanguage]);
});
afterEach(() => world.close());

/** One session's inspector, asked as a protocol asks it. */
class Asked {
  readonly inspector: SessionInspector;
  readonly ending = new AbortController();
  readonly #recorder: ReturnType<SessionWorld['ports']['openRecording']>;

  constructor(actor: Actor = agent, grants: readonly Grant[] = [], recordedResults = defaultRecordedResults) {
    const { ports, live } = world;
    const id = newId();
    this.#recorder = ports.openRecording(id, 'written');
    const { signal } = this.ending;
    const own = { ...connection, recordedResults };
    const session = { id, connection: own, actor, ports, recorder: this.#recorder, live, signal };
    this.inspector = new SessionInspector({ ...session, grants: { inForce: grants }, rights: { problem: () => null } });
  }

  judge(text: string, more: Partial<JudgeRequest> = {}): Judgement | Promise<Judgement> {
    return this.inspector.judge(request(text, more));
  }

  /** Judges what is held, and approves it as soon as it waits. */
  async approved(text: string, more: Partial<JudgeRequest> = {}): Promise<Judgement> {
    const judging = this.judge(text, more);
    const { id } = await world.approvals.raised(world.approvals.requests.length + 1);
    world.approvals.decide(id, 'approved', 'reviewer');
    return judging;
  }

  close(): void {
    this.inspector.close();
    this.#recorder.close({ type: 'session.closed', reason: 'clean', message: '', statements: 0, held: 0, denied: 0 });
  }
}

/** A result of these rows that ends in one of three ways. */
async function readAndEnd(
  recordedResults: RecordedResults,
  rows: readonly (readonly (string | null)[])[],
  end: string,
): Promise<void> {
  const asked = new Asked(admin, [], recordedResults);
  const { statement } = await asked.judge('echo it');
  const field = { origin: null, lineage: null, category: 'number', type: 'int4' } as const;
  statement.result([
    { name: 'a', ...field },
    { name: 'b', ...field },
  ]);
  for (const row of rows) statement.row(row);
  if (end === 'completed') statement.completed({ tag: 'SELECT', rows: rows.length });
  if (end === 'failed') statement.failed({ code: '22012', message: 'division by zero' });
  if (end !== 'abandoned') statement.ended();
  asked.close();
}

function request(text: string, more: Partial<JudgeRequest> = {}): JudgeRequest {
  const outcome = toyLanguage.read(text, { session: { refused: 'forbidden' }, catalogue: null });
  const state = more.state ?? idle;
  const definitions = more.definitions ?? 'v1';
  const hold = {
    cancelled: new AbortController().signal,
    maxWaitMs: null,
    readAgain: () => Promise.resolve({ outcome, state, definitions }),
    waiting: () => undefined,
  };
  return {
    phase: 'run',
    language: toyLanguage.name,
    text,
    outcome,
    binds: [],
    state,
    definitions,
    earlier: null,
    hold,
    ...more,
  };
}

const code = (judgement: Judgement) => (judgement.type === 'refuse' ? judgement.refusal.code : 'forward');

describe('phases', () => {
  test('prepare denies now and never holds; bind holds', async () => {
    const asked = new Asked();
    expect(code(await asked.judge('drop it', { phase: 'prepare' }))).toBe('denied');
    expect(code(await asked.judge('write it', { phase: 'prepare' }))).toBe('forward');
    expect(world.approvals.requests).toEqual([]);
    expect(code(await asked.approved('write it', { phase: 'bind' }))).toBe('forward');
    asked.close();
  });

  test('what would be held and acts while it is prepared is refused then, with the ways in which people are asked', async () => {
    const asked = new Asked();
    const judgement = await asked.judge('write it', { phase: 'prepare', actsWhilePrepared: true });
    expect(judgement).toMatchObject({
      type: 'refuse',
      refusal: { code: 'unsupported', hint: expect.stringMatching(/parameters.*plain query/) },
    });
    expect(code(await asked.judge('echo it', { phase: 'prepare', actsWhilePrepared: true }))).toBe('forward');
    expect(world.approvals.requests).toEqual([]);
    asked.close();
  });

  test('what needs no hold is judged at once, in the same turn', () => {
    const asked = new Asked();
    expect(asked.judge('echo it')).not.toBeInstanceOf(Promise);
    asked.close();
  });

  test('every permit forwards once', async () => {
    const asked = new Asked();
    const judgement = await asked.judge('echo it');
    if (judgement.type !== 'forward') throw new Error('not forwarded');
    judgement.permit.spend();
    expect(() => judgement.permit.spend()).toThrow('twice');
    asked.close();
  });

  test('an approval of a bound statement lets one execution run, and no second one', async () => {
    const asked = new Asked();
    const bound = await asked.approved('write it', { phase: 'bind' });
    const first = await asked.judge('write it', { phase: 'execute', earlier: bound.statement });
    expect(code(first)).toBe('forward');
    // The outcome belongs to the approval, so the bound statement's handle comes back.
    expect(first.statement).toBe(bound.statement);
    const second = await asked.judge('write it', { phase: 'execute', earlier: bound.statement });
    expect(code(second)).toBe('approval-void');
    finish(first.statement);
    const third = await asked.judge('write it', { phase: 'execute', earlier: bound.statement });
    expect(code(third)).toBe('approval-void');
    expect(world.approvals.outcomes.map(({ outcome }) => outcome.outcome)).toEqual(['succeeded']);
    expect(world.approvals.requests).toHaveLength(1);
    asked.close();
  });

  test('an approval that a simple statement used lets no execution run', async () => {
    const asked = new Asked();
    const run = await asked.approved('write it');
    expect(code(await asked.judge('write it', { phase: 'execute', earlier: run.statement }))).toBe('approval-void');
    asked.close();
  });

  test('an execution without a bound approval is refused', async () => {
    const asked = new Asked();
    expect(code(await asked.judge('write it', { phase: 'execute' }))).toBe('approval-void');
    const allowed = await asked.judge('echo it', { phase: 'bind' });
    expect(code(await asked.judge('write it', { phase: 'execute', earlier: allowed.statement }))).toBe('approval-void');
    asked.close();
  });

  test.each([
    ['the role', { state: { ...idle, role: 'writer' } }],
    ['the search path', { state: { ...idle, searchPath: ['other'] } }],
    ['the database', { state: { ...idle, database: 'other' } }],
    ['a definition', { definitions: 'v2' }],
  ])('a change of %s between bind and execute refuses, and the approval’s outcome is failed', async (_what, moved) => {
    const asked = new Asked();
    const bound = await asked.approved('write it', { phase: 'bind' });
    const execute = { phase: 'execute', earlier: bound.statement } as const;
    expect(code(await asked.judge('write it', { ...execute, ...moved }))).toBe('approval-void');
    expect(world.approvals.outcomes).toMatchObject([{ outcome: { outcome: 'failed', rows: null } }]);
    expect(code(await asked.judge('write it', execute))).toBe('approval-void');
    asked.close();
  });

  test('a policy that denies between bind and execute refuses, and the approval’s outcome is failed', async () => {
    const asked = new Asked();
    const bound = await asked.approved('write it', { phase: 'bind' });
    world.changePolicy((source) =>
      source.replace('\nrules:', '\nrules:\n  - { name: stop, description: No., action: deny, when: "true" }'),
    );
    expect(code(await asked.judge('write it', { phase: 'execute', earlier: bound.statement }))).toBe('denied');
    expect(world.approvals.outcomes).toMatchObject([{ outcome: { outcome: 'failed' } }]);
    asked.close();
  });

  test('bound under an approval and never executed: nothing ran, and that is told', async () => {
    const asked = new Asked();
    await asked.approved('write it', { phase: 'bind' });
    asked.close();
    expect(world.approvals.outcomes).toMatchObject([{ outcome: { outcome: 'failed' } }]);
  });

  test('executed and never completed: the outcome is unknown', async () => {
    const asked = new Asked();
    const bound = await asked.approved('write it', { phase: 'bind' });
    await asked.judge('write it', { phase: 'execute', earlier: bound.statement });
    asked.close();
    expect(world.approvals.outcomes).toMatchObject([{ outcome: { outcome: 'outcome-unknown' } }]);
  });
});

describe('what an approval was raised for', () => {
  test.each([
    ['definitions', { definitions: 'v2' }],
    ['the role', { state: { ...idle, role: 'writer' } }],
    ['the transaction', { state: { ...idle, inTransaction: true } }],
    ['the meaning of the text', { outcome: { ok: false, reason: 'syntax', message: 'gone', position: null } as const }],
  ])('a change of %s while it waited voids it', async (_what, moved) => {
    const asked = new Asked();
    const now = request('write it');
    const again = { outcome: now.outcome, state: now.state, definitions: now.definitions, ...moved };
    const judgement = await asked.approved('write it', {
      hold: { ...now.hold, readAgain: () => Promise.resolve(again) },
    });
    expect(code(judgement)).toBe('approval-void');
    expect(world.approvals.stateOf(world.approvals.requests[0]?.id ?? '')).toBe('void');
    asked.close();
  });

  test('in a transaction a hold waits no longer than it may, then is refused and cancelled', async () => {
    const asked = new Asked();
    const state = { ...idle, inTransaction: true };
    const judgement = await asked.judge('write it', { state, hold: { ...request('').hold, maxWaitMs: 50 } });
    expect(judgement.type === 'refuse' && judgement.refusal).toMatchObject({
      code: 'approval-expired',
      hint: expect.stringContaining('outside a transaction'),
    });
    expect(world.approvals.stateOf(world.approvals.requests[0]?.id ?? '')).toBe('expired');
    expect(world.events('statement.decided')).toMatchObject([{ outcome: 'expired', by: [] }]);
    asked.close();
  });

  test('different binds, types or definitions never share a digest; equal effects do', async () => {
    const digestOf = async (more: Partial<JudgeRequest>) => {
      const asked = new Asked();
      await asked.approved('write it', more);
      asked.close();
      return world.approvals.requests.at(-1)?.effectDigest;
    };
    const bind = (value: string, type = 'text'): BindValue => ({ value, binary: false, type });
    const digests = [
      await digestOf({}),
      await digestOf({ binds: [bind('1')] }),
      await digestOf({ binds: [bind('2')] }),
      await digestOf({ binds: [bind('1', 'int4')] }),
      await digestOf({ definitions: 'v2' }),
      await digestOf({ state: { ...idle, role: 'writer' } }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(await digestOf({ binds: [bind('1')] })).toBe(digests[1]);
  });
});

describe('a remembered verdict', () => {
  test('does not outlive its policy, its session state or its second', async () => {
    const asked = new Asked();
    const { outcome } = request('echo it');
    const judged = async (more: Partial<JudgeRequest> = {}) => code(await asked.judge('echo it', { outcome, ...more }));
    const denyIn = (when: string) => (source: string) =>
      source.replace('\nrules:', `\nrules:\n  - { name: stop, description: No., action: deny, when: "${when}" }`);
    expect(await judged()).toBe('forward');
    world.changePolicy(denyIn('session.inTransaction'));
    expect(await judged()).toBe('forward');
    expect(await judged({ state: { ...idle, inTransaction: true } })).toBe('denied');
    world.changePolicy(denyIn("session.role == 'a b'"));
    expect(await judged({ state: { ...idle, role: 'a', database: 'b c' } })).toBe('forward');
    expect(await judged({ state: { ...idle, role: 'a b', database: 'c' } })).toBe('denied');
    asked.close();
  });
});

describe('the record', () => {
  test('refused messages and the gateway’s own questions stand in it', () => {
    const asked = new Asked();
    const refusal = asked.inspector.refuseMessage('FunctionCall', 'it is not parsed');
    expect(refusal).toMatchObject({ code: 'unsupported', message: 'Sluice refused FunctionCall: it is not parsed' });
    asked.inspector.recordOwnStatement('SELECT 1');
    asked.close();
    expect(world.events('session.note').map(({ text }) => text)).toEqual([
      'refused FunctionCall: it is not parsed',
      'gateway asked the target: SELECT 1',
    ]);
  });

  test('how long people take is none of a statement’s own time', async () => {
    let clock = Date.now();
    vi.spyOn(world.ports, 'now').mockImplementation(() => clock);
    const asked = new Asked();
    const judging = asked.judge('write it');
    const { id } = await world.approvals.raised(1);
    await setImmediate();
    clock += 30_000;
    world.approvals.decide(id, 'approved', 'reviewer');
    const { statement } = await judging;
    clock += 7;
    statement.completed({ tag: 'WRITE', rows: 1 });
    statement.ended();
    asked.close();
    expect(world.events('statement.decided')[0]).toMatchObject({ waitedMs: 30_000 });
    expect(world.events('statement.ended')[0]).toMatchObject({ durationMs: 7 });
    expect(world.approvals.outcomes[0]?.outcome).toMatchObject({ durationMs: 7 });
  });

  test('rows beyond the budget are counted, digested and not kept', async () => {
    const asked = new Asked(admin);
    const { statement } = await asked.judge('echo it');
    statement.result([{ name: 'n', origin: null, lineage: null, category: 'number', type: 'int4' }]);
    const kept = defaultRecordedResults.rows;
    const rows = kept + 2;
    for (let row = 0; row < kept; row++) statement.row([String(row)]);
    const long = 'x'.repeat(10_000);
    statement.row(['one more']);
    statement.row([long]);
    statement.completed({ tag: 'SELECT', rows });
    statement.ended();
    statement.ended();
    asked.close();
    const [result] = world.events('statement.result');
    const omittedDigest = createHash('sha256').update(`["one more"]\n["${long}"]\n`).digest('hex');
    expect(result).toMatchObject({ rowCount: rows, omittedRows: 2, omittedDigest });
    expect(result?.rows).toHaveLength(kept);
    expect(world.events('statement.ended')).toHaveLength(1);
  });

  test('whatever a connection keeps: the first rows, an exact count and the digest of the others', async () => {
    const cell = fc.option(fc.oneof(fc.string({ maxLength: 30 }), fc.string({ unit: 'grapheme', maxLength: 9 })));
    const rows = fc.array(fc.tuple(cell, cell), { maxLength: 40 });
    const budget = fc.record({ rows: fc.integer({ min: 0, max: 45 }), bytes: fc.integer({ min: 0, max: 900 }) });
    const ends = fc.constantFrom('completed', 'failed', 'abandoned');
    await fc.assert(
      fc.asyncProperty(rows, budget, ends, async (sent, recordedResults, end) => {
        const seen = world.events('statement.result').length;
        await readAndEnd(recordedResults, sent, end);
        const result = world.events('statement.result')[seen];
        if (end !== 'completed' && sent.length === 0) {
          expect(result).toBeUndefined();
          return;
        }
        const kept = result?.rows ?? [];
        expect(kept).toEqual(sent.slice(0, kept.length));
        expect(kept.length).toBeLessThanOrEqual(recordedResults.rows);
        const encoded = (row: (typeof sent)[number]) => `${JSON.stringify(row)}\n`;
        const size = Buffer.byteLength(kept.map((row) => JSON.stringify(row)).join('\n'));
        expect(size).toBeLessThanOrEqual(recordedResults.bytes);
        const left = sent.slice(kept.length);
        const next = left[0];
        // Nothing is left out that there was room for.
        if (next !== undefined && kept.length < recordedResults.rows)
          expect(Buffer.byteLength([...kept, next].map((row) => encoded(row as typeof next)).join(''))).toBeGreaterThan(
            recordedResults.bytes,
          );
        expect(result?.omittedRows).toBe(left.length);
        const digest = createHash('sha256').update(left.map(encoded).join('')).digest('hex');
        expect(result?.omittedDigest).toBe(left.length === 0 ? null : digest);
        expect(result?.tag).toBe(end === 'completed' ? 'SELECT' : 'cut off');
      }),
      { numRuns: 150 },
    );
  });

  test('no raw value of a masked column is in events, approvals, outcomes or refusals (invariant 5)', async () => {
    const columns = ['email', 'home_address', 'phone', 'ssn', 'card_number', 'iban', 'api_key', 'password'];
    const value = fc.string({ minLength: 6, maxLength: 40 }).map((text) => `zq${text.replaceAll("'", '"')}qz`);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...columns),
        fc.constantFrom('echo', 'write', 'drop'),
        value,
        async (column, verb, secret) => {
          const asked = new Asked();
          const text = `${verb} ${column}='${secret}'`;
          const binds = [{ value: secret, binary: false, type: 'text' }];
          const judging = asked.judge(text, { binds });
          if (verb === 'write') {
            const { id } = await world.approvals.raised(world.approvals.requests.length + 1);
            world.approvals.decide(id, 'approved', 'reviewer');
          }
          const judgement = await judging;
          if (judgement.type === 'forward') answer(judgement.statement, secret);
          asked.close();
          const kept = [
            world.spool.events(),
            world.approvals.requests,
            world.approvals.outcomes,
            judgement.type === 'refuse' ? judgement.refusal : null,
          ];
          expect(textsOf(kept).filter((kept) => kept.includes(secret))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a literal that the canonical print writes in another form does not show there', async () => {
    const asked = new Asked();
    await asked.approved("write password='two  spaces'");
    expect(world.approvals.requests[0]?.canonicalText).toBe("write password='•••'");
    asked.close();
  });
});

/** What a target might say and send back of a value. */
function answer(statement: StatementHandle, secret: string): void {
  const columns = statement.facts[0]?.columns ?? [];
  const masker = statement.result([
    { name: 'a', origin: columns[0] ?? null, lineage: null, category: 'text', type: 'text' },
    {
      name: 'b',
      origin: null,
      lineage: { known: true, direct: false, columns, wholeRows: [] },
      category: 'json',
      type: 'jsonb',
    },
    { name: 'c', origin: 'unresolved', lineage: null, category: 'text', type: 'text' },
    { name: 'd', origin: null, lineage: null, category: 'text', type: 'text' },
  ]);
  statement.row([0, 1, 2, 3].map((field) => masker.mask(field, secret)));
  statement.completed({ tag: 'ECHO', rows: 1 });
  statement.failed({ code: 'X', message: `value "${secret}" is too long` });
  statement.ended();
}

function finish(statement: StatementHandle): void {
  expect(statement).toBeInstanceOf(JudgedStatement);
  statement.completed({ tag: 'ECHO', rows: 1 });
  statement.ended();
}

/** Every text in a value, however deep. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

describe('leave for others like an approved statement', () => {
  const like: Grant = {
    id: 'g',
    kind: 'alike',
    name: 'approved-alike',
    bounds: null,
    startsAt: new Date(0).toISOString(),
    expiresAt: new Date(8_640_000_000_000_000).toISOString(),
  };
  const counting = (text: string) => ({ hold: { ...request(text).hold, ceilingProblem: () => null } });

  /** The grant that approving this statement gives. */
  async function grantFrom(text: string, rows = 5): Promise<Grant> {
    const asked = new Asked();
    await asked.approved(text, counting(text));
    asked.close();
    const { alike, id, connectionId, connectionRevision } = world.approvals.requests.at(-1)!;
    expect(alike?.statements).toHaveLength(1);
    const bounds = { ...alike, approvalId: id, connectionId, connectionRevision, runId: null, rows };
    return { ...like, bounds };
  }

  test('lets it run without asking anybody, and at most so many rows of it', async () => {
    const asked = new Asked(agent, [await grantFrom('write one')]);
    const raised = world.approvals.requests.length;
    const judged = await asked.judge('write two', counting('write two'));
    expect(judged).toMatchObject({ type: 'forward', statement: { ceiling: { rows: 5 } } });
    expect(world.approvals.requests).toHaveLength(raised);
    asked.close();
  });

  test('does not count where rows cannot be held to a ceiling, nor for another actor’s run, database or role', async () => {
    const grant = await grantFrom('write one');
    const other = { ...agent, runId: 'run-1' };
    const cases: readonly [Actor, Partial<JudgeRequest>][] = [
      [agent, {}],
      [agent, { hold: { ...request('write two').hold, ceilingProblem: () => 'it has triggers that write' } }],
      [other, counting('write two')],
      [agent, { ...counting('write two'), state: { ...idle, database: 'elsewhere' } }],
      [agent, { ...counting('write two'), state: { ...idle, role: 'owner' } }],
    ];
    for (const [actor, more] of cases) {
      const asked = new Asked(actor, [grant]);
      const raised = world.approvals.requests.length;
      const judging = asked.judge('write two', more);
      const { id } = await world.approvals.raised(raised + 1);
      world.approvals.decide(id, 'denied', 'reviewer');
      expect(await judging).toMatchObject({ type: 'refuse' });
      asked.close();
    }
  });

  test('never overrides a deny, and never covers what is not proved', async () => {
    const asked = new Asked(agent, [await grantFrom('write one')]);
    expect(await asked.judge('drop everything', counting('drop everything'))).toMatchObject({ type: 'refuse' });
    expect(await asked.judge('write a forbidden word', counting('write a forbidden word'))).toMatchObject({
      type: 'refuse',
      refusal: { code: 'unreadable' },
    });
    asked.close();
  });

  test('puts no ceiling on what needs no leave', async () => {
    const asked = new Asked(admin, [await grantFrom('write one')]);
    const judged = await asked.judge('write two', counting('write two'));
    expect(judged).toMatchObject({ type: 'forward', statement: { ceiling: null } });
    asked.close();
  });
});
