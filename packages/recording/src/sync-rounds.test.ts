import { newId } from '@sluice/keys';
import { afterAll, expect, test } from 'vitest';
import { decodeEvents, readChunk } from './chunk.ts';
import { fileSpool, type SpoolStore } from './spool-store.ts';
import { SpoolWriter } from './spool-writer.ts';
import {
  closed,
  keyOf,
  leftovers,
  note,
  sampleGatewayId,
  sampleKeys,
  spooledChunks,
  TestFolders,
} from './testing/sample-recording.ts';
import { volatileSpool } from './testing/volatile-spool.ts';
import { verifyRecording } from './verify-recording.ts';

const folders = new TestFolders();
const writers: SpoolWriter[] = [];
afterAll(() => {
  for (const writer of writers) writer.stop();
  folders.remove();
});

function newWriter(store: SpoolStore): SpoolWriter {
  const writer = new SpoolWriter({
    store,
    gatewayId: sampleGatewayId,
    keys: sampleKeys,
    onFault: () => undefined,
    onChunk: () => undefined,
  });
  writers.push(writer);
  return writer;
}

/** The same numbers every time: a failure can be run again. */
function coin(seed: number): () => boolean {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % 2 === 0;
  };
}

/** The recorded texts. Up to the chunk that holds the last of `confirmed` nothing may be wrong; what follows was never confirmed. */
function recordedTexts(store: SpoolStore, sessionId: string, confirmed: string): string[] {
  const chunks = Array.from(spooledChunks(store, sessionId).values());
  const texts = chunks.map((chunk) =>
    decodeEvents(readChunk(chunk)).flatMap((event) => (event.type === 'session.note' ? [event.text] : [])),
  );
  const last = texts.findIndex((list) => list.includes(confirmed));
  const { problems } = verifyRecording(chunks, keyOf(sampleKeys));
  expect(problems.filter(({ index }) => (index ?? 0) <= last)).toEqual([]);
  return texts.flat();
}

test('synced: whatever a power cut takes of the rest, what `synced` confirmed is recorded, and a hole behind it is named', async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const volatile = volatileSpool(fileSpool(folders.make()));
    const writer = newWriter(volatile.store);
    const sessionId = newId();
    const recorder = writer.openSession(sessionId, 'synced');
    const appended: string[] = [];
    const append = (): void => {
      const text = `event ${appended.length}`;
      recorder.append(note(text), { durable: true });
      appended.push(text);
    };
    let confirmed = 0;
    for (let step = 0; step < 6; step += 1) {
      append();
      await recorder.synced();
      confirmed = appended.length;
      if ((seed + step) % 2 === 0) recorder.flush();
      // Some rounds of a chunk end before the cut, some do not.
      if (seed % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    append();
    recorder.flush();
    const after = folders.make();
    volatile.powerCut(after, coin(seed));
    const store = fileSpool(after);
    newWriter(store).recover();
    const texts = recordedTexts(store, sessionId, `event ${confirmed - 1}`);
    expect({ seed, texts: texts.slice(0, confirmed) }).toEqual({ seed, texts: appended.slice(0, confirmed) });
  }
}, 120_000);

test('many sessions share one round, and a closed synced session leaves no open file', async () => {
  const store = fileSpool(folders.make());
  let syncs = 0;
  const counted: SpoolStore = Object.create(store, {
    sync: {
      value: () => {
        syncs += 1;
        return store.sync();
      },
    },
  });
  const writer = newWriter(counted);
  const recorders = Array.from({ length: 50 }, () => writer.openSession(newId(), 'synced'));
  await Promise.all(
    recorders.map((recorder) => {
      recorder.append(note('x'), { durable: true });
      return recorder.synced();
    }),
  );
  expect(syncs).toBeLessThanOrEqual(2);
  for (const recorder of recorders) recorder.close(closed);
  await expect.poll(() => leftovers(store), { timeout: 30_000 }).toEqual([]);
  for (const { sessionId } of recorders) expect(recordedTexts(store, sessionId, 'x')).toEqual(['x']);
});

test('a failed sync is refused with spool-full, tells why, never believes those files again, and heals for new sessions', async () => {
  const store = fileSpool(folders.make());
  let broken = false;
  const failing: SpoolStore = Object.create(store, {
    create: {
      value: (name: string) => {
        const file = store.create(name);
        return {
          write: (bytes: Buffer, position: number) => file.write(bytes, position),
          sync: () => (broken ? Promise.reject(new Error('EIO: i/o error, fdatasync')) : file.sync()),
          close: () => file.close(),
        };
      },
    },
  });
  const writer = newWriter(failing);
  const first = writer.openSession(newId(), 'synced');
  first.append(note('a'), { durable: true });
  await first.synced();
  expect(writer.problem).toBeNull();
  broken = true;
  first.append(note('b'), { durable: true });
  await expect(first.synced()).rejects.toMatchObject({ code: 'spool-full' });
  expect(writer.problem).toMatch(/does not keep.*EIO/);
  broken = false;
  // The kernel says a failure once and then forgets: that a later sync works says nothing about what was lost.
  await expect(first.synced()).rejects.toMatchObject({ code: 'spool-full' });
  expect(() => first.append(note('c'), { durable: true })).toThrow(expect.objectContaining({ code: 'spool-full' }));
  await expect.poll(() => writer.problem, { timeout: 30_000 }).toBeNull();
  const second = writer.openSession(newId(), 'synced');
  second.append(note('d'), { durable: true });
  await second.synced();
});
