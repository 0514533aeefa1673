import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newId } from '@sluice/keys';
import { afterAll, expect, test } from 'vitest';
import { readCheckpoint } from './checkpoint.ts';
import { decodeEvents, linkOf, readChunk } from './chunk.ts';
import { verifyGatewayExport } from './gateway-export.ts';
import type { RecordingPlace } from './recording-place.ts';
import { SpoolPusher } from './spool-pusher.ts';
import { fileSpool } from './spool-store.ts';
import { SpoolWriter } from './spool-writer.ts';
import { gatewayFile, logged } from './testing/sample-gateway.ts';
import { closed, note, sampleGatewayId, sampleKeys, TestFolders } from './testing/sample-recording.ts';

const reader = fileURLToPath(new URL('../../../docs/recording-reader.py', import.meta.url));
/** The independent reader needs both. */
const able = [
  ['python3', '--version'],
  ['openssl', 'version'],
].every(([command = '', ...args]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0);

const folders = new TestFolders();
afterAll(() => folders.remove());

let now = 1_000_000;

/** What a control plane keeps: the first bytes of each chunk, and checkpoints as they come. */
class Received {
  readonly sessions = new Map<string, Buffer[]>();
  readonly checkpoints: string[] = [];
  readonly refused: string[] = [];

  take(sessionId: string, index: number, bytes: Buffer): void {
    const chunks = this.sessions.get(sessionId) ?? [];
    this.sessions.set(sessionId, chunks);
    if (index > chunks.length || (chunks[index] !== undefined && !chunks[index].equals(bytes)))
      this.refused.push(`${sessionId} ${index}`);
    else chunks[index] = bytes;
  }

  takeCheckpoint(line: string): void {
    if (!this.checkpoints.includes(line)) this.checkpoints.push(line);
  }

  place(): RecordingPlace {
    const checkpoint = this.checkpoints.at(-1) ?? null;
    const head = checkpoint === null ? -1 : (readCheckpoint(checkpoint).value.head?.number ?? -1);
    const chunks = Array.from(this.sessions.values(), (list) => list.map(readChunk));
    const links = chunks
      .flat()
      .flatMap(({ header, hash }) => {
        const link = linkOf(header);
        const { sessionId, index } = header;
        return link === null || link.number <= head ? [] : [{ number: link.number, sessionId, index, hash }];
      })
      .sort((a, b) => a.number - b.number);
    const sessions = chunks.flatMap((list) => {
      const last = list.at(-1);
      if (last === undefined) return [];
      const { sessionId, firstSeq, count, lastAt, final } = last.header;
      const seen = { chunks: list.length, lastHash: last.hash, nextSeq: firstSeq + count, lastAt, sealed: final };
      return [{ sessionId, ...seen }];
    });
    return { checkpoint, links, sessions };
  }

  verdict() {
    return verifyGatewayExport(this.file());
  }

  file(): Buffer {
    const place = this.place();
    const to = Math.max(
      readCheckpoint(place.checkpoint ?? '').value.head?.number ?? -1,
      place.links.at(-1)?.number ?? -1,
    );
    const sessions = Array.from(this.sessions, ([sessionId, chunks]) => ({ sessionId, chunks }));
    return gatewayFile({ sessions, logged: logged(this.checkpoints), to });
  }

  events(sessionId: string) {
    return (this.sessions.get(sessionId) ?? []).flatMap((chunk) => decodeEvents(readChunk(chunk)));
  }
}

function gateway(folder: string) {
  const store = fileSpool(folder);
  const writer = new SpoolWriter({
    store,
    gatewayId: sampleGatewayId,
    keys: sampleKeys,
    now: () => now,
    waitsForPlace: true,
    onFault: () => undefined,
    onChunk: () => undefined,
  });
  return {
    store,
    writer,
    open(id: string) {
      const recorder = writer.openSession(id);
      recorder.append(note(`${id} begins`), { durable: true });
      recorder.flush();
      return recorder;
    },
    tick() {
      now += 10_000;
      writer.tick();
    },
    async push(received: Received) {
      const pusher = new SpoolPusher({
        store,
        chain: writer.chain,
        push: (id, index, bytes) => Promise.resolve(received.take(id, index, bytes)),
        pushCheckpoint: (line) => {
          received.takeCheckpoint(line.toString('utf8'));
          return Promise.resolve({ entry: received.checkpoints.length - 1, hash: 'A'.repeat(43) });
        },
        onFault: (message, error) => {
          throw new Error(message, { cause: error });
        },
      });
      pusher.wake();
      const waiting = () =>
        store.checkpoints.length > 0 ||
        Array.from(store.sessions.values()).some(
          ({ opens, chunks }) => (chunks[0] ?? Infinity) < (opens[0] ?? Infinity),
        );
      while (waiting()) await new Promise((resolve) => setImmediate(resolve));
      await pusher.stop();
    },
  };
}

function start(folder: string, received: Received) {
  const started = gateway(folder);
  const place = received.place();
  const resumed = started.writer.resumeChain(place);
  started.writer.recover(place.sessions);
  return { ...started, resumed };
}

/** A gateway that was copied while it worked, and all that the control plane got of it afterwards. */
async function restored() {
  const received = new Received();
  const folder = folders.make();
  const first = start(folder, received);
  const [ended, cut, silent, later, unsent] = [newId(), newId(), newId(), newId(), newId()] as const;
  const recorders = [ended, cut, silent].map((id) => first.open(id));
  for (const recorder of recorders) {
    recorder.append(note('in the snapshot'), { durable: true });
    recorder.flush();
  }
  first.tick();
  for (const recorder of recorders.slice(0, 2)) recorder.append(note('in an open file'), { durable: true });
  const snapshot = folders.copyOf(folder);
  const [endedOne, cutOne] = recorders;
  endedOne?.append(note('after it'), { durable: true });
  endedOne?.close(closed);
  cutOne?.append(note('after it'), { durable: true });
  cutOne?.flush();
  first.open(later);
  first.tick();
  await first.push(received);
  // Of these nothing arrives.
  first.open(unsent).close(closed);
  return { received, snapshot, ids: { ended, cut, silent, later, unsent } };
}

test('a gateway whose spool is an older one goes on where the control plane saw it, and nothing is sent twice in conflict', async () => {
  const { received, snapshot, ids } = await restored();
  const before = received.sessions.get(ids.ended)?.length;
  const again = start(snapshot, received);
  expect(again.resumed).toBe(true);
  again.open(newId()).close(closed);
  again.tick();
  await again.push(received);
  expect(received.refused).toEqual([]);
  const verdict = received.verdict();
  expect(verdict.problems).toEqual([]);
  expect(verdict).toMatchObject({ ok: true, sessions: 5 });
  expect(verdict.resumed).toHaveLength(1);
  expect(verdict.gaps.map(({ sessionId }) => sessionId).sort()).toEqual([ids.cut, ids.later].sort());
  const file = join(folders.make(), 'export');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, received.file());
  if (able)
    expect(spawnSync('python3', [reader, file], { encoding: 'utf8' }).stdout).toMatch(
      /^whole: 5 sessions.* with an older one .*\n(gap in .*: the end is unknown.*\n){2}$/,
    );
  // Its own end had arrived; what was in the snapshot is the older beginning of it.
  expect(received.sessions.get(ids.ended)).toHaveLength(before ?? 0);
  expect(received.events(ids.ended).at(-1)?.type).toBe('session.closed');
  // One that went no further is closed as after any other crash.
  const types = received.events(ids.silent).map(({ type }) => type);
  expect(types).toEqual(['session.note', 'session.note', 'session.interrupted']);
  // What the control plane has more of ends with a gap, and so does what the spool never knew.
  for (const id of [ids.cut, ids.later])
    expect(received.events(id).slice(-2)).toMatchObject([
      { type: 'gap', reason: expect.stringContaining('the end is unknown') },
      { type: 'session.interrupted', reason: expect.stringContaining('the end is unknown') },
    ]);
  // Nothing was thrown away: the open files that were outrun lie beside.
  expect(again.store.list().filter(({ name }) => name.startsWith('rejected/') && name.endsWith('.open')).length).toBe(
    2,
  );
  const third = start(snapshot, received);
  expect(third.resumed).toBe(false);
  third.tick();
  await third.push(received);
  expect(received.refused).toEqual([]);
  expect(received.verdict()).toMatchObject({ ok: true, problems: [] });
});

test('a spool that was lost with sessions open gives them their unknown end', async () => {
  const { received, ids } = await restored();
  const again = start(folders.make(), received);
  again.tick();
  await again.push(received);
  expect(received.refused).toEqual([]);
  expect(received.verdict()).toMatchObject({ ok: true, problems: [], sessions: 4 });
  for (const id of [ids.cut, ids.silent, ids.later])
    expect(received.events(id).at(-1)).toMatchObject({ type: 'session.interrupted' });
});

test('killed at any step of closing what it was outrun by, the next start ends the same', async () => {
  const { received, snapshot, ids } = await restored();
  const once = gateway(snapshot);
  const place = received.place();
  once.writer.resumeChain(place);
  let steps = 0;
  const rename = once.store.rename;
  once.store.rename = (from, to) => {
    steps += 1;
    if (steps > 2) throw new Error('killed');
    rename(from, to);
  };
  once.writer.recover(place.sessions);
  expect(steps).toBeGreaterThan(2);
  const again = start(snapshot, received);
  again.tick();
  await again.push(received);
  expect(received.refused).toEqual([]);
  expect(received.verdict()).toMatchObject({ ok: true, problems: [] });
  expect(received.events(ids.cut).filter(({ type }) => type === 'session.interrupted')).toHaveLength(1);
});

test('until it is known where the chain stands no number of it is used', async () => {
  const { received, snapshot } = await restored();
  const waiting = gateway(snapshot);
  const kept = waiting.store.checkpoints.length;
  waiting.tick();
  waiting.writer.stop();
  expect(waiting.store.checkpoints).toHaveLength(kept);
  expect(waiting.writer.resumeChain(received.place())).toBe(true);
});
