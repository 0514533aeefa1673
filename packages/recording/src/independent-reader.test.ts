import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { writeExport } from './recording-export.ts';
import { gatewayFile, sampleGateway } from './testing/sample-gateway.ts';
import { sampleChunks, sampleKeys, TestFolders } from './testing/sample-recording.ts';

const reader = fileURLToPath(new URL('../../../docs/recording-reader.py', import.meta.url));
const folders = new TestFolders();
const scratch = mkdtempSync(join(tmpdir(), 'sluice-reader-'));
afterAll(() => {
  folders.remove();
  rmSync(scratch, { recursive: true, force: true });
});

function present(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
const able = present('python3', '--version') && present('openssl', 'version');
if (!able && process.env.CI === 'true') throw new Error('python3 and openssl are needed');

function read(file: Buffer): { readonly code: number | null; readonly out: string } {
  const path = join(scratch, 'export');
  writeFileSync(path, file);
  const { status, stdout } = spawnSync('python3', [reader, path], { encoding: 'utf8', timeout: 120_000 });
  return { code: status, out: stdout };
}

test.skipIf(!able)(
  'a reader written from the documentation alone agrees (needs python3 and openssl)',
  () => {
    expect(execFileSync('openssl', ['version'], { encoding: 'utf8' })).toMatch(/^OpenSSL/);
    const session = writeExport(sampleChunks([['a', 'b'], ['c'.repeat(5_000)], ['d']]), [
      { keyId: sampleKeys.keyId, publicKey: sampleKeys.publicKey },
    ]);
    expect(read(session)).toMatchObject({ code: 0, out: expect.stringContaining('whole: session') });
    for (const at of [30, 400, session.length - 200, session.length - 3]) {
      const changed = Buffer.from(session);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect({ at, code: read(changed).code }).toEqual({ at, code: 1 });
    }
    const sample = sampleGateway(folders.make(), 6, 2);
    expect(read(gatewayFile(sample))).toEqual({
      code: 0,
      out: `whole: 6 sessions, ${sample.logged.length} checkpoints, links 0 to 11\n`,
    });
    const gone = sample.sessions[2]?.sessionId;
    expect(read(gatewayFile({ ...sample, sessions: sample.sessions.toSpliced(2, 1) }))).toMatchObject({
      code: 1,
      out: expect.stringContaining(`of session ${gone}`),
    });
    expect(read(gatewayFile({ ...sample, logged: sample.logged.toSpliced(1, 1) })).code).toBe(1);
  },
  240_000,
);
