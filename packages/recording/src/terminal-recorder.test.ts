import { createHash } from 'node:crypto';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { decodeEvents, readChunk } from './chunk.ts';
import { type NewEvent, recordingEventSchema } from './events.ts';
import { fileSpool } from './spool-store.ts';
import { SpoolWriter } from './spool-writer.ts';
import { StreamRecorder } from './stream-recorder.ts';
import { TerminalRecorder } from './terminal-recorder.ts';
import { closed, keyOf, sampleGatewayId, sampleKeys, spooledChunks, TestFolders } from './testing/sample-recording.ts';
import { decodeText, encodeText, maxPieceBytes, TextPieces } from './text-pieces.ts';
import { verifyRecording } from './verify-recording.ts';

const folders = new TestFolders();
afterAll(() => folders.remove());

const screen = { terminalId: 'terminal-1', statementId: null, columns: 80, rows: 24, term: 'xterm-256color' };
const full = new SluiceError('spool-full', 'The spool of recordings is full.');

/** A sink that keeps events, and refuses them while `broken` is set. */
function sampleSink() {
  const sink = {
    events: [] as NewEvent[],
    faults: 0,
    broken: false,
    append(event: NewEvent): void {
      if (sink.broken) throw full;
      sink.events.push(event);
    },
    now: () => 1000,
    onFault: () => {
      sink.faults += 1;
    },
  };
  return sink;
}

test('whatever the cuts, the pieces are the bytes, no longer than the bound, and text stays text', () => {
  const character = fc.constantFrom('a', 'ü', '€', '🦉', '\x1b[31m', '\0', '\r\n');
  fc.assert(
    fc.property(fc.array(character, { maxLength: 60 }), fc.array(fc.nat(200), { maxLength: 20 }), (texts, cuts) => {
      const bytes = Buffer.from(texts.join(''));
      const pieces: Buffer[] = [];
      const collector = new TextPieces((piece) => pieces.push(piece));
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
      for (const [index, place] of places.entries()) collector.write(bytes.subarray(place, places[index + 1] ?? place));
      collector.flush();
      expect(Buffer.concat(pieces)).toEqual(bytes);
      for (const piece of pieces) expect(encodeText(piece).encoding).toBeUndefined();
    }),
  );
});

test('a long output comes in bounded pieces that never cut a character, and binary survives as base64', () => {
  const pieces: Buffer[] = [];
  const collector = new TextPieces((piece) => pieces.push(piece));
  const text = Buffer.from('€'.repeat(maxPieceBytes));
  collector.write(text);
  collector.flush();
  expect(Buffer.concat(pieces)).toEqual(text);
  for (const piece of pieces) {
    expect(piece.length).toBeLessThanOrEqual(maxPieceBytes);
    expect(encodeText(piece).encoding).toBeUndefined();
  }
  const binary = Buffer.from([0xff, 0xfe, 0x00, 0xc3]);
  expect(encodeText(binary)).toEqual({ text: '//4Aww==', encoding: 'base64' });
  expect(decodeText(encodeText(binary))).toEqual(binary);
});

test('output waits for more a short while only, a cut character at most twice', async () => {
  const pieces: string[] = [];
  const collector = new TextPieces((piece) => pieces.push(piece.toString('latin1')));
  collector.write(Buffer.from('a\xe2', 'latin1'));
  await vi.waitFor(() => expect(pieces).toEqual(['a', '\xe2']));
});

test('a terminal’s events keep the order of output, input and sizes', () => {
  const sink = sampleSink();
  const recorder = new TerminalRecorder(sink, screen);
  recorder.output(Buffer.from('$ '));
  recorder.input(Buffer.from('l'));
  recorder.output(Buffer.from('l'));
  recorder.resized(100_000, 0);
  recorder.output(Buffer.from('s'));
  recorder.closed({ exitCode: null, signal: 'HUP' });
  recorder.output(Buffer.from('late'));
  recorder.closed({ exitCode: 0, signal: null });
  const terminalId = 'terminal-1';
  expect(sink.events).toEqual([
    { type: 'terminal.opened', ...screen },
    { type: 'terminal.output', terminalId, text: '$ ' },
    { type: 'terminal.input', terminalId, text: 'l' },
    { type: 'terminal.output', terminalId, text: 'l' },
    { type: 'terminal.resized', terminalId, columns: 1000, rows: 1 },
    { type: 'terminal.output', terminalId, text: 's' },
    { type: 'terminal.closed', terminalId, exitCode: null, signal: 'HUP' },
  ]);
  for (const event of sink.events) recordingEventSchema.parse({ ...event, seq: 0, at: 0 });
});

test('keys whose text is held back by a mask stand in the record at their time', () => {
  const sink = sampleSink();
  const recorder = new TerminalRecorder(sink, screen);
  for (const text of ['', '', 'ls', '', '\r']) recorder.input(Buffer.from(text));
  expect(sink.events.slice(1).map((event) => 'text' in event && event.text)).toEqual(['', '', 'ls', '', '\r']);
});

test('input that cannot be recorded throws, so that it is not forwarded', () => {
  const sink = sampleSink();
  const recorder = new TerminalRecorder(sink, screen);
  sink.broken = true;
  expect(() => recorder.input(Buffer.from('rm'))).toThrow(full);
  expect(() => new TerminalRecorder(sink, screen)).toThrow(full);
});

test('output that cannot be recorded is told once and leaves a gap', () => {
  const sink = sampleSink();
  const recorder = new TerminalRecorder(sink, screen);
  sink.broken = true;
  for (const text of ['a', 'b']) {
    recorder.output(Buffer.from(text));
    recorder.flush();
  }
  expect(sink.faults).toBe(1);
  sink.broken = false;
  recorder.closed({ exitCode: 0, signal: null });
  expect(sink.events.map(({ type }) => type)).toEqual(['terminal.opened', 'gap', 'terminal.closed']);
});

test('a stream is recorded up to its budget, and the rest is counted and digested', () => {
  const sink = sampleSink();
  let budget = 4;
  const take = (bytes: number) => {
    const room = Math.min(budget, bytes);
    budget -= room;
    return room;
  };
  const recorder = new StreamRecorder(sink, { statementId: 's', stream: 'stdout', take });
  recorder.write(Buffer.from('abc'));
  recorder.write(Buffer.from('def'));
  budget = 10;
  recorder.write(Buffer.from('gh'));
  recorder.end();
  recorder.end();
  const omittedDigest = createHash('sha256').update('efgh').digest('hex');
  expect(sink.events).toEqual([
    { type: 'statement.output', statementId: 's', stream: 'stdout', text: 'abcd', omittedBytes: 0 },
    { type: 'statement.output', statementId: 's', stream: 'stdout', text: '', omittedBytes: 4, omittedDigest },
  ]);
});

test('a terminal’s recording is whole, and an output is sealed by itself', async () => {
  const store = fileSpool(folders.make());
  const options = { store, gatewayId: sampleGatewayId, keys: sampleKeys, onFault: () => undefined };
  const writer = new SpoolWriter({ ...options, onChunk: () => undefined });
  const sessionId = newId();
  const session = writer.openSession(sessionId);
  const sink = { append: session.append.bind(session), now: Date.now, onFault: () => undefined };
  const recorder = new TerminalRecorder(sink, screen);
  recorder.output(Buffer.from('hello'));
  const outputs = () =>
    [...spooledChunks(store, sessionId).values()]
      .flatMap((chunk) => decodeEvents(readChunk(chunk)))
      .flatMap((event) => (event.type === 'terminal.output' ? [event.text] : []));
  await vi.waitFor(() => expect(outputs()).toEqual(['hello']), { timeout: 20_000 });
  recorder.closed({ exitCode: 0, signal: null });
  session.close(closed);
  writer.stop();
  const chunks = [...spooledChunks(store, sessionId).values()];
  expect(verifyRecording(chunks, keyOf(sampleKeys)).problems).toEqual([]);
});
