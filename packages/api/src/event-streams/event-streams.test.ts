import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judged, recordSession } from '@sluice/testkit/recordings';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeChunk } from '../gateway/accept-chunk.ts';
import { jsonLine, syslogMessage } from './event-lines.ts';
import { exportEvents } from './export-events.ts';
import { sendEvents } from './send-events.ts';
import { parseSyslog } from './testing/parse-syslog.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-streams-'));
let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const secret = 's'.repeat(40);
let clock = Date.now();
/** Runs the exporter as a node does; time passes, so that a stream that failed is tried again. */
async function round(): Promise<void> {
  clock += 120_000;
  const { database, atRest } = world.services;
  await exportEvents({ database, atRest, folder }, () => new Date(clock));
}

async function happen(text: string): Promise<void> {
  const { chunks } = await recordSession(world, 'agent', [[judged(0, text, { action: 'deny', rule: 'r' })]]);
  for (const chunk of chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
}

test('hostile texts neither end a line nor drive a terminal, in syslog and in JSON', () => {
  const text = 'a\r\n<13>1 forged \u001b[31m"\\]\u0000\u0085\u2028\u202e\u200f';
  const event = { id: text, kind: 'statement' as const, at: 0, name: text, warning: true, body: { text } };
  const [parsed] = parseSyslog(
    Buffer.concat([Buffer.from(`${syslogMessage(event, text).length} `), syslogMessage(event, text)]),
  );
  expect(JSON.parse(parsed?.message ?? '')).toMatchObject({ body: { text } });
  expect(jsonLine(event)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u200f]/);
});

test('HTTP: signed batches, nothing lost through an outage, and a batch that was not acknowledged comes again', async () => {
  const got: string[] = [];
  let mode: 'ok' | 'refuse' | 'take and fail' = 'ok';
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      const time = String(request.headers['sluice-timestamp']);
      const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
      const right = request.headers['sluice-signature'] === `v1=${signature}`;
      if (mode !== 'refuse' && right)
        got.push(
          ...body
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => (JSON.parse(line) as { id: string }).id),
        );
      response.writeHead(mode === 'ok' && right ? 204 : 503).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  const admin = world.as('admin');
  const stream = {
    name: 'collector',
    settings: { kind: 'endpoint' as const, url },
    secret,
    audit: true,
    statements: true,
  };
  const { id } = await admin.streams.createStream(stream);
  expect(await admin.streams.sendTest({ id })).toEqual({ ok: true, error: null });
  await happen('select 1');
  await round();
  const first = got.length;
  expect(first).toBeGreaterThan(3);
  mode = 'refuse';
  await happen('select 2');
  await round();
  expect(got.length).toBe(first);
  const [failing] = await admin.streams.listStreams();
  expect(failing?.lastError).toContain('503');
  expect(failing?.behind.chunks).toBeGreaterThan(0);
  expect(failing?.behind.since).toBeInstanceOf(Date);
  mode = 'take and fail';
  await round();
  const taken = got.slice(first);
  expect(taken.length).toBeGreaterThan(0);
  mode = 'ok';
  await round();
  // At least once: what was taken and not acknowledged came a second time, in the same order.
  expect(got.slice(first + taken.length)).toEqual(taken);
  expect((await admin.streams.listStreams())[0]).toMatchObject({
    lastError: null,
    failures: 0,
    behind: { chunks: 0, since: null },
  });
  const settled = got.length;
  await round();
  expect(got.length).toBe(settled);
  await admin.streams.deleteStream({ id });
  await new Promise((resolve) => server.close(resolve));
}, 120_000);

test('syslog over TCP: strict RFC 5424 by octet counting; a server that cuts the connection gets everything again', async () => {
  const got: string[] = [];
  let cut = true;
  const server: TcpServer = createTcpServer({ allowHalfOpen: true }, (socket) => {
    const parts: Buffer[] = [];
    socket.on('error', () => undefined);
    socket.on('data', (part) => {
      if (cut) socket.resetAndDestroy();
      else parts.push(part);
    });
    socket.on('end', () => {
      got.push(...parseSyslog(Buffer.concat(parts)).map((message) => message.id));
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const settings = { kind: 'syslog' as const, host: '127.0.0.1', port, transport: 'tcp' as const, ca: null };
  const admin = world.as('admin');
  const { id } = await admin.streams.createStream({
    name: 'siem',
    settings,
    secret: null,
    audit: false,
    statements: true,
  });
  await happen('select 3\r\n<13>1 forged');
  await round();
  expect(got).toEqual([]);
  cut = false;
  await round();
  expect(got.length).toBeGreaterThan(2);
  expect(new Set(got).size).toBe(got.length);
  await admin.streams.deleteStream({ id });
  await new Promise((resolve) => server.close(resolve));
}, 120_000);

test.each([0, 1, 100_000])(
  'a server that says that it is done after %i octets did not get everything',
  async (octets) => {
    const server: TcpServer = createTcpServer({ allowHalfOpen: true }, (socket) => {
      let read = 0;
      socket.on('error', () => undefined);
      socket.on('data', (part) => {
        read += part.length;
        if (read >= octets) socket.end();
      });
      if (octets === 0) socket.end();
      socket.on('close', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const settings = { kind: 'syslog' as const, host: '127.0.0.1', port, transport: 'tcp' as const, ca: null };
    const body = { text: 'z'.repeat(60_000) };
    const events = Array.from({ length: 400 }, (_, at) => ({
      ...{ id: `event-${at}`, kind: 'audit' as const, at: 0, name: 'n', warning: false, body },
    }));
    await expect(sendEvents({ settings, secret: null, folder: null }, events)).rejects.toThrow(/closed before/);
    await new Promise((resolve) => server.close(resolve));
  },
);

test('a line that a crash cut off stays one line, and what comes behind it can be read', async () => {
  const broken = '{"id":"cut o';
  writeFileSync(join(folder, 'broken.ndjson'), broken);
  const event = { id: 'next', kind: 'audit' as const, at: 0, name: 'n', warning: false, body: {} };
  await sendEvents({ settings: { kind: 'file', name: 'broken' }, secret: null, folder }, [event]);
  await sendEvents({ settings: { kind: 'file', name: 'broken' }, secret: null, folder }, [event]);
  const [first, ...others] = readFileSync(join(folder, 'broken.ndjson'), 'utf8').trimEnd().split('\n');
  expect(first).toBe(broken);
  expect(others.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['next', 'next']);
});

test('files, and two nodes at once send each event once while nothing fails', async () => {
  const admin = world.as('admin');
  const settings = { kind: 'file' as const, name: 'events' };
  const { id } = await admin.streams.createStream({
    name: 'kept',
    settings,
    secret: null,
    audit: true,
    statements: true,
  });
  await happen('select 4');
  await Promise.all([round(), round(), round()]);
  await round();
  const ids = readFileSync(join(folder, 'events.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  expect(ids.length).toBeGreaterThan(3);
  expect(new Set(ids).size).toBe(ids.length);
  await admin.streams.deleteStream({ id });
}, 120_000);
