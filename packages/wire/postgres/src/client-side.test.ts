/** The handshake with a client: TLS in both forms, refusals, versions, and what must end the session. */
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { ClientTransport } from '@sluice/wire-kit';
import { connectedStreams, Party, testConnection } from '@sluice/wire-kit/testing';
import { describe, expect, it } from 'vitest';
import { acceptClient, cancelToken, type PostgresClient } from './client-side.ts';
import { ByteSource } from './message-channel.ts';
import { int32, packet } from './messages/bytes.ts';
import { encodePassword } from './messages/frontend.ts';
import { cancelRequest, protocolCodes, sslRequest, startupPacket } from './messages/startup.ts';
import { messagesIn, outline, reportIn } from './testing/raw-client.ts';
import { testCertificate, testKey } from './testing/test-certificate.ts';

const secureContext = createSecureContext({ cert: testCertificate, key: testKey });
const who: [string, string][] = [['user', 'anybody']];

interface Started {
  readonly client: Party;
  readonly accepted: ReturnType<typeof acceptClient>;
  readonly abort: AbortController;
  readonly stream: Duplex;
}

function start(transport: Partial<ClientTransport> = {}): Started {
  const [mine, theirs] = connectedStreams();
  const abort = new AbortController();
  const accepted = acceptClient({
    transport: {
      stream: theirs,
      clientAddress: '192.0.2.1:5',
      loopback: false,
      secured: false,
      tls: () => secureContext,
      ...transport,
    },
    connection: testConnection('postgres', { database: 'app' }),
    signal: abort.signal,
  });
  accepted.catch(() => undefined);
  return { client: new Party(mine, { reading: false }), accepted, abort, stream: mine };
}

function startReading(transport: Partial<ClientTransport> = {}): Started {
  const started = start(transport);
  started.client.startReading();
  return started;
}

async function session(accepted: ReturnType<typeof acceptClient>): Promise<PostgresClient> {
  const result = await accepted;
  if (result.type !== 'session') throw new Error('no session');
  return result.client;
}

/** TLS on the client's end, with the startup packet sent inside it. */
async function insideTls(stream: Duplex, ALPNProtocols?: string[]): Promise<Party> {
  const secure = connectTls({
    socket: stream,
    ca: testCertificate,
    servername: 'localhost',
    ...(ALPNProtocols ? { ALPNProtocols } : {}),
  });
  await new Promise((resolve, reject) => secure.once('secureConnect', () => resolve(undefined)).once('error', reject));
  return new Party(secure);
}

const startupOf = (code: number, parameters: readonly [string, string][]): Buffer =>
  packet(int32(code), ...parameters.flat(), Buffer.from([0]));

describe('TLS', () => {
  it('answers SSLRequest, then asks for the password inside TLS', async () => {
    const { stream, accepted } = start();
    stream.write(sslRequest());
    const source = new ByteSource(stream);
    expect((await source.next())?.toString()).toBe('S');
    source.detach();
    const inside = await insideTls(stream);
    inside.send(startupPacket(who));
    await inside.until((received) => received.length > 0);
    inside.send(encodePassword('the secret'));
    const client = await session(accepted);
    expect(client.proof.secret.reveal()).toBe('the secret');
    expect(client.startup).toEqual({ user: 'anybody' });
    await client.refuse({ reason: 'authentication', message: 'wrong token', hint: 'Ask for one.' });
    await inside.ended();
    expect(outline(messagesIn(inside.received))).toBe('R E:28P01');
    // The stream below TLS is closed as well: a tunnel's stream is no socket, and would stay.
    if (!stream.destroyed) await new Promise((resolve) => stream.once('close', resolve));
  });

  it('takes direct TLS with ALPN, and only with it', async () => {
    const { stream, accepted } = start();
    const inside = await insideTls(stream, ['postgresql']);
    inside.send(startupPacket(who));
    await inside.until((received) => received.length > 0);
    inside.send(encodePassword('x'));
    expect((await session(accepted)).startup).toEqual({ user: 'anybody' });

    const without = start();
    await insideTls(without.stream).catch(() => undefined);
    await expect(without.accepted).rejects.toMatchObject({
      code: expect.stringMatching(/protocol-violation|unavailable/),
    });
  });

  it('ends on bytes between the TLS request and TLS (CVE-2021-23214)', async () => {
    const { client, accepted } = startReading();
    client.send(Buffer.concat([sslRequest(), startupPacket(who)]));
    await expect(accepted).rejects.toMatchObject({ code: 'protocol-violation' });
    await client.ended();
    expect(client.received).toHaveLength(0);
  });

  it('answers N to GSSENCRequest, and to SSLRequest where the stream is secured already or there is no certificate', async () => {
    for (const transport of [{ secured: true }, { tls: null, loopback: true }]) {
      const { client, accepted } = startReading(transport);
      client.send(packet(int32(protocolCodes.gssenc)));
      await client.until((received) => received.toString() === 'N');
      client.send(sslRequest());
      await client.until((received) => received.toString() === 'NN');
      client.send(startupPacket(who));
      await client.until((received) => received.length > 2);
      client.send(encodePassword('y'));
      expect((await session(accepted)).proof.secret.reveal()).toBe('y');
    }
  });

  it('refuses to take a password outside TLS, and says how to connect', async () => {
    const { client, accepted } = startReading();
    client.send(startupPacket(who));
    await expect(accepted).rejects.toMatchObject({ code: 'unauthenticated' });
    await client.ended();
    const [error] = messagesIn(client.received);
    expect(reportIn(error!.body).get('H')).toContain('sslmode=require');
  });
});

describe('startup', () => {
  const refused = async (bytes: Buffer): Promise<string> => {
    const { client, accepted } = startReading({ loopback: true });
    client.send(bytes);
    await expect(accepted).rejects.toBeDefined();
    await client.ended();
    return client.received.length === 0 ? '' : outline(messagesIn(client.received));
  };

  it('refuses what it cannot carry, each with its own SQLSTATE', async () => {
    expect(await refused(startupPacket([...who, ['database', 'other']]))).toBe('E:3D000');
    expect(await refused(startupPacket([...who, ['replication', 'true']]))).toBe('E:0A000');
    expect(await refused(startupPacket([...who, ['client_encoding', 'SJIS']]))).toBe('E:0A000');
    expect(await refused(startupPacket([...who, ['options', '-c client_encoding=LATIN1']]))).toBe('E:0A000');
    expect(await refused(startupPacket([...who, ['options', '-F']]))).toBe('E:0A000');
    expect(await refused(startupPacket([...who, ['options', '-c a;drop=1']]))).toBe('E:08P01');
    expect(await refused(startupPacket([['database', 'app']]))).toBe('E:28000');
    expect(await refused(startupOf(2 << 16, who))).toBe('E:0A000');
    expect(await refused(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBe('E:08P01');
    expect(await refused(Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]))).toBe('E:08P01');
    expect(await refused(packet(int32(protocolCodes.v3), 'user'))).toBe('E:08P01');
  });

  it('takes the user’s name and its own database, and reads settings in every form', async () => {
    for (const database of ['', 'anybody', 'app']) {
      const { client, accepted } = startReading({ loopback: true });
      const options = String.raw`-c search_path=a,\ b --work-mem=5MB -cDateStyle=ISO`;
      client.send(
        startupPacket([
          ...who,
          ['database', database],
          ['options', options],
          ['TimeZone', 'UTC'],
          ['client_encoding', "'utf-8'"],
        ]),
      );
      await client.until((received) => received.length > 0);
      client.send(encodePassword('z'));
      expect((await session(accepted)).settings).toEqual([
        { name: 'search_path', value: 'a, b' },
        { name: 'work_mem', value: '5MB' },
        { name: 'DateStyle', value: 'ISO' },
        { name: 'TimeZone', value: 'UTC' },
      ]);
    }
  });

  it('speaks 3.0 and 3.2, and talks others down', async () => {
    for (const [code, negotiated, keyBytes] of [
      [protocolCodes.v3, null, 4],
      [protocolCodes.v32, null, 32],
      [(3 << 16) | 9_999, 2, 32],
      [(3 << 16) | 1, 0, 4],
    ] as const) {
      const { client, accepted } = startReading({ loopback: true });
      client.send(startupOf(code, who));
      await client.until((received) => messagesIn(received).some(({ type }) => type === 'R'));
      const offer = messagesIn(client.received).find(({ type }) => type === 'v');
      expect(offer === undefined ? null : offer.body.readInt32BE(0) & 0xffff).toBe(negotiated);
      client.send(encodePassword('k'));
      expect((await session(accepted)).cancelIdentity.key).toHaveLength(keyBytes);
    }
  });

  it('says which protocol options it does not know', async () => {
    const { client } = startReading({ loopback: true });
    client.send(startupPacket([...who, ['_pq_.fancy', '1']]));
    await client.until((received) => messagesIn(received).some(({ type }) => type === 'R'));
    expect(messagesIn(client.received)[0]?.body.toString('latin1')).toContain('_pq_.fancy');
  });

  it('reads cancel requests with short and long keys, also inside TLS', async () => {
    for (const length of [4, 32, 256]) {
      const { client, accepted } = startReading();
      const key = Buffer.alloc(length, 7);
      client.send(cancelRequest(99, key));
      expect(await accepted).toEqual({ type: 'cancel', token: cancelToken({ processId: 99, key }) });
    }
  });

  it('ends when it takes too long or the client goes away', async () => {
    const slow = startReading();
    slow.abort.abort();
    await expect(slow.accepted).rejects.toMatchObject({ code: 'timed-out' });
    const gone = startReading();
    gone.client.send(Buffer.from([0, 0]));
    gone.stream.end();
    await expect(gone.accepted).rejects.toMatchObject({ code: 'unavailable' });
  });
});
