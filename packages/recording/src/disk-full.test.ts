import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@sluice/keys';
import { afterAll, expect, test } from 'vitest';
import { decodeEvents, readChunk } from './chunk.ts';
import { fileSpool } from './spool-store.ts';
import { SpoolWriter } from './spool-writer.ts';
import { closed, keyOf, note, sampleGatewayId, sampleKeys, spooledChunks } from './testing/sample-recording.ts';
import { verifyRecording } from './verify-recording.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-full-'));
const small = join(root, 'small');
const mounted = mount();
afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', small]);
  rmSync(root, { recursive: true, force: true });
});

/** A real file system of 1 MiB; it takes root to mount one. */
function mount(): boolean {
  mkdirSync(small);
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!mounted)(
  'a disk that really fills up refuses statements, says why, loses nothing confirmed, and heals (needs root to mount tmpfs)',
  () => {
    const store = fileSpool(join(small, 'spool'));
    const faults: string[] = [];
    const writer = new SpoolWriter({
      store,
      gatewayId: sampleGatewayId,
      keys: sampleKeys,
      onFault: (_, error) => faults.push(String(error)),
      onChunk: () => undefined,
    });
    const ballast = join(small, 'ballast');
    writeFileSync(ballast, Buffer.alloc(600 * 1024));
    const sessionId = newId();
    const recorder = writer.openSession(sessionId);
    const confirmed: string[] = [];
    const append = (): void => {
      const text = `${confirmed.length} ${'x'.repeat(5_000)}`;
      recorder.append(note(text), { durable: true });
      confirmed.push(text);
    };
    expect(() => {
      for (;;) append();
    }).toThrow(expect.objectContaining({ code: 'spool-full' }));
    expect(confirmed.length).toBeGreaterThan(10);
    expect(writer.healthy).toBe(false);
    expect(writer.problem).toMatch(/ENOSPC/);
    expect(faults[0]).toMatch(/ENOSPC/);
    expect(() => writer.openSession(newId())).toThrow(expect.objectContaining({ code: 'spool-full' }));
    writer.tick();
    expect(writer.healthy).toBe(false);
    rmSync(ballast);
    writer.tick();
    expect(writer.problem).toBeNull();
    append();
    recorder.close(closed);
    writer.stop();
    const chunks = Array.from(spooledChunks(store, sessionId).values());
    expect(verifyRecording(chunks, keyOf(sampleKeys)).problems).toEqual([]);
    const texts = chunks
      .flatMap((chunk) => decodeEvents(readChunk(chunk)))
      .flatMap((event) => (event.type === 'session.note' ? [event.text] : []));
    expect(texts).toEqual(confirmed);
  },
);
