import { readdirSync } from 'node:fs';
import { newId, sha256 } from '@sluice/keys';
import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { decodeEvents, linkOf, readChunk } from './chunk.ts';
import type { RecordingEvent } from './events.ts';
import { GatewayChain } from './gateway-chain.ts';
import type { SessionRecorder } from './session-recorder.ts';
import { openName } from './spool-names.ts';
import { fileSpool, type SpoolStore } from './spool-store.ts';
import { SpoolWriter } from './spool-writer.ts';
import {
  closed,
  failingSpool,
  folderText,
  keyOf,
  leftovers,
  note,
  sampleGatewayId,
  sampleKeys,
  spooledChunks,
  steppedSpool,
  TestFolders,
} from './testing/sample-recording.ts';
import { verifyRecording } from './verify-recording.ts';

const folders = new TestFolders();
const writers: SpoolWriter[] = [];
afterAll(() => {
  for (const writer of writers) writer.stop();
  folders.remove();
});

function newWriter(
  store: SpoolStore,
  options: { maxSpoolBytes?: number; onFault?: (message: string) => void } = {},
): SpoolWriter {
  const { onFault = () => undefined, ...rest } = options;
  const writer = new SpoolWriter({
    store,
    gatewayId: sampleGatewayId,
    keys: sampleKeys,
    onFault,
    onChunk: () => undefined,
    ...rest,
  });
  writers.push(writer);
  return writer;
}

/** The events of whole, verified chunks. Throws when they are not in order or not sealed. */
function verifiedEvents(chunks: readonly Buffer[]): RecordingEvent[] {
  const verdict = verifyRecording(chunks, keyOf(sampleKeys));
  expect(verdict.problems).toEqual([]);
  return chunks.flatMap((chunk) => decodeEvents(readChunk(chunk)));
}

function texts(events: readonly RecordingEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'session.note' ? [event.text] : []));
}

const spoolFull = expect.objectContaining({ code: 'spool-full' });

test('a closed session is a sealed, verified recording and leaves no open file', () => {
  const store = fileSpool(folders.make());
  const writer = newWriter(store);
  const sessionId = newId();
  const recorder = writer.openSession(sessionId);
  expect(recorder.append(note('a'), { durable: true })).toBe(0);
  expect(recorder.append(note('b'), { durable: false })).toBe(1);
  recorder.flush();
  recorder.append(note('c'), { durable: false });
  recorder.close(closed);
  const events = verifiedEvents(Array.from(spooledChunks(store, sessionId).values()));
  expect(events.map(({ type }) => type)).toEqual(['session.note', 'session.note', 'session.note', 'session.closed']);
  expect(leftovers(store)).toEqual([]);
  expect(store.sessions.get(sessionId)).toEqual({ opens: [], chunks: [0, 1] });
  expect(writer.healthy).toBe(true);
  expect(() => recorder.append(note('d'), { durable: true })).toThrow();
});

test('a durable event, and every event before it, is in the folder when append returns; others follow soon', async () => {
  const folder = folders.make();
  const recorder = newWriter(fileSpool(folder)).openSession(newId());
  recorder.append(note('one'), { durable: false });
  expect(folderText(folder)).not.toContain('"one"');
  recorder.append(note('two'), { durable: true });
  expect(folderText(folder)).toMatch(/"one".*\n.*"two"/);
  recorder.append(note('third'), { durable: false });
  await vi.waitFor(() => expect(folderText(folder)).toContain('third'));
});

test('256 KiB seal a chunk by themselves, and an event over its bound is refused', () => {
  const store = fileSpool(folders.make());
  const sessionId = newId();
  const recorder = newWriter(store).openSession(sessionId);
  for (let index = 0; index < 5; index += 1) recorder.append(note('x'.repeat(60_000)), { durable: true });
  expect(spooledChunks(store, sessionId).size).toBe(1);
  expect(() => recorder.append(note('x'.repeat(1024 * 1024)), { durable: true })).toThrow(
    expect.objectContaining({ code: 'too-large' }),
  );
  recorder.close(closed);
  expect(verifiedEvents(Array.from(spooledChunks(store, sessionId).values()))).toHaveLength(6);
});

test('chunks that left the spool do not break the chain of those that follow', () => {
  const folder = folders.make();
  const store = fileSpool(folder);
  const sessionId = newId();
  const recorder = newWriter(store).openSession(sessionId);
  const pushed: Buffer[] = [];
  for (const text of ['a', 'b']) {
    recorder.append(note(text), { durable: true });
    recorder.flush();
    for (const chunk of spooledChunks(store, sessionId).values()) pushed.push(chunk);
    for (const { name } of Array.from(store.list())) if (name.endsWith('.chunk')) store.remove(name);
  }
  // Killed here: only the open file tells how the chain goes on.
  const after = fileSpool(folders.copyOf(folder));
  expect(newWriter(after).recover()).toEqual([{ sessionId, events: 0, interrupted: true }]);
  const events = verifiedEvents([...pushed, ...spooledChunks(after, sessionId).values()]);
  expect(events.map(({ type }) => type)).toEqual(['session.note', 'session.note', 'session.interrupted']);
});

/** What the control plane has, what the folder holds after a kill, and what must be in both together. */
interface Scene {
  readonly folder: string;
  readonly sessionId: string;
  readonly pushed: ReadonlyMap<number, Buffer>;
  readonly appended: readonly string[];
  /** How many of them a durable append had confirmed. */
  readonly confirmed: number;
}

function expectRecovered(scene: Scene, store: SpoolStore): void {
  const chunks = new Map(scene.pushed);
  for (const [index, bytes] of spooledChunks(store, scene.sessionId)) {
    const before = chunks.get(index);
    if (before !== undefined) expect(bytes.equals(before)).toBe(true);
    chunks.set(index, bytes);
  }
  expect(leftovers(store)).toEqual([]);
  if (chunks.size === 0) {
    expect(scene.confirmed).toBe(0);
    return;
  }
  const ordered = Array.from(chunks)
    .toSorted(([a], [b]) => a - b)
    .map(([, bytes]) => bytes);
  expectLinked(ordered, store);
  const recorded = texts(verifiedEvents(ordered));
  expect(recorded).toEqual(scene.appended.slice(0, recorded.length));
  expect(recorded.length).toBeGreaterThanOrEqual(scene.confirmed);
}

/** The one session's chunks bear the gateway's links from 0 on, and the next start goes on behind them. */
function expectLinked(chunks: readonly Buffer[], store: SpoolStore): void {
  const linked = chunks.map(readChunk).flatMap(({ header, hash }) => {
    const link = linkOf(header);
    return link === null ? [] : [{ link, name: { sessionId: header.sessionId, index: header.index, hash } }];
  });
  expect(linked.map(({ link }) => link)).toEqual(
    linked.map((_, number) => ({ number, previous: linked[number - 1]?.name ?? null })),
  );
  const signer = { gatewayId: sampleGatewayId, keys: sampleKeys };
  expect(new GatewayChain(store, signer).next()).toEqual({
    number: linked.length,
    previous: linked.at(-1)?.name ?? null,
  });
}

type Step =
  | { readonly do: 'append'; readonly text: string; readonly durable: boolean }
  | { readonly do: 'flush' | 'push' | 'close' };

/** Runs the steps, and hands out what a kill at each change of the folder would leave. */
function scenesOf(steps: readonly Step[], keep: (count: number) => boolean = () => true): Scene[] {
  const folder = folders.make();
  const sessionId = newId();
  const pushed = new Map<number, Buffer>();
  const appended: string[] = [];
  const scenes: Scene[] = [];
  let confirmed = 0;
  let count = 0;
  const store = steppedSpool(fileSpool(folder), () => {
    count += 1;
    if (!keep(count)) return;
    scenes.push({
      folder: folders.copyOf(folder),
      sessionId,
      pushed: new Map(pushed),
      appended: [...appended],
      confirmed,
    });
  });
  const recorder: SessionRecorder = newWriter(store).openSession(sessionId);
  for (const step of steps) {
    switch (step.do) {
      case 'append':
        // It may be in the folder before append returns, so it counts as appended from here on.
        appended.push(step.text);
        recorder.append(note(step.text), { durable: step.durable });
        if (step.durable) confirmed = appended.length;
        break;
      case 'flush':
        recorder.flush();
        break;
      case 'push':
        for (const [index, bytes] of spooledChunks(store, sessionId)) {
          pushed.set(index, bytes);
          store.remove(`${sessionId}.${String(index).padStart(6, '0')}.chunk`);
        }
        break;
      case 'close':
        recorder.close(closed);
        break;
    }
  }
  return scenes;
}

const script: Step[] = [
  { do: 'append', text: 'a', durable: true },
  { do: 'append', text: 'b', durable: false },
  { do: 'flush' },
  { do: 'append', text: 'c', durable: false },
  { do: 'append', text: 'd', durable: true },
  { do: 'push' },
  { do: 'flush' },
  { do: 'flush' },
  { do: 'append', text: 'e', durable: true },
  { do: 'close' },
];

test('killed at any step, and killed again at any step of recovery, nothing confirmed is lost and nothing doubled', () => {
  let kills = 0;
  for (const scene of scenesOf(script)) {
    const againFolders: string[] = [];
    const folder = folders.copyOf(scene.folder);
    const stepped = steppedSpool(fileSpool(folder), () => againFolders.push(folders.copyOf(folder)));
    newWriter(stepped).recover();
    for (const again of [folder, ...againFolders]) {
      const store = fileSpool(again);
      newWriter(store).recover();
      expectRecovered(scene, store);
      // A third start finds nothing to do.
      expect(newWriter(store).recover()).toEqual([]);
      kills += 1;
    }
  }
  expect(kills).toBeGreaterThan(200);
});

test('any mixture of appends, flushes and pushes, killed anywhere, recovers', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('append' as const), text: fc.string(), durable: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'push' as const) }) },
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 12 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 50 }),
      (steps, closes, kill) => {
        const scenes = scenesOf(closes ? [...steps, { do: 'close' }] : steps, (count) => count === kill);
        for (const scene of scenes) {
          const store = fileSpool(scene.folder);
          newWriter(store).recover();
          expectRecovered(scene, store);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('a spool whose open file is unreadable in its middle says so with a gap', () => {
  const folder = folders.make();
  const sessionId = newId();
  const store = fileSpool(folder);
  const recorder = newWriter(store).openSession(sessionId);
  for (const text of ['a', 'b', 'c']) recorder.append(note(text), { durable: true });
  const copy = fileSpool(folders.copyOf(folder));
  const name = `${sessionId}.000000.open`;
  const bytes = copy.read(name);
  const at = bytes.indexOf('"b"');
  bytes[at] = 0;
  copy.create(name).write(bytes, 0);
  newWriter(copy).recover();
  const events = verifiedEvents(Array.from(spooledChunks(copy, sessionId).values()));
  expect(events.map(({ type }) => type)).toEqual(['session.note', 'gap', 'session.interrupted']);
});

test('a full disk refuses events with spool-full, is unhealthy, loses nothing confirmed, and heals', () => {
  const folder = folders.make();
  const sessionId = newId();
  const faults: string[] = [];
  let fault: string | null = null;
  const store = failingSpool(fileSpool(folder), () => fault);
  const writer = newWriter(store, { onFault: (message) => faults.push(message) });
  const recorder = writer.openSession(sessionId);
  recorder.append(note('a'), { durable: true });
  for (const code of ['ENOSPC', 'EIO', 'EACCES']) {
    fault = code;
    expect(() => recorder.append(note(`refused ${'long '.repeat(50)}`), { durable: true })).toThrow(spoolFull);
    expect(writer.healthy).toBe(false);
    expect(recorder.flush()).toBe(false);
    expect(() => writer.openSession(newId())).toThrow(spoolFull);
    writer.tick();
    expect(writer.healthy).toBe(false);
    fault = null;
    writer.tick();
    expect(writer.healthy).toBe(true);
    recorder.append(note(code), { durable: true });
  }
  expect(faults).toHaveLength(3);
  recorder.close(closed);
  expect(texts(verifiedEvents(Array.from(spooledChunks(store, sessionId).values())))).toEqual([
    'a',
    'ENOSPC',
    'EIO',
    'EACCES',
  ]);
});

test('the disk may fail at any single change: what append took is recorded in the end', () => {
  for (let failing = 2; failing < 40; failing += 1) {
    const sessionId = newId();
    let count = 0;
    const store = failingSpool(fileSpool(folders.make()), () => {
      count += 1;
      return count === failing ? 'EIO' : null;
    });
    const writer = newWriter(store);
    const taken: string[] = [];
    let recorder: SessionRecorder;
    try {
      recorder = writer.openSession(sessionId);
    } catch {
      continue;
    }
    for (const step of script) {
      if (step.do === 'append') {
        try {
          recorder.append(note(step.text), { durable: step.durable });
          taken.push(step.text);
        } catch (error) {
          expect(error).toEqual(spoolFull);
        }
      } else if (step.do === 'flush') recorder.flush();
      else if (step.do === 'close') recorder.close(closed);
    }
    writer.tick();
    expect(writer.healthy).toBe(true);
    expect(texts(verifiedEvents(Array.from(spooledChunks(store, sessionId).values())))).toEqual(taken);
    expect(leftovers(store)).toEqual([]);
  }
});

test('a session that is closed on a full disk is sealed when there is room again', () => {
  let fault: string | null = null;
  const store = failingSpool(fileSpool(folders.make()), () => fault);
  const writer = newWriter(store);
  const sessionId = newId();
  const recorder = writer.openSession(sessionId);
  recorder.append(note('a'), { durable: true });
  fault = 'ENOSPC';
  recorder.close(closed);
  expect(spooledChunks(store, sessionId).size).toBe(0);
  fault = null;
  writer.tick();
  expect(verifiedEvents(Array.from(spooledChunks(store, sessionId).values()))).toHaveLength(2);
});

test('a session that a gateway of an older format opened begins as the format that seals it', () => {
  const store = fileSpool(folders.make());
  const sessionId = newId();
  const file = store.create(openName(sessionId, 0));
  const position = { sessionId, index: 0, previousHash: sha256(`sluice-recording/2\0${sessionId}`), firstSeq: 0 };
  const event = { type: 'session.note', text: 'a', seq: 0, at: 1000 };
  file.write(Buffer.from(`${JSON.stringify(position)}\n${JSON.stringify(event)}\n`), 0);
  file.close();
  newWriter(store).recover();
  expect(texts(verifiedEvents([...spooledChunks(store, sessionId).values()]))).toEqual(['a']);
});

test('a recovery that the disk interrupts goes on at the next tick', () => {
  const folder = folders.make();
  const sessionId = newId();
  newWriter(fileSpool(folder)).openSession(sessionId).append(note('a'), { durable: true });
  let fault: string | null = 'ENOSPC';
  const store = failingSpool(fileSpool(folders.copyOf(folder)), () => fault);
  const writer = newWriter(store);
  expect(writer.recover()).toEqual([]);
  expect(writer.healthy).toBe(false);
  fault = null;
  writer.tick();
  expect(writer.healthy).toBe(true);
  expect(texts(verifiedEvents(Array.from(spooledChunks(store, sessionId).values())))).toEqual(['a']);
});

test('the spool’s bound refuses what gates a statement first, and what follows one later', () => {
  const folder = folders.make();
  const store = fileSpool(folder);
  const writer = newWriter(store, { maxSpoolBytes: 160_000 });
  const recorder = writer.openSession(newId());
  while (writer.healthy) recorder.append(note('x'.repeat(1000)), { durable: true });
  expect(() => recorder.append(note('statement'), { durable: true })).toThrow(spoolFull);
  expect(() => writer.openSession(newId())).toThrow(spoolFull);
  recorder.append(note('its result'), { durable: false });
  recorder.close(closed);
  for (const { name } of Array.from(store.list())) store.remove(name);
  expect(writer.healthy).toBe(true);
  expect(readdirSync(folder)).toEqual(['rejected']);
});
