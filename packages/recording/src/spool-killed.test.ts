import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keyIdOf } from '@sluice/keys';
import { afterAll, expect, test } from 'vitest';
import { fileSpool } from './spool-store.ts';
import { SpoolWriter } from './spool-writer.ts';
import { appendUntilKilled } from './testing/append-until-killed.ts';
import { sampleGatewayId, sampleKeys, spooledChunks, TestFolders } from './testing/sample-recording.ts';
import { verifyRecording } from './verify-recording.ts';

const folders = new TestFolders();
afterAll(() => folders.remove());
const here = fileURLToPath(new URL('.', import.meta.url));
const program = `import('./testing/append-until-killed.ts').then((module) => module.${appendUntilKilled.name}(process.argv[1]))`;

/** Runs the recording process until it confirmed so many lines, kills it with SIGKILL, and gives all it said. */
async function killedAfter(folder: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', program, folder], {
    cwd: here,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (said.length === lines) child.kill('SIGKILL');
  }
  return said;
}

test('a process killed with SIGKILL while it records loses nothing that append had confirmed', async () => {
  for (const lines of [2, 300, 1500]) {
    const folder = folders.make();
    const said = await killedAfter(folder, lines);
    const [publicKey = ''] = said;
    const confirmed = Number(said.at(-1));
    const store = fileSpool(folder);
    const writer = new SpoolWriter({
      store,
      gatewayId: sampleGatewayId,
      keys: sampleKeys,
      onFault: (message) => expect.unreachable(message),
      onChunk: () => undefined,
    });
    const [recovered] = writer.recover();
    writer.stop();
    expect(recovered?.interrupted).toBe(true);
    const keys = new Map([
      [keyIdOf(publicKey), publicKey],
      [sampleKeys.keyId, sampleKeys.publicKey],
    ]);
    const verdict = verifyRecording(
      spooledChunks(store, recovered?.sessionId ?? '').values(),
      (keyId) => keys.get(keyId) ?? null,
    );
    expect(verdict.problems).toEqual([]);
    // Numbers count from 0, and the interruption is one event more.
    expect(verdict.events).toBeGreaterThanOrEqual(confirmed + 2);
  }
});
