import { revokeGateway } from '@sluice/database';
import { generateSigningKeys, newId } from '@sluice/keys';
import { judged, recordSession, resultOf } from '@sluice/testkit/recordings';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChunkUpload, storeChunk } from './accept-chunk.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

const push = (chunk: ChunkUpload, gateway = world.gateway) => storeChunk(world.services, gateway, chunk, new Date());

const select = judged(0, 'select email from customers');
const drop = judged(1, 'drop table customers', {
  command: 'DROP TABLE',
  kind: 'schema',
  action: 'deny',
  rule: 'deny-agent-destructive',
});
const parse = judged(2, 'select $1', { phase: 'prepare' });

test('a session becomes rows, a timeline and a verified chain, whatever chunk its events came in', async () => {
  const { sessionId, chunks } = await recordSession(world, 'agent', [
    [select, drop],
    [
      resultOf(select.statementId, [['a•••@•••.com'], [null]]),
      { type: 'statement.refused', statementId: drop.statementId, code: 'denied', message: 'no' },
      parse,
    ],
  ]);
  expect(chunks.length).toBeGreaterThan(2);
  for (const chunk of chunks) {
    await push(chunk);
    await push(chunk);
  }
  const admin = world.as('admin');
  const session = await admin.sessions.showSession({ id: sessionId });
  expect(session).toMatchObject({
    state: 'closed',
    statements: 2,
    denied: 1,
    held: 0,
    clientSoftware: 'psql',
    actor: { name: 'agent', owner: { name: 'engineer' } },
    chain: { ok: true, sealed: true, chunks: chunks.length },
  });
  const { items } = await admin.sessions.listTimeline({ id: sessionId });
  expect(items.map((item) => [item.text, item.verdict, item.error?.code ?? null])).toEqual([
    ['select email from customers', 'allow', null],
    ['drop table customers', 'deny', 'denied'],
  ]);
  expect(items[0]?.results[0]).toMatchObject({ rows: [['a•••@•••.com'], [null]], rowCount: 2 });
  const first = await admin.sessions.listTimeline({ id: sessionId, limit: 1 });
  const rest = await admin.sessions.listTimeline({ id: sessionId, limit: 1, cursor: first.nextCursor ?? '' });
  expect([...first.items, ...rest.items]).toEqual(items);
  expect(await admin.sessions.verifySession({ id: sessionId })).toMatchObject({ ok: true, problems: [] });
  const found = await admin.sessions.listSessions({ search: 'drop table' });
  expect(found.items.map((item) => item.id)).toEqual([sessionId]);
});

test('a changed byte in a stored chunk is named', async () => {
  const { sessionId, chunks } = await recordSession(world, 'agent', [[judged(0, 'select 1')], [judged(1, 'select 2')]]);
  for (const chunk of chunks) await push(chunk);
  await world.test.query(
    `UPDATE "RecordingChunk" SET bytes = set_byte(bytes, length(bytes) - 5, get_byte(bytes, length(bytes) - 5) # 1)
     WHERE "sessionId" = $1 AND index = 1`,
    [sessionId],
  );
  const chain = await world.as('admin').sessions.verifySession({ id: sessionId });
  expect(chain.ok).toBe(false);
  expect(chain.problems.join()).toContain('Chunk 1');
});

test('what does not continue the recording, or is not the gateway’s own, is refused by name', async () => {
  const { sessionId, chunks } = await recordSession(world, 'agent', [[judged(0, 'select 1')]]);
  const [zero, one] = chunks as [ChunkUpload, ChunkUpload];
  await expect(push(one)).rejects.toMatchObject({ code: 'conflict' });
  await push(zero);
  await expect(push({ ...zero, bytes: one.bytes })).rejects.toMatchObject({ code: 'conflict' });
  await expect(push({ ...one, bytes: Buffer.from('garbage') })).rejects.toMatchObject({ code: 'recording-damaged' });
  await expect(push({ ...one, sessionId: 'no-id' })).rejects.toMatchObject({ code: 'bad-request' });
  const stranger = { id: newId(), signingKey: generateSigningKeys().publicKey };
  await expect(push(one, stranger)).rejects.toMatchObject({ code: 'forbidden' });
  const rekeyed = { id: world.gateway.id, signingKey: stranger.signingKey };
  await expect(push(one, rekeyed)).rejects.toMatchObject({ code: 'recording-damaged' });
  expect((await world.as('admin').sessions.showSession({ id: sessionId })).chain.chunks).toBe(1);
});

test('a gateway records its own connections only', async () => {
  const { chunks } = await recordSession(world, 'agent', [], { connectionId: newId() });
  const [first] = chunks as [ChunkUpload];
  await expect(push(first)).rejects.toMatchObject({ code: 'forbidden' });
  expect(await world.test.database.transaction((tx) => revokeGateway(tx, newId(), new Date()))).toBe(false);
});

test('many statements in one chunk, and the same chunk from two nodes at once', async () => {
  const many = Array.from({ length: 1_700 }, (_, index) => judged(index, `select ${index}`));
  const { sessionId, chunks } = await recordSession(world, 'engineer', [many]);
  for (const chunk of chunks) await Promise.all([push(chunk), push(chunk)]);
  expect((await world.as('admin').sessions.showSession({ id: sessionId })).statements).toBe(1_700);
});

test('terminals are counted and read piece by piece, and a statement’s output is an entry’s', async () => {
  const exec = judged(0, 'make', { command: 'make' });
  const terminalId = newId();
  const size = { columns: 80, rows: 24 };
  const { sessionId, chunks } = await recordSession(world, 'agent', [
    [
      exec,
      { type: 'statement.output', statementId: exec.statementId, stream: 'stdout', text: 'a', omittedBytes: 0 },
      { type: 'terminal.opened', terminalId, statementId: null, ...size, term: 'xterm' },
      { type: 'terminal.output', terminalId, text: '$ ' },
    ],
    [
      { type: 'statement.output', statementId: exec.statementId, stream: 'stdout', text: 'b', omittedBytes: 7 },
      {
        type: 'statement.output',
        statementId: exec.statementId,
        stream: 'stderr',
        text: '/w==',
        encoding: 'base64',
        omittedBytes: 0,
      },
      { type: 'terminal.input', terminalId, text: 'l' },
      { type: 'terminal.resized', terminalId, columns: 100, rows: 30 },
      { type: 'terminal.closed', terminalId, exitCode: null, signal: 'HUP' },
    ],
  ]);
  for (const chunk of chunks) await push(chunk);
  const admin = world.as('admin');
  expect(await admin.sessions.showSession({ id: sessionId })).toMatchObject({ terminals: 1 });
  const { items } = await admin.sessions.listTimeline({ id: sessionId });
  expect(items[0]?.outputs).toEqual([
    { stream: 'stdout', text: 'ab', omittedBytes: 7 },
    { stream: 'stderr', text: '\ufffd', omittedBytes: 0 },
  ]);
  const first = await admin.sessions.readTerminal({ id: sessionId, fromChunk: 0, mostChunks: 1 });
  expect(first).toMatchObject({ kinds: 'o', ids: [terminalId], texts: ['$ '], nextChunk: 1, sealed: true });
  expect(first.opened).toMatchObject([{ id: terminalId, statementId: null, ...size, term: 'xterm' }]);
  const rest = await admin.sessions.readTerminal({ id: sessionId, fromChunk: first.nextChunk });
  expect(rest).toMatchObject({ opened: [], kinds: 'irx', of: [0, 0, 0], texts: ['l', '100x30', 'HUP'] });
  expect([rest.nextChunk, rest.chunks]).toEqual([chunks.length, chunks.length]);
});

test('of a statement that spans hours, both ends are read', async () => {
  const shell = judged(0, 'a shell', { command: 'shell' });
  const middle = Array.from({ length: 130 }, (_, index) => [{ type: 'session.note', text: String(index) }] as const);
  const { sessionId, chunks } = await recordSession(world, 'agent', [
    [shell],
    ...middle,
    [{ type: 'statement.ended', statementId: shell.statementId, durationMs: 7_200_000 }],
  ]);
  for (const chunk of chunks) await push(chunk);
  const { items } = await world.as('admin').sessions.listTimeline({ id: sessionId });
  expect(items).toMatchObject([{ text: 'a shell', durationMs: 7_200_000 }]);
});
