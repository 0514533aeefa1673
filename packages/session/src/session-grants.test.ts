import type { Grant } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { engineer, SessionWorld } from '@sluice/testkit/sessions';
import { EchoServer, ToySession, toyConnection, toyLanguage } from '@sluice/testkit/toy-echo';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionGrants } from './session-grants.ts';

const start = Date.parse('2026-11-24T12:00:00Z');

function grant(name: string, fromMs: number, untilMs: number, more: Partial<Grant> = {}): Grant {
  const at = (ms: number) => new Date(start + ms).toISOString();
  return { id: name, kind: 'unmask', name, bounds: null, startsAt: at(fromMs), expiresAt: at(untilMs), ...more };
}

describe('the grants of a session, by its gateway’s own clock (invariant 6)', () => {
  const notes: string[] = [];
  let full = false;
  const record = (text: string) => {
    if (full) throw new SluiceError('spool-full', 'the disk is full');
    notes.push(text);
  };
  const names = (grants: SessionGrants) => grants.inForce.map(({ name }) => name);
  beforeEach(() => {
    notes.length = 0;
    full = false;
    vi.useFakeTimers({ now: start });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('each begins and ends by itself, and both stand in the record without anybody asking', () => {
    const grants = new SessionGrants([grant('one', 0, 10_000), grant('two', 5_000, 20_000)], { now: Date.now, record });
    expect(names(grants)).toEqual([]);
    grants.start();
    expect(names(grants)).toEqual(['one']);
    vi.advanceTimersByTime(5_000);
    expect(names(grants)).toEqual(['one', 'two']);
    vi.advanceTimersByTime(5_000);
    expect(names(grants)).toEqual(['two']);
    vi.advanceTimersByTime(10_000);
    expect(notes.map((note) => note.replace(/ \(.*\)/, ''))).toEqual([
      'grant one is in force until 2026-11-24T12:00:10.000Z',
      'grant two is in force until 2026-11-24T12:00:20.000Z',
      'grant one expired',
      'grant two expired',
    ]);
    expect(names(grants)).toEqual([]);
  });

  test('what is withdrawn ends at once; what is prolonged is recorded anew', () => {
    const grants = new SessionGrants([grant('one', 0, 10_000), grant('two', 0, 10_000)], { now: Date.now, record });
    grants.start();
    grants.replace([grant('one', 0, 60_000)]);
    expect(names(grants)).toEqual(['one']);
    expect(notes.slice(2)).toEqual([
      'grant two (unmask, two) was withdrawn',
      'grant one (unmask, one) is in force until 2026-11-24T12:01:00.000Z',
    ]);
  });

  test('one that cannot be recorded does not count (invariants 4 and 5)', () => {
    full = true;
    const grants = new SessionGrants([grant('one', 0, 10_000)], { now: Date.now, record });
    grants.start();
    expect(names(grants)).toEqual([]);
    full = false;
    vi.advanceTimersByTime(1_000);
    expect(names(grants)).toEqual(['one']);
  });

  test('one that cannot be recorded when it ends has ended', () => {
    const grants = new SessionGrants([grant('one', 0, 10_000)], { now: Date.now, record });
    grants.start();
    full = true;
    vi.advanceTimersByTime(10_000);
    expect(names(grants)).toEqual([]);
  });

  test('one whose moments cannot be read never counts', () => {
    const grants = new SessionGrants([{ ...grant('one', 0, 10_000), expiresAt: 'never' }], { now: Date.now, record });
    grants.start();
    expect(names(grants)).toEqual([]);
  });
});

describe('in a live session', () => {
  let target: EchoServer;
  let world: SessionWorld;
  beforeAll(async () => {
    target = await EchoServer.start();
  });
  afterAll(() => target.stop());
  beforeEach(() => {
    world = new SessionWorld([toyLanguage]);
    world.changePolicy((source) =>
      source.replaceAll(
        "when: actor.role != 'admin'\n    columns",
        "when: actor.role != 'admin' && !('unmask' in grants)\n    columns",
      ),
    );
  });
  afterEach(() => world.close());
  const ask = 'echo email=ann@example.com';
  const held = (untilMs: number): Grant => ({
    id: newId(),
    kind: 'unmask',
    name: 'unmask',
    bounds: null,
    startsAt: new Date(Date.now() - 1_000).toISOString(),
    expiresAt: new Date(Date.now() + untilMs).toISOString(),
  });

  test('an unmask grant comes and goes within a session; the record is masked all the while (invariant 5)', async () => {
    const session = await ToySession.start(world, toyConnection(target.port));
    await session.hello('engineer');
    expect(await session.ask(ask)).not.toContain('ann@');
    world.grant('secret-of-engineer', engineer, null, [held(600_000)]);
    await world.live.all()[0]?.reauthorise();
    expect(await session.ask(ask)).toContain('ann@example.com');
    world.grant('secret-of-engineer', engineer);
    await world.live.all()[0]?.reauthorise();
    expect(await session.ask(ask)).not.toContain('ann@');
    await session.leave();
    expect(JSON.stringify(world.spool.events())).not.toContain('ann@example.com');
    expect(world.events('session.note').map(({ text }) => text)).toEqual([
      expect.stringContaining('grant unmask (unmask, '),
      expect.stringContaining('was withdrawn'),
    ]);
  });

  test('a grant that a session opens with is in the record right after its opening', async () => {
    world.grant('secret-of-engineer', engineer, null, [held(600_000)]);
    const session = await ToySession.start(world, toyConnection(target.port));
    await session.hello('engineer');
    await session.leave();
    expect(world.spool.events().map(({ type }) => type)).toEqual(['session.opened', 'session.note', 'session.closed']);
  });

  test('no grant overrides a deny (CP05)', async () => {
    world.grant('secret-of-engineer', engineer, null, [{ ...held(600_000), kind: 'break-glass', name: 'break-glass' }]);
    world.changePolicy((source) =>
      source.replace(/\ntests:[\s\S]*$/, '\n').replace(
        'rules:',
        `rules:
  - { name: glass, description: In an emergency all is allowed., action: allow, when: "'break-glass' in grants" }
  - { name: never, description: Nobody writes., action: deny, when: statement.kind == 'write' }`,
      ),
    );
    const session = await ToySession.start(world, toyConnection(target.port));
    await session.hello('engineer');
    expect(await session.ask('write one')).toMatch(/^REFUSED .*Nobody writes/);
    await session.leave();
    expect(target.received).not.toContain('write one');
  });
});
