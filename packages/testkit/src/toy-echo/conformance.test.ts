import type { Duplex } from 'node:stream';
import { conformance, type TargetLog, testConnection } from '@sluice/wire-kit/testing';
import { LineStream, maxLineBytes, toyEcho, toyLanguage } from './index.ts';
import { cancelLine } from './target-side.ts';

const large = 'echo large';
const endless = 'echo endless';
const largeRows = 9_000;
const largeRow = `+${'x'.repeat(1_024)}`;

/** What runs without end; a cancel over any connection stops the newest. */
const sleeping: LineStream[] = [];

/** An echo in memory that knows one large and one endless answer. */
async function serveTarget(stream: Duplex, log: TargetLog): Promise<void> {
  stream.on('data', (bytes: Buffer) => {
    log.bytesRead += bytes.length;
  });
  stream.on('end', () => stream.end());
  const lines = new LineStream(stream);
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    if (line === cancelLine) {
      log.cancels++;
      await sleeping.pop()?.send('!cancelled');
      continue;
    }
    log.statements.push(line);
    if (line === endless) {
      sleeping.push(lines);
      continue;
    }
    if (line === large) for (let row = 0; row < largeRows; row++) await lines.send(largeRow);
    await lines.send(line);
  }
}

function* oversize(): Generator<Buffer> {
  for (let sent = 0; sent <= 4 * maxLineBytes; sent += 4_096) yield Buffer.alloc(4_096, 'x');
}

const words = (received: Buffer) => received.toString('utf8').split('\n').slice(0, -1);
const line = (text: string) => Buffer.from(`${text}\n`);

conformance({
  protocol: toyEcho,
  connection: testConnection(toyEcho.manifest.name, { refused: 'forbidden' }),
  facts: { read: ({ text, session }) => toyLanguage.read(text, { session, catalogue: null }) },
  serveTarget: (stream, log) => void serveTarget(stream, log),
  handshake: [{ send: line('HELLO secret'), until: () => true }],
  ready: (received) => words(received).some((word) => word.startsWith('READY ')),
  statement: line,
  answers: (received) => words(received).filter((word) => /^(ROW|FAILED|REFUSED) /.test(word)).length,
  allowed: 'echo hello',
  bulky: `echo ${'x'.repeat(8_000)}`,
  large,
  endless,
  denied: 'drop it',
  isRefusal: (received) => received.includes('"sluice":1'),
  oversize: oversize(),
  goodbye: line('BYE'),
  cancel: (received) => line(`CANCEL ${/READY (\w+)/.exec(received.toString('utf8'))?.[1]}`),
});
