/** Messages against local stand-ins that check the real protocols: SMTP with STARTTLS and AUTH, Standard Webhooks, Slack's Web API. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findApproval, type NotificationEventRow } from '@sluice/database';
import { addressGuard } from '@sluice/jobs';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { raiseApproval } from '../gateway/approvals.ts';
import { noteState } from '../gateway/note-gateway.ts';
import { deliver, dispatchOutbox, type OutboxServices, recoverDeliveries } from './outbox.ts';
import { answerSlack } from './slack-request.ts';

const secretText = 'sk_live_51Hdeadbeef';
const hostile =
  'x\u202ey \u001b[31m<!channel> <img src=x onerror=alert(1)>\r\nBcc: evil@example.com\r\n.\r\nRCPT TO:<evil@example.com>';

interface Mail {
  readonly to: readonly string[];
  readonly raw: string;
  readonly secure: boolean;
  readonly user: string;
}
interface Hook {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let world: World;
let smtp: SMTPServer;
let smtpPort: number;
let http: Server;
let httpUrl: string;
const mails: Mail[] = [];
const hooks: Hook[] = [];
let httpStatus = 200;
const queued: string[] = [];
let services: OutboxServices;

beforeAll(async () => {
  world = await makeWorld();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
  const leaf = await world.services.authority.issueLeaf(
    { publicKey: spki, commonName: 'localhost', serverNames: ['localhost'] },
    new Date(),
  );
  smtp = new SMTPServer({
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: leaf.certificate,
    authOptional: false,
    onAuth: (auth, session, done) =>
      session.secure && auth.username === 'sluice' && auth.password === 'mail-password'
        ? done(null, { user: auth.username })
        : done(new Error('no')),
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const { rcptTo } = session.envelope;
        const raw = Buffer.concat(parts).toString('utf8');
        mails.push({
          to: rcptTo.map(({ address }) => address),
          raw,
          secure: session.secure,
          user: String(session.user),
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => smtp.listen(0, 'localhost', resolve));
  smtpPort = (smtp.server.address() as AddressInfo).port;
  http = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString('utf8')));
    request.on('end', () => {
      hooks.push({ path: request.url ?? '', headers: request.headers, body });
      response.writeHead(httpStatus, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ok: true, channel: 'D1', ts: `${hooks.length}.0001` }));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  httpUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  services = {
    ...world.services,
    mayAsk: addressGuard(['127.0.0.1']),
    queue: (id) => Promise.resolve(void queued.push(id)),
  };
});
afterAll(async () => {
  await new Promise<void>((resolve) => smtp.close(resolve));
  http.close();
  await world.stop();
});
beforeEach(async () => {
  await run();
  mails.length = 0;
  hooks.length = 0;
  httpStatus = 200;
});

/** Dispatches and delivers everything that is due. */
async function run(now = new Date()): Promise<void> {
  await dispatchOutbox(services, now);
  for (const id of queued.splice(0)) await deliver(services, id, now);
}

test('a gateway that cannot record is urgent news for those who watch, once, and no more when it can again', async () => {
  const admin = world.as('admin');
  await admin.notifications.saveChannel({
    kind: 'webhook',
    name: 'spool alerts',
    enabled: true,
    settings: { url: `${httpUrl}/spool` },
  });
  const note = (spoolProblem: string | null) =>
    noteState(
      world.test.database,
      world.gateway.id,
      {
        startId: newId(),
        version: '0.1.0',
        hostname: 'h',
        capabilities: [],
        bundleVersion: 1,
        policyVersion: 1,
        openSessions: 0,
        spoolChunks: 0,
        spoolBytes: 0,
        spoolProblem,
        cpuPercent: 0,
        memoryBytes: 0,
        clock: new Date().toISOString(),
        listeners: [],
      },
      new Date(),
    );
  await note('The disk is full.');
  await note('The disk is full.');
  await run();
  const told = () => hooks.filter(({ body }) => body.includes('gateway-cannot-record'));
  expect(told()).toHaveLength(1);
  expect(told()[0]?.body).toContain('The disk is full.');
  await note(null);
  await run();
  expect(told()).toHaveLength(1);
  const { items } = await admin.audit.listEvents({});
  expect(items.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['gateway.cannotRecord', 'gateway.recordsAgain']),
  );
});

async function raise(more: Parameters<World['hold']>[1] = {}) {
  const expiresAt = new Date(Date.now() + 6 * 24 * 3_600_000).toISOString();
  const hold = world.hold('agent', { expiresAt, ...more });
  await raiseApproval(world.services, world.gateway, hold, new Date());
  return hold;
}

const save = world$((api, input: Parameters<ReturnType<World['as']>['notifications']['saveChannel']>[0]) =>
  api.notifications.saveChannel(input),
);
function world$<Input, Output>(call: (api: ReturnType<World['as']>, input: Input) => Promise<Output>) {
  return (input: Input) => call(world.as('admin'), input);
}

describe('mail', () => {
  beforeAll(async () => {
    await save({
      kind: 'email',
      name: 'mail',
      enabled: true,
      settings: {
        host: 'localhost',
        port: smtpPort,
        tls: 'starttls',
        from: 'sluice@example.com',
        username: 'sluice',
        ca: world.services.caRoot,
      },
      password: 'mail-password',
    });
  });

  test('goes over verified TLS with AUTH to those whose decision would count, and to nobody else', async () => {
    await raise();
    await run();
    expect(mails.flatMap(({ to }) => to).sort()).toEqual(['admin@test', 'reviewer@test', 'second@test']);
    expect(mails.every(({ secure, user }) => secure && user === 'sluice')).toBe(true);
  });

  test('hostile texts stay texts: no header, no recipient, no markup, no hidden character', async () => {
    const { id } = await raise({ canonicalText: hostile, reason: hostile, command: 'UPDATE', approvers: ['reviewer'] });
    await run();
    expect(mails).toHaveLength(2);
    for (const { raw, to } of mails) {
      expect(to.join()).toMatch(/^(reviewer|second)@test$/);
      const head = raw.slice(0, raw.indexOf('\r\n\r\n'));
      expect(head).not.toMatch(/^bcc:/im);
      expect(head).toMatch(/^Auto-Submitted: auto-generated/m);
      expect(raw).not.toContain('\u202e');
      expect(raw).not.toContain('\u001b');
      expect(decoded(raw.slice(raw.indexOf('text/html')))).not.toContain('<img src=x');
      expect(decoded(raw)).toContain('⟨RLO⟩');
      expect(decoded(raw)).toContain(`http://localhost:3100/approvals/${id}`);
    }
  });

  test('is not sent where the certificate is not to be trusted; the channel shows why', async () => {
    const [channel] = (await world.as('admin').notifications.listChannels()).channels;
    if (channel?.kind !== 'email') throw new Error('the mail channel is the first');
    const base = { kind: 'email' as const, id: channel.id, name: 'mail', enabled: true };
    const settings = channel.settings as Parameters<typeof save>[0]['settings'] & { ca: string | null };
    await save({ ...base, settings: { ...settings, ca: null } } as Parameters<typeof save>[0]);
    await raise({ approvers: ['admin'] });
    await run();
    expect(mails).toEqual([]);
    const view = await world.as('admin').notifications.listChannels();
    expect(view.channels[0]?.lastError).toContain('certificate');
    expect(view.failed[0]).toMatchObject({ state: 'retrying', attempts: 1, to: 'admin' });
    await save({ ...base, settings } as Parameters<typeof save>[0]);
    await run(new Date(Date.now() + 3_600_000));
    await recoverDeliveries(services, new Date(Date.now() + 3_600_000));
    await run(new Date(Date.now() + 3_600_000));
    expect(mails.map(({ to }) => to)).toEqual([['admin@test']]);
  });

  test('somebody who does not want it is left alone, and a pause waits', async () => {
    const reviewer = world.as('reviewer');
    await reviewer.notifications.savePreferences({ muted: { 'approval-waiting': ['email'] }, pausedUntil: null });
    const until = new Date(Date.now() + 600_000);
    await world.as('second').notifications.savePreferences({ muted: {}, pausedUntil: until });
    await raise({ approvers: ['reviewer'] });
    await run();
    expect(mails).toEqual([]);
    await recoverDeliveries(services, new Date(until.getTime() + 1_000));
    await run(new Date(until.getTime() + 1_000));
    expect(mails.map(({ to }) => to)).toEqual([['second@test']]);
    await reviewer.notifications.savePreferences({ muted: {}, pausedUntil: null });
    await world.as('second').notifications.savePreferences({ muted: {}, pausedUntil: null });
  });
});

describe('webhooks', () => {
  let secret: string;
  beforeAll(async () => {
    const made = await save({ kind: 'webhook', name: 'hook', enabled: true, settings: { url: `${httpUrl}/hook` } });
    secret = made.secret ?? '';
  });
  const hooked = () => hooks.filter(({ path }) => path === '/hook');

  test('are signed over id, time and body, and hold what the approval holds', async () => {
    const { id } = await raise({ approvers: ['nobody'], canonicalText: `UPDATE t SET k = '•••'` });
    await run();
    const [hook] = hooked();
    const { 'webhook-id': hookId, 'webhook-timestamp': at, 'webhook-signature': signature } = hook?.headers ?? {};
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const expected = createHmac('sha256', key).update(`${hookId}.${at}.${hook?.body}`).digest('base64');
    expect(signature).toBe(`v1,${expected}`);
    expect(Math.abs(Date.now() / 1_000 - Number(at))).toBeLessThan(300);
    expect(JSON.parse(hook?.body ?? '')).toMatchObject({
      type: 'approval-waiting',
      data: { approvalId: id, state: 'waiting' },
    });
    expect(hook?.body).not.toContain(secretText);
  });

  test('that fail are tried again under the same id, and shown when given up', async () => {
    httpStatus = 500;
    await raise({ approvers: ['nobody'] });
    let now = Date.now();
    for (let turn = 0; turn < 12; turn += 1) {
      await run(new Date(now));
      now += 3_600_000;
      await recoverDeliveries(services, new Date(now));
    }
    const ids = new Set(hooked().map(({ headers }) => headers['webhook-id']));
    expect(hooked()).toHaveLength(10);
    expect(ids.size).toBe(1);
    const dead = (await world.as('admin').notifications.listChannels()).failed.find(
      ({ channel }) => channel === 'hook',
    );
    expect(dead).toMatchObject({ state: 'dead', attempts: 10, error: 'The webhook answered 500.' });
    httpStatus = 200;
    await world.as('admin').notifications.retryDelivery({ id: dead?.id ?? '' });
    await recoverDeliveries(services, new Date());
    await run();
    expect(hooked()).toHaveLength(11);
  });

  test('an event is sent once, however many nodes look at once', async () => {
    await raise({ approvers: ['nobody'] });
    await Promise.all(Array.from({ length: 5 }, () => dispatchOutbox(services, new Date())));
    const ids = queued.splice(0);
    await Promise.all([...ids, ...ids, ...ids].map((id) => deliver(services, id, new Date())));
    expect(hooked()).toHaveLength(1);
  });

  test('never go to a private address that is not listed', async () => {
    const strict = { ...services, mayAsk: addressGuard([]) };
    await raise({ approvers: ['nobody'] });
    await dispatchOutbox(strict, new Date());
    for (const id of queued.splice(0)) await deliver(strict, id, new Date());
    expect(hooked()).toEqual([]);
    const [failed] = (await world.as('admin').notifications.listChannels()).failed;
    expect(failed?.error).toContain('private address');
    const guard = addressGuard([]);
    for (const address of [
      '127.0.0.1',
      '10.1.2.3',
      '169.254.169.254',
      '::1',
      '::ffff:10.0.0.1',
      'fd00::1',
      '0.0.0.0',
      'x',
    ])
      expect(guard(address), address).toBe(false);
    expect(guard('93.184.216.34')).toBe(true);
  });

  test('a change that is rolled back is not told', async () => {
    const before = await events();
    const hold = world.hold('agent');
    await expect(
      world.test.database.transaction(async (tx) => {
        await tx.$executeRaw`UPDATE "Approval" SET "state" = 'expired' WHERE "state" = 'waiting'`;
        throw new Error(hold.id);
      }),
    ).rejects.toThrow(hold.id);
    expect(await events()).toBe(before);
  });
});

async function events(): Promise<number> {
  const rows = (await world.test.query('SELECT "kind" FROM "NotificationEvent"')) as unknown as NotificationEventRow[];
  return rows.length;
}

describe('Slack', () => {
  const signingSecret = 'slack-signing-secret';
  beforeAll(async () => {
    await save({
      kind: 'slack',
      name: 'slack',
      enabled: true,
      settings: { apiUrl: `${httpUrl}/slack` },
      botToken: 'xoxb-1',
      signingSecret,
    });
    for (const [name, user] of [
      ['reviewer', 'U1'],
      ['engineer', 'U2'],
    ] as const) {
      const { code } = await world.as(name).notifications.beginSlackLink();
      expect(await send(command(code, user))).toMatchObject({ text: `You are ${name} in Sluice now.` });
      // A code works once.
      expect(await send(command(code, 'U9'))).toMatchObject({ text: expect.stringContaining('not known') });
    }
  });

  const command = (code: string, user: string) =>
    new URLSearchParams({ team_id: 'T1', user_id: user, text: `link ${code}` }).toString();
  const press = (user: string, action: string, value: string) =>
    new URLSearchParams({
      payload: JSON.stringify({
        type: 'block_actions',
        user: { id: user },
        team: { id: 'T1' },
        channel: { id: 'D1' },
        trigger_id: 'trigger',
        actions: [{ action_id: action, value }],
      }),
    }).toString();
  const submit = (user: string, metadata: object, comment: string) =>
    new URLSearchParams({
      payload: JSON.stringify({
        type: 'view_submission',
        user: { id: user, team_id: 'T1' },
        view: {
          callback_id: 'decide',
          private_metadata: JSON.stringify(metadata),
          state: { values: { comment: { comment: { value: comment } } } },
        },
      }),
    }).toString();
  const sign = (body: string, at: number, key = signingSecret) => ({
    timestamp: String(at),
    signature: `v0=${createHmac('sha256', key).update(`v0:${at}:${body}`).digest('hex')}`,
  });
  const seconds = () => Math.floor(Date.now() / 1_000);
  const answer = (body: string, signed: ReturnType<typeof sign>) =>
    answerSlack(
      { body, ...signed, address: null },
      { services: world.services, mayAsk: services.mayAsk, now: new Date() },
    );
  const send = (body: string) => answer(body, sign(body, seconds()));
  const called = (method: string) => hooks.filter(({ path }) => path === `/slack/${method}`).map(({ body }) => body);
  const stateOf = async (id: string) => (await findApproval(world.test.database.db, id))?.state;

  test('a message has buttons, its texts are escaped, and it is changed after the decision', async () => {
    const { id } = await raise({ approvers: ['reviewer'], canonicalText: hostile, reason: hostile });
    await run();
    const [message] = called('chat.postMessage');
    expect(hooks.find(({ path }) => path.endsWith('postMessage'))?.headers.authorization).toBe('Bearer xoxb-1');
    expect(JSON.parse(message ?? '')).toMatchObject({ channel: 'U1' });
    expect(message).toContain('"action_id":"approve"');
    expect(message).not.toContain('<!channel>');
    expect(message).not.toContain('\u202e');
    expect(await send(press('U1', 'approve', id))).toEqual({});
    expect(await stateOf(id)).toBe('approved');
    await run();
    expect(called('chat.update')[0]).toContain('It was approved already.');
    expect(called('chat.update')[0]).not.toContain('"action_id":"approve"');
  });

  test('whoever may not decide in the web may not here: owner, requester, a stranger', async () => {
    const { id } = await raise({ approvers: ['reviewer', 'member'] });
    await send(press('U2', 'approve', id));
    await send(press('U9', 'approve', id));
    expect(await stateOf(id)).toBe('waiting');
    expect(called('chat.postEphemeral').join()).toMatch(/owner.*not linked/);
  });

  test('a denial asks for words, which reach the record', async () => {
    const { id } = await raise({ approvers: ['reviewer'] });
    await send(press('U1', 'deny', id));
    expect(called('views.open')[0]).toContain('"trigger_id":"trigger"');
    expect(await stateOf(id)).toBe('waiting');
    expect(await send(submit('U1', { approvalId: id, outcome: 'deny' }, 'not on Friday'))).toEqual({
      response_action: 'clear',
    });
    expect((await findApproval(world.test.database.db, id))?.comment).toBe('not on Friday');
    expect(await send(submit('U1', { approvalId: id, outcome: 'approve' }, ''))).toMatchObject({
      response_action: 'errors',
    });
  });

  test('a request that Slack did not sign, or not now, is refused', async () => {
    const { id } = await raise({ approvers: ['reviewer'] });
    const body = press('U1', 'approve', id);
    const now = seconds();
    for (const forged of [
      sign(body, now, 'another'),
      sign(`${body} `, now),
      sign(body, now - 301),
      sign(body, now + 301),
      { timestamp: String(now), signature: 'v0=' },
      { timestamp: 'x', signature: sign(body, now).signature },
    ])
      await expect(answer(body, forged)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await stateOf(id)).toBe('waiting');
  });

  test('where decisions are signed with a passkey there is no button that decides', async () => {
    const { revision } = await world.as('admin').connections.showConnection({ id: world.connectionId });
    await world.as('admin').connections.updateConnection({ id: world.connectionId, revision, stepUp: 'passkey' });
    const { id } = await raise({ approvers: ['reviewer'] });
    await run();
    expect(called('chat.postMessage')[0]).not.toContain('"action_id":"approve"');
    await send(press('U1', 'approve', id));
    expect(await stateOf(id)).toBe('waiting');
    expect(called('chat.postEphemeral')[0]).toContain(`/approvals/${id}`);
  });
});

/** Bodies of both parts, whatever their transfer encoding. */
function decoded(raw: string): string {
  const joined = raw.replace(/=\r\n/g, '');
  const bytes = joined.replace(/((?:=[0-9A-F]{2})+)/g, (run) =>
    Buffer.from(run.replaceAll('=', ''), 'hex').toString('utf8'),
  );
  const base64 = [...raw.matchAll(/base64\r\n\r\n([A-Za-z0-9+/=\r\n]+)/g)].map(([, part]) =>
    Buffer.from(part ?? '', 'base64').toString('utf8'),
  );
  return [bytes, ...base64].join('\n');
}
