import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SessionWorld } from '../sessions/index.ts';
import { EchoServer, refusalIn, ToySession, toyConnection, toyLanguage } from './index.ts';

let target: EchoServer;
let world: SessionWorld;

beforeAll(async () => {
  target = await EchoServer.start();
});
afterAll(() => target.stop());
beforeEach(() => {
  world = new SessionWorld([toyLanguage]);
  target.received.length = 0;
});
afterEach(() => world.close());

describe('a toy protocol runs through the real session without a change outside its folder (issue 2, done when 11)', () => {
  test('a whole session of an agent: read, mask, refuse, hold, replay', async () => {
    const session = await ToySession.start(world, toyConnection(target.port));
    expect(await session.hello('coding-agent')).toMatch(/^READY /);
    expect(await session.ask('echo hello')).toBe('ROW echo hello');
    expect(await session.ask("echo email='ann@example.com'")).not.toContain('ann@example.com');

    const denied = refusalIn(await session.ask('drop everything'));
    expect(denied.detail).toMatchObject({ sluice: 1, code: 'denied', rule: 'deny-agent-destructive', kind: 'schema' });

    expect(await session.ask('write a line')).toMatch(/^WAIT .*sluice\.test\/approvals/);
    const approval = await world.approvals.raised(1);
    world.approvals.decide(approval.id, 'approved', 'reviewer');
    expect(await session.lines.next()).toBe('ROW write a line');
    await session.leave();

    expect(target.received).toEqual(['echo hello', "echo email='ann@example.com'", 'write a line']);
    expect(world.events('statement.judged').map(({ action }) => action)).toEqual(['allow', 'allow', 'deny', 'hold']);
    expect(world.events('session.closed')).toMatchObject([{ statements: 4, held: 1, denied: 1 }]);
    expect(JSON.stringify(world.spool.events())).not.toContain('ann@example.com');
  });

  test('the refused word is refused, whatever stands around it', async () => {
    const session = await ToySession.start(world, toyConnection(target.port));
    await session.hello('coding-agent');
    expect(refusalIn(await session.ask('echo a forbidden word')).detail.code).toBe('unreadable');
    expect(refusalIn(await session.ask('sing')).detail.code).toBe('unreadable');
    expect(await session.ask('echo on')).toBe('ROW echo on');
    await session.leave();
    expect(target.received).toEqual(['echo on']);
  });

  test('a second connection cancels what waits, by token only', async () => {
    const connection = toyConnection(target.port);
    const session = await ToySession.start(world, connection);
    const [, token] = (await session.hello('coding-agent'))?.split(' ') ?? [];
    expect(await session.ask('write a line')).toMatch(/^WAIT /);
    const stranger = await ToySession.start(world, connection);
    await stranger.lines.send('CANCEL 0000000000000000');
    await stranger.ended;
    const canceller = await ToySession.start(world, connection);
    await canceller.lines.send(`CANCEL ${token}`);
    expect(refusalIn(await session.lines.next()).detail.code).toBe('approval-cancelled');
    expect(await session.ask('echo on')).toBe('ROW echo on');
    await session.leave();
    expect(target.received).toEqual(['echo on']);
  });

  test('a line that is too long and a wrong greeting end the session in its own words', async () => {
    const long = await ToySession.start(world, toyConnection(target.port));
    await long.hello('coding-agent');
    await long.lines.send(`echo ${'x'.repeat(70_000)}`);
    expect(await long.lines.next()).toMatch(/^ERROR .*longer than 65536/);
    await long.ended;
    const rude = await ToySession.start(world, toyConnection(target.port));
    expect(await rude.ask('GET / HTTP/1.1')).toMatch(/^ERROR .*HELLO/);
    await rude.ended;
    expect(target.received).toEqual([]);
  });
});
