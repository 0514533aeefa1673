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
const rows = 9_000;
const row = `${'x'.repeat(1_023)}\n`;

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
  let left = command === large ? rows : 0;
  const more = () => {
    while (left > 0) {
      left--;
      if (!channel.write(row)) {
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
  answers: (received) =>
    received
      .toString('latin1')
      .split('\n')
      .filter((line) => line.startsWith('EXIT ')).length,
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
