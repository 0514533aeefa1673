import { conformance, testConnection } from '@sluice/wire-kit/testing';
import { MessageReader } from './framing.ts';
import { maxClientMessageBytes } from './limits.ts';
import { backend } from './messages/backend.ts';
import { BodyReader, int32 } from './messages/bytes.ts';
import { encodePassword, encodeQuery, encodeTerminate } from './messages/frontend.ts';
import { cancelRequest, startupPacket } from './messages/startup.ts';
import { postgresProtocol } from './protocol.ts';
import { serveFakeTarget } from './testing/fake-target.ts';
import { plainFacts } from './testing/plain-facts.ts';

/** The types of all whole messages in these bytes. */
function typesIn(bytes: Buffer): number[] {
  const reader = new MessageReader(1 << 26);
  reader.push(bytes);
  const types: number[] = [];
  while (reader.next()) types.push(reader.type);
  return types;
}

function cancelFor(received: Buffer): Buffer {
  const reader = new MessageReader(1 << 26);
  reader.push(received);
  while (reader.next()) {
    if (reader.type !== backend.backendKeyData) continue;
    const body = new BodyReader(reader.buffer, reader.start + 5, reader.end);
    return cancelRequest(body.uint32(), body.bytes(body.left));
  }
  throw new Error('no key was sent');
}

function* oversized(): Generator<Buffer> {
  yield Buffer.concat([Buffer.from('Q'), int32(maxClientMessageBytes + 4)]);
  for (let sent = 0; sent < maxClientMessageBytes; sent += 1 << 20) yield Buffer.alloc(1 << 20, 'x');
}

conformance({
  protocol: postgresProtocol,
  connection: testConnection('postgres', { database: 'app' }),
  facts: plainFacts(),
  serveTarget: serveFakeTarget,
  handshake: [
    {
      send: startupPacket([
        ['user', 'anybody'],
        ['database', 'app'],
      ]),
      until: (received) => typesIn(received).includes(backend.authentication),
    },
    { send: encodePassword('a secret'), until: () => true },
  ],
  ready: (received) => typesIn(received).includes(backend.readyForQuery),
  statement: encodeQuery,
  answers: (received) => typesIn(received).filter((type) => type === backend.readyForQuery).length,
  allowed: 'SELECT 1',
  bulky: `SELECT 1${' '.repeat(8_000)}`,
  large: 'SELECT large',
  endless: 'SELECT sleep',
  denied: 'DROP TABLE customers',
  isRefusal: (received) => /C(42501|54000)\0/.test(received.toString('latin1')) && received.includes('"sluice":1'),
  oversize: oversized(),
  goodbye: encodeTerminate(),
  cancel: cancelFor,
});
