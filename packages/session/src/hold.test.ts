import { SessionWorld } from '@sluice/testkit/sessions';
import { EchoServer, refusalIn, ToySession, toyConnection, toyLanguage } from '@sluice/testkit/toy-echo';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

let target: EchoServer;
let world: SessionWorld;

beforeAll(async () => {
  target = await EchoServer.start();
});
afterAll(() => target.stop());
beforeEach(() => {
  world = new SessionWorld([toyLanguage]);
  target.received.length = 0;
  target.silent = false;
});
afterEach(() => world.close());

async function started(
  name = 'coding-agent',
  holdBehaviour: 'wait' | 'refuse' = 'wait',
  stepUp: 'none' | 'passkey' = 'none',
): Promise<ToySession> {
  const session = await ToySession.start(world, toyConnection(target.port, { holdBehaviour, stepUp }));
  expect(await session.hello(name)).toMatch(/^READY/);
  return session;
}

/** Sends a line that is held and gives the approval's id. */
async function held(session: ToySession, line = 'write one'): Promise<string> {
  const count = world.approvals.requests.length + 1;
  expect(await session.ask(line)).toMatch(/^WAIT /);
  return (await world.approvals.raised(count)).id;
}

describe('a person answers (done when 4)', () => {
  test('approved: it runs once and its outcome is told', async () => {
    const session = await started();
    const id = await held(session);
    expect(target.received).toEqual([]);
    world.approvals.decide(id, 'approved', 'reviewer');
    expect(await session.lines.next()).toBe('ROW write one');
    await world.approvals.reaches(id, 'succeeded');
    expect(world.approvals.outcomes).toMatchObject([{ id, outcome: { outcome: 'succeeded', rows: 1, error: null } }]);
    expect(await session.ask('write one')).toMatch(/^WAIT /);
    await session.leave();
    expect(target.received).toEqual(['write one']);
    expect(world.events('statement.decided')[0]).toMatchObject({ outcome: 'approved', by: ['reviewer'] });
  });

  test('denied: the comment reaches the client and nothing runs', async () => {
    const session = await started();
    const id = await held(session);
    world.approvals.decide(id, 'denied', 'reviewer', 'ask me on Monday');
    const refusal = refusalIn(await session.lines.next());
    expect(refusal.message).toContain('reviewer denied it: ask me on Monday');
    expect(refusal.detail).toMatchObject({ code: 'approval-denied', approval: id, retry: 'never' });
    expect(await session.ask('echo on')).toBe('ROW echo on');
    await session.leave();
    expect(target.received).toEqual(['echo on']);
  });

  test('other sessions go on while one waits', async () => {
    const waiting = await started();
    await held(waiting);
    const other = await started();
    expect(await other.ask('echo on')).toBe('ROW echo on');
    await other.leave();
    await waiting.leave();
  });

  test('the request carries who, where and what, masked', async () => {
    const session = await started();
    await held(session, "write email='ann@example.com'");
    const [request] = world.approvals.requests;
    expect(request).toMatchObject({
      actor: { name: 'coding-agent', onBehalfOf: { name: 'engineer' } },
      connectionId: 'connection-1',
      command: 'WRITE',
      kind: 'write',
      objects: ['toy'],
      filter: 'present',
      rule: 'hold-agent-changes',
      approvers: ['reviewer', 'admin'],
      owner: false,
    });
    expect(JSON.stringify(request)).not.toContain('ann@example.com');
    await session.leave();
  });

  test('a statement that could not be proved runs when a person approves it', async () => {
    const session = await started('engineer');
    const id = await held(session, 'echo a forbidden word');
    world.approvals.decide(id, 'approved', 'reviewer');
    // Nothing is known of where its values come from, so all of them are masked.
    expect(await session.lines.next()).toBe('ROW [redacted]');
    await session.leave();
    expect(target.received).toEqual(['echo a forbidden word']);
  });
});

describe('what the requester says, and what the rule asks', () => {
  test('a leading comment gives reason and ticket, masked, and is no part of the effect', async () => {
    const session = await started('coding-agent', 'refuse');
    expect(await session.ask('write [reason: ask ann@example.com first; ticket: OPS-12] one')).toMatch(/^REFUSED/);
    const [request] = world.approvals.requests;
    expect(request?.stated?.ticket).toBe('OPS-12');
    expect(request?.stated?.reason).toMatch(/^ask .* first$/);
    expect(JSON.stringify(request)).not.toContain('ann@example.com');
    await session.leave();
  });

  test('stages and what else the rule asks go with it, and the client is told what is missing', async () => {
    world.changePolicy((source) =>
      source.replace(
        'approvers: [reviewer, admin]\n    count: 1\n    expires: 30m',
        'stages: [{ approvers: [reviewer] }, { approvers: [admin] }]\n    expires: 30m\n    reason: required',
      ),
    );
    world.approvals.missing = 'a reason';
    const session = await started();
    const waiting = await session.ask('write one');
    expect(waiting).toContain('Nobody can approve it before a reason is given');
    expect(world.approvals.requests[0]).toMatchObject({
      approvers: ['reviewer', 'admin'],
      count: 2,
      demands: {
        stages: [
          { approvers: ['reviewer'], count: 1 },
          { approvers: ['admin'], count: 1 },
        ],
        reason: true,
      },
    });
    await session.leave();
  });
});

describe('a hold lives no longer than its client and its gateway', () => {
  test('the client goes away: the approval is cancelled and a later decision is void', async () => {
    const session = await started();
    const id = await held(session);
    await session.leave();
    await world.approvals.reaches(id, 'cancelled');
    expect(() => world.approvals.decide(id, 'approved', 'reviewer')).toThrow('cancelled');
    expect(target.received).toEqual([]);
  });

  test('a kill cancels what waits', async () => {
    const session = await started();
    const id = await held(session);
    world.live.terminate(world.live.all()[0]?.id ?? '', { reason: 'terminated', message: 'killed', hint: '' });
    await session.ended;
    expect(world.approvals.stateOf(id)).toBe('cancelled');
    expect(target.received).toEqual([]);
  });
});

describe('when the approval is used, everything is judged again', () => {
  const denyWrites =
    '\nrules:\n  - { name: no-writes, description: No., action: deny, when: "statement.kind == \'write\'" }';
  test.each([
    ['a deny', '\nrules:', denyWrites],
    ['another rule', '- name: hold-agent-changes', '- name: hold-agent-changes-two'],
  ])('%s voids it', async (_name, from, to) => {
    const session = await started();
    const id = await held(session);
    world.changePolicy((source) => source.replace(from, to));
    world.approvals.decide(id, 'approved', 'reviewer');
    expect(refusalIn(await session.lines.next()).detail.code).toBe('approval-void');
    expect(world.approvals.stateOf(id)).toBe('void');
    await session.leave();
    expect(target.received).toEqual([]);
  });

  test('it was not approved any more: nothing runs', async () => {
    const session = await started();
    const id = await held(session);
    world.approvals.beforeConsume = () => world.approvals.cancel(id, 'cancelled', 'taken back');
    world.approvals.decide(id, 'approved', 'reviewer');
    expect(refusalIn(await session.lines.next()).detail.code).toBe('approval-void');
    await session.leave();
    expect(target.received).toEqual([]);
  });

  test('the answer to its use is lost: nothing runs, and the control plane is told so', async () => {
    const session = await started();
    const id = await held(session);
    world.approvals.consumeAnswerLost = true;
    world.approvals.decide(id, 'approved', 'reviewer');
    expect(refusalIn(await session.lines.next()).detail.code).toBe('approval-void');
    expect(world.approvals.stateOf(id)).toBe('failed');
    await session.leave();
    expect(target.received).toEqual([]);
  });

  test('the client goes away while the approval is being used: the outcome is what happened', async () => {
    const session = await started();
    const id = await held(session);
    world.approvals.beforeConsume = () => session.lines.stream.destroy();
    world.approvals.decide(id, 'approved', 'reviewer');
    await session.ended;
    // The client's end may be seen before or after the statement is on its way: what is told must be what happened.
    const told = target.received.length === 0 ? ['failed', 'outcome-unknown'] : ['succeeded', 'outcome-unknown'];
    expect(told).toContain(world.approvals.stateOf(id));
  });
});

describe('where the connection asks for passkeys', () => {
  test('a decision covers its own statement only', async () => {
    const session = await started('coding-agent', 'wait', 'passkey');
    await held(session);
    expect(world.approvals.requests[0]).not.toHaveProperty('alike');
    await session.leave();
  });

  test('a decision that they signed runs', async () => {
    const session = await started('coding-agent', 'wait', 'passkey');
    const id = await held(session);
    world.approvals.decide(id, 'approved', 'reviewer');
    expect(await session.lines.next()).toBe('ROW write one');
    await session.leave();
  });

  test('a decision that lacks them voids the approval, and nothing reaches the target', async () => {
    world.unsigned = '0 of 1 decisions carry a passkey’s signature';
    const session = await started('coding-agent', 'wait', 'passkey');
    const id = await held(session);
    world.approvals.decide(id, 'approved', 'reviewer');
    const refusal = refusalIn(await session.lines.next());
    expect(refusal.detail.code).toBe('approval-void');
    expect(refusal.message).toContain('0 of 1 decisions carry');
    expect(world.approvals.stateOf(id)).toBe('void');
    await session.leave();
    expect(target.received).toEqual([]);
  });
});

describe('outcomes', () => {
  test('an error of the target is a failed outcome, masked', async () => {
    const session = await started();
    const id = await held(session, "write email='ann@example.com' fail");
    world.approvals.decide(id, 'approved', 'reviewer');
    expect(await session.lines.next()).toMatch(/^FAILED/);
    await world.approvals.reaches(id, 'failed');
    expect(JSON.stringify(world.approvals.outcomes)).not.toContain('ann@example.com');
    await session.leave();
  });

  test('a target that never answers leaves an unknown outcome', async () => {
    const session = await started();
    const id = await held(session);
    target.silent = true;
    world.approvals.decide(id, 'approved', 'reviewer');
    await world.approvals.reaches(id, 'consumed');
    await expect.poll(() => target.received).toEqual(['write one']);
    target.dropConnections();
    await session.ended;
    expect(world.approvals.stateOf(id)).toBe('outcome-unknown');
  });
});

describe('nobody can be asked', () => {
  test('a control plane that is away refuses new holds at once', async () => {
    const session = await started();
    world.controlPlaneReachable = false;
    expect(refusalIn(await session.ask('write one')).detail).toMatchObject({
      code: 'control-plane-away',
      retry: 'later',
    });
    expect(await session.ask('echo on')).toBe('ROW echo on');
    await session.leave();
    expect(world.approvals.requests).toEqual([]);
  });

  test('a control plane that goes away just then refuses too', async () => {
    const session = await started();
    world.approvals.away = true;
    expect(refusalIn(await session.ask('write one')).detail.code).toBe('control-plane-away');
    await session.leave();
    expect(target.received).toEqual([]);
  });

  test('a parser that gives up on the description refuses the statement and keeps the session', async () => {
    const session = await started();
    world.parserBroken = true;
    expect(refusalIn(await session.ask('write one')).detail.code).toBe('unreadable');
    expect(await session.ask('echo on')).toBe('ROW echo on');
    await session.leave();
    expect(world.approvals.requests).toEqual([]);
  });
});

describe('a connection that refuses instead of waiting', () => {
  test('answers with the approval’s id, and the same statement passes once after approval', async () => {
    const first = await started('coding-agent', 'refuse');
    const { detail } = refusalIn(await first.ask('write one'));
    expect(detail).toMatchObject({ code: 'approval-required', retry: 'after-approval' });
    await first.leave();
    world.approvals.decide(detail.approval ?? '', 'approved', 'reviewer');

    const second = await started('coding-agent', 'refuse');
    expect(refusalIn(await second.ask('write two')).detail.code).toBe('approval-required');
    expect(await second.ask('write one')).toBe('ROW write one');
    expect(refusalIn(await second.ask('write one')).detail.code).toBe('approval-required');
    await second.leave();
    expect(target.received).toEqual(['write one']);
  });
});

describe('a row ceiling', () => {
  test('where the protocol counts no rows nobody is asked and nothing runs', async () => {
    world.changePolicy((source) =>
      source.replace('- name: hold-agent-changes', '- name: hold-agent-changes\n    ceiling: 10'),
    );
    const session = await started();
    const refusal = refusalIn(await session.ask('write one'));
    expect(refusal.message).toContain('at most 10 rows may change here');
    expect(refusal.detail.code).toBe('unsupported');
    await session.leave();
    expect(world.approvals.requests).toEqual([]);
    expect(target.received).toEqual([]);
  });
});
