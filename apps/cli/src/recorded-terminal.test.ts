import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSigningKeys, newId } from '@sluice/keys';
import { fileSpool, SpoolPusher, SpoolWriter, TerminalRecorder, writeExport } from '@sluice/recording';
import { expect, test } from 'vitest';
import { afterPlay, asciicastOf, play, stepsOf, terminalOf } from './recorded-terminal.ts';

const keys = generateSigningKeys();

/** An export of a session with one terminal, as the recorder makes it. */
async function exported(): Promise<Buffer> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-cast-'));
  let now = 1_000_000;
  const onFault = (message: string) => {
    throw new Error(message);
  };
  const store = fileSpool(dir);
  const writer = new SpoolWriter({ store, gatewayId: 'g', keys, now: () => now, onFault, onChunk: () => undefined });
  const session = writer.openSession(newId());
  const sink = { append: session.append.bind(session), now: () => now, onFault: () => undefined };
  const screen = { terminalId: 't', statementId: null, columns: 80, rows: 24, term: 'xterm' };
  const terminal = new TerminalRecorder(sink, screen);
  terminal.output(Buffer.from('$ \x1b]52;c;QQ==\x07'));
  terminal.flush();
  now += 500;
  terminal.input(Buffer.from('l'));
  terminal.output(Buffer.from('l'));
  now += 60_000;
  terminal.resized(100, 30);
  terminal.output(Buffer.from([0x41, 0xff]));
  terminal.closed({ exitCode: 0, signal: null });
  session.close({ type: 'session.closed', reason: 'clean', message: '', statements: 0, held: 0, denied: 0 });
  writer.stop();
  const chunks: Buffer[] = [];
  const pusher = new SpoolPusher({ store, push: async (_, __, bytes) => void chunks.push(bytes), onFault });
  pusher.wake();
  while (store.sessions.size > 0) await new Promise((resolve) => setImmediate(resolve));
  await pusher.stop();
  rmSync(dir, { recursive: true });
  return writeExport(chunks, [{ keyId: keys.keyId, publicKey: keys.publicKey }]);
}

test('an asciicast has sizes, pauses and safe output, and input only when asked for', async () => {
  const terminal = terminalOf(await exported(), 1);
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  expect(lines(asciicastOf(terminal, { input: false }))).toEqual([
    { version: 2, width: 80, height: 24, timestamp: 1_000, title: 'Sluice recording', env: { TERM: 'xterm' } },
    [0, 'o', '$ '],
    [60.5, 'o', 'l'],
    [60.5, 'r', '100x30'],
    [60.5, 'o', 'A\ufffd'],
  ]);
  expect(stepsOf(terminal, { input: true }).map(({ code }) => code)).toEqual(['o', 'i', 'o', 'r', 'o']);
});

test('a replay keeps pauses, shortened and by speed, and leaves the terminal as it was', async () => {
  const terminal = terminalOf(await exported(), 1);
  const seen: (string | number)[] = [];
  const options = { speed: 2, longestPauseMs: 3_000, fromMs: 0 };
  await play(
    terminal,
    options,
    (text) => seen.push(text),
    async (ms) => void seen.push(ms),
  );
  expect(seen).toEqual(['$ ', 3_000, 'l', 'A\ufffd', afterPlay]);
});

test('what is no terminal, or damaged, is said', async () => {
  const file = await exported();
  expect(() => terminalOf(file, 2)).toThrow('1 terminals');
  const damaged = Buffer.from(file);
  const body = file.indexOf('chunk 0') + 900;
  damaged[body] = (damaged[body] ?? 0) ^ 1;
  expect(() => terminalOf(damaged, 1)).toThrow(/damaged|terminal/);
});
