import type { SealedEnvelope } from '@sluice/domain';
import { sha256 } from '@sluice/keys';
import { agent, SessionWorld } from '@sluice/testkit/sessions';
import { EchoServer, refusalIn, ToySession, toyConnection, toyEcho, toyLanguage } from '@sluice/testkit/toy-echo';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { maxSessionsPerConnection } from './run-session.ts';

let target: EchoServer;
let world: SessionWorld;

beforeAll(async () => {
  target = await EchoServer.start();
});
afterAll(() => target.stop());
beforeEach(() => {
  world = new SessionWorld([toyLanguage]);
  target.received.length = 0;
  target.connections = 0;
});
afterEach(() => world.close());

const start = (more: Parameters<typeof ToySession.start>[2] = {}) =>
  ToySession.start(world, toyConnection(target.port), more);

describe('the order of a session (invariant 1)', () => {
  test('authorise, lease, recording, credential, dial; the first event is spooled before the target is dialled', async () => {
    const spooledAtDial: string[] = [];
    const protocol: typeof toyEcho = {
      ...toyEcho,
      dialTarget: (request) => {
        spooledAtDial.push(...world.spool.events().map(({ type }) => type));
        return toyEcho.dialTarget(request);
      },
    };
    const session = await start({ protocol });
    expect(world.steps).toEqual([]);
    expect(await session.hello('coding-agent')).toMatch(/^READY/);
    expect(world.steps).toEqual(['authorise', 'lease', 'recording', 'credential', 'connect']);
    expect(spooledAtDial).toEqual(['session.opened']);
    await session.leave();
    expect(world.events('session.opened')).toMatchObject([{ actor: { name: 'coding-agent' }, path: 'native' }]);
    expect(world.events('session.closed')).toMatchObject([{ reason: 'clean' }]);
    expect(world.live.size).toBe(0);
  });

  test('an agent opens with the reader’s credential and may have the writer’s for one statement; a person with the writer’s', async () => {
    world.credentials.reader = { username: 'reads', password: '' };
    world.credentials.writer = { username: 'writes', password: '' };
    const readerCredential: SealedEnvelope = {
      suite: 'x25519-hkdf-sha256/chacha20-poly1305',
      recipient: '',
      encapsulated: '',
      ciphertext: '',
    };
    const seen: { readonly username: string; readonly readOnly: boolean; readonly writer: boolean }[] = [];
    const dialled: { readonly username: string; readonly readOnly: boolean }[] = [];
    const protocol: typeof toyEcho = {
      ...toyEcho,
      dialTarget: (request) => {
        dialled.push({ username: request.credential.reveal().username, readOnly: request.readOnly });
        return toyEcho.dialTarget(request);
      },
      relay: async (request) => {
        seen.push({ ...dialled[0]!, writer: request.dialWriter !== null });
        await (await request.dialWriter?.())?.close();
        return toyEcho.relay(request);
      },
    };
    for (const name of ['coding-agent', 'engineer']) {
      dialled.length = 0;
      const session = await ToySession.start(world, toyConnection(target.port, { readerCredential }), { protocol });
      expect(await session.hello(name)).toMatch(/^READY/);
      await session.leave();
      if (name === 'coding-agent') expect(dialled[1]).toEqual({ username: 'writes', readOnly: false });
    }
    expect(seen).toEqual([
      { username: 'reads', readOnly: true, writer: true },
      { username: 'writes', readOnly: false, writer: false },
    ]);
  });

  test('an unknown secret is refused before anything else is done', async () => {
    const session = await start();
    expect(refusalIn(await session.ask('HELLO nobody'))).toMatchObject({
      reason: 'authentication',
      message: 'the password is not known',
    });
    await session.ended;
    expect(world.steps).toEqual(['authorise']);
    expect(target.connections).toBe(0);
  });

  test('what keeps the connection from working is said after identification only', async () => {
    const session = await start({ problem: 'connection toy has no credential for this gateway' });
    expect(await session.hello('coding-agent')).toMatch(/^ERROR .*has no credential/);
    await session.ended;
    expect(target.connections).toBe(0);
  });

  test('an expired lease refuses the session (invariant 6)', async () => {
    world.leaseProblem = 'this gateway has not heard its control plane for 61 s';
    const session = await start();
    expect(await session.hello('coding-agent')).toMatch(/^ERROR .*61 s/);
    await session.ended;
    expect(target.connections).toBe(0);
  });

  test('a full spool refuses the session (invariant 4)', async () => {
    world.spool.full = true;
    const session = await start();
    expect(await session.hello('coding-agent')).toMatch(/^ERROR .*spool/);
    await session.ended;
    expect(target.connections).toBe(0);
    expect(world.live.size).toBe(0);
  });

  test('no more sessions of one connection than the bound (invariant 8)', async () => {
    for (let i = 0; i < maxSessionsPerConnection; i++) {
      world.live.add({
        id: `s${i}`,
        connectionId: 'connection-1',
        connectionRevision: 1,
        actorId: agent.id,
        terminate: () => undefined,
        reauthorise: () => Promise.resolve(),
      });
    }
    const session = await start();
    expect(await session.hello('coding-agent')).toMatch(/^ERROR .*500 sessions open/);
    await session.ended;
  });

  test('a target that is down is said to the client and stands in the record (done when 10)', async () => {
    const down = await EchoServer.start();
    const { port } = down;
    await down.stop();
    const session = await ToySession.start(world, toyConnection(port));
    expect(refusalIn(await session.hello('coding-agent'))).toMatchObject({ reason: 'target' });
    await session.ended;
    expect(world.events('session.closed')).toMatchObject([{ reason: 'target-gone', message: 'the target is down' }]);
  });

  test('a fault of our own ends the session without saying more than that', async () => {
    const protocol = { ...toyEcho, relay: () => Promise.reject(new Error('secret internals')) };
    const session = await start({ protocol });
    const answer = await session.hello('coding-agent');
    expect(answer).toMatch(/^ERROR .*internal fault/);
    expect(answer).not.toContain('secret internals');
    await session.ended;
    expect(world.logged.map(({ level }) => level)).toEqual(['error']);
  });
});

describe('tickets', () => {
  const ticket = {
    actor: agent,
    secretHash: sha256('this-run'),
    expiresAt: null,
    accessUntil: null,
    grants: [],
    credential: { by: 'api-token', id: 'token' } as const,
  };

  test('the password of the run lets in, and nobody is asked', async () => {
    const session = await start({ path: 'ticket', ticket });
    expect(await session.ask('HELLO this-run')).toMatch(/^READY/);
    expect(world.steps).not.toContain('authorise');
    await session.leave();
    expect(world.events('session.opened')).toMatchObject([{ path: 'ticket' }]);
  });

  test('it goes on while the token behind the ticket holds, and ends when that is revoked (invariant 6)', async () => {
    world.grant('token', agent);
    const session = await start({ path: 'ticket', ticket });
    expect(await session.ask('HELLO this-run')).toMatch(/^READY/);
    await Promise.all(world.live.all().map((live) => live.reauthorise()));
    expect(world.live.size).toBe(1);
    world.answers.delete('token');
    await Promise.all(world.live.all().map((live) => live.reauthorise()));
    await session.ended;
    expect(world.events('session.closed')).toMatchObject([{ reason: 'terminated' }]);
  });

  test('any other password is refused, a valid native secret included', async () => {
    const session = await start({ path: 'ticket', ticket });
    expect(refusalIn(await session.hello('coding-agent'))).toMatchObject({ reason: 'authentication' });
    await session.ended;
    expect(target.connections).toBe(0);
  });
});

describe('statements', () => {
  test('a denied statement never reaches the target; the refusal says what to do and not why by pattern', async () => {
    const session = await start();
    await session.hello('coding-agent');
    const { message, hint, detail } = refusalIn(await session.ask('drop everything'));
    expect(message).toMatch(/^Sluice refused DROP: /);
    expect(hint).not.toBe('');
    expect(detail).toEqual({
      sluice: 1,
      code: 'denied',
      rule: 'deny-agent-destructive',
      statement: expect.stringMatching(/^[0-9a-f-]{36}$/),
      kind: 'schema',
      approval: null,
      url: null,
      retry: 'never',
    });
    expect(JSON.stringify({ message, hint, detail })).not.toMatch(/actor\.role|statement\.|&&|==/);
    await session.leave();
    expect(target.received).toEqual([]);
    expect(world.events('statement.refused')).toMatchObject([{ code: 'denied', statementId: detail.statement }]);
  });

  test('an expired lease refuses the next statement and the session goes on (invariant 6)', async () => {
    const session = await start();
    await session.hello('coding-agent');
    world.leaseProblem = 'this gateway has not heard its control plane for 61 s';
    expect(refusalIn(await session.ask('echo one')).detail).toMatchObject({ code: 'lease-expired', retry: 'later' });
    world.leaseProblem = null;
    expect(await session.ask('echo two')).toBe('ROW echo two');
    await session.leave();
    expect(target.received).toEqual(['echo two']);
  });

  test('a disk that fills up refuses the next statement; nothing runs unrecorded (invariant 4)', async () => {
    const session = await start();
    await session.hello('coding-agent');
    world.spool.full = true;
    expect(refusalIn(await session.ask('echo one')).detail.code).toBe('recording-unavailable');
    expect(refusalIn(await session.ask('write one')).detail.code).toBe('recording-unavailable');
    world.spool.full = false;
    expect(await session.ask('echo two')).toBe('ROW echo two');
    await session.leave();
    expect(target.received).toEqual(['echo two']);
    expect(world.approvals.requests).toEqual([]);
  });

  test('synced: a statement whose record the disk does not keep is refused, and the session takes no other (CP07)', async () => {
    const session = await ToySession.start(world, toyConnection(target.port, { durability: 'synced' }));
    await session.hello('coding-agent');
    expect(await session.ask('echo one')).toBe('ROW echo one');
    world.spool.unsynced = true;
    expect(refusalIn(await session.ask('echo two')).detail.code).toBe('recording-unavailable');
    world.spool.unsynced = false;
    // What a failed sync lost is lost silently: only new files, a new session, are believed again.
    expect(refusalIn(await session.ask('echo three')).detail.code).toBe('recording-unavailable');
    await session.leave();
    expect(target.received).toEqual(['echo one']);
    const next = await ToySession.start(world, toyConnection(target.port, { durability: 'synced' }));
    await next.hello('coding-agent');
    expect(await next.ask('echo four')).toBe('ROW echo four');
    await next.leave();
  });

  test('a policy change reaches the next statement of a live session, whatever was judged before (invariant 6)', async () => {
    const session = await start();
    await session.hello('coding-agent');
    expect(await session.ask('echo one')).toBe('ROW echo one');
    world.changePolicy((source) =>
      source.replace(
        "action: allow\n    when: statement.kind == 'read'",
        "action: deny\n    when: statement.kind == 'read'",
      ),
    );
    expect(refusalIn(await session.ask('echo one')).detail).toMatchObject({ code: 'denied', rule: 'allow-reads' });
    world.changePolicy((source) => source);
    expect(await session.ask('echo one')).toBe('ROW echo one');
    await session.leave();
    expect(target.received).toEqual(['echo one', 'echo one']);
  });

  test('an error of the target reaches the client and the record without the value it quotes (invariant 5)', async () => {
    const session = await start();
    await session.hello('coding-agent');
    expect(await session.ask("echo email='ann@example.com' fail")).toMatch(/^FAILED bad value "•••/);
    await session.leave();
    expect(world.events('statement.failed')).toHaveLength(1);
    expect(JSON.stringify(world.spool.events())).not.toContain('ann@example.com');
  });
});

describe('ending a live session (invariant 6)', () => {
  test('a kill ends it with its words', async () => {
    const session = await start();
    await session.hello('coding-agent');
    const [live] = world.live.all();
    expect(world.live.terminate(live?.id ?? '', { reason: 'terminated', message: 'killed', hint: 'Ask.' })).toBe(true);
    expect(refusalIn(await session.lines.next())).toEqual({ reason: 'terminated', message: 'killed', hint: 'Ask.' });
    await session.ended;
    expect(world.live.terminate(live?.id ?? '', { reason: 'terminated', message: '', hint: '' })).toBe(false);
    expect(world.events('session.closed')).toMatchObject([{ reason: 'terminated' }]);
  });

  test('a secret that expires ends the session that it opened', async () => {
    world.grant('brief', agent, new Date(Date.now() + 300).toISOString());
    const session = await start();
    expect(await session.ask('HELLO brief')).toMatch(/^READY/);
    expect(await session.lines.next()).toMatch(/^ERROR .*access expired/);
    await session.ended;
  });

  test('revocation ends it when the right is asked for again; a right that stays leaves it', async () => {
    const session = await start();
    await session.hello('coding-agent');
    const [live] = world.live.all();
    await live?.reauthorise?.();
    expect(await session.ask('echo on')).toBe('ROW echo on');
    world.answers.clear();
    await live?.reauthorise?.();
    expect(await session.lines.next()).toMatch(/^ERROR .*password is not known/);
    await session.ended;
  });

  test('a revocation that is heard of while somebody is identified asks about them again once they are in', async () => {
    const { authorise } = world.ports;
    const asked = authorise.authorise.bind(authorise);
    let revoked = false;
    Object.assign(authorise, {
      authorise: async (request: Parameters<typeof asked>[0]) => {
        const answer = await asked(request);
        if (!revoked) {
          revoked = true;
          world.answers.clear();
          Object.assign(authorise, { epoch: authorise.epoch + 1 });
        }
        return answer;
      },
    });
    const session = await start();
    const said = await session.ask('HELLO secret-of-coding-agent');
    // It ends while the target is dialled, or right afterwards.
    const last = said?.startsWith('READY') === true ? await session.lines.next() : said;
    expect(last).toMatch(/^ERROR /);
    await session.ended;
  });

  test('an actor whose role changed has to connect again', async () => {
    const session = await start();
    await session.hello('coding-agent');
    world.grant('secret-of-coding-agent', { ...agent, role: 'reviewer' });
    await world.live.all()[0]?.reauthorise?.();
    expect(await session.lines.next()).toMatch(/^ERROR .*rights changed/);
    await session.ended;
  });
});
