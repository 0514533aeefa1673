import type { Duplex } from 'node:stream';
import { conformance, type TargetLog, testConnection } from '@sluice/wire-kit/testing';
import type { ServerChannel } from 'ssh2';
import { fingerprintOf } from './fingerprint.ts';
import { opensshKey } from './openssh-key.ts';
import { sshProtocol } from './protocol.ts';
import { Server, utils } from './ssh2-library.ts';
import { LaterWrites } from './testing/later-writes.ts';
import { PlainClient } from './testing/plain-client.ts';
import { plainFacts, testIdentity } from './testing/test-gateway.ts';

const large = 'cat large';
const endless = 'sleep endless';
/** Rows of 1 KiB, as many to a write as fit one packet. */
const writes = 300;
const someRows = `${'x'.repeat(1_023)}\n`.repeat(30);

const answerMark = Buffer.from('\nEXIT ');

const hostKey = opensshKey(testIdentity().privateKey.reveal());
const parsed = utils.parseKey(hostKey);
if (parsed instanceof Error) throw parsed;

/** A host in memory that echoes commands and knows one large and one endless answer. */
function serveTarget(stream: Duplex, log: TargetLog): void {
  const server = new Server({ hostKeys: [hostKey] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => context.accept());
    connection.on('session', (accept) =>
      accept().on('exec', (take, _reject, { command }) => {
        log.statements.push(command);
        answer(take(), command);
      }),
    );
  });
  server.injectSocket(new LaterWrites(stream) as never);
  stream.on('error', () => undefined);
  stream.on('data', (bytes: Buffer) => {
    log.bytesRead += bytes.length;
  });
}

function answer(channel: ServerChannel, command: string): void {
  if (command === endless) return;
  let left = command === large ? writes : 0;
  const more = () => {
    while (left > 0) {
      left--;
      if (!channel.write(someRows)) {
        channel.once('drain', more);
        return;
      }
    }
    channel.write(`${command}\n`, () => {
      channel.exit(0);
      channel.end();
    });
  };
  more();
}

/** Looked at again and again while megabytes come: by search, not by lines. */
function countAnswers(received: Buffer): number {
  let answers = received.subarray(0, answerMark.length - 1).equals(answerMark.subarray(1)) ? 1 : 0;
  for (let at = received.indexOf(answerMark); at >= 0; at = received.indexOf(answerMark, at + 1)) answers++;
  return answers;
}

function* oversize(): Generator<Buffer> {
  yield Buffer.from('OVERSIZE\n');
}

conformance({
  protocol: sshProtocol,
  connection: testConnection(sshProtocol.manifest.name, { hostKey: fingerprintOf(parsed.getPublicSSH()) }),
  facts: plainFacts,
  identity: testIdentity(),
  wrapClient: (stream) => new PlainClient(stream),
  serveTarget,
  handshake: [],
  ready: (received) => received.includes('READY\n'),
  statement: (text) => Buffer.from(`RUN ${text}\n`),
  answers: countAnswers,
  allowed: 'echo hello',
  bulky: `echo ${'x'.repeat(8_000)}`,
  large,
  endless,
  denied: 'rm it',
  isRefusal: (received) => received.includes('"sluice":1'),
  oversize: oversize(),
  goodbye: Buffer.from('BYE\n'),
  cancel: null,
});
