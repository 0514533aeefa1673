/** What a hostile client tries: it costs the client its session, and nobody else anything. */
import { connect, type Socket } from 'node:net';
import type { Client as SshConnection } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { maxChannels, maxRecordedRefusals, maxRekeysInWindow } from './limits.ts';
import { Client } from './ssh2-library.ts';
import { hasOpenssh, type OpensshServer, startOpenssh } from './testing/openssh.ts';
import { startTestGateway, type TestGateway } from './testing/test-gateway.ts';

interface RawProtocol {
  session(channel: number, window: number, packet: number): void;
  channelData(channel: number, data: Buffer): void;
  exec(channel: number, command: string, wantReply: boolean): void;
  rekey(): void;
  readonly _handlers: Record<string, (...parameters: never[]) => void>;
}

let host: OpensshServer;
let gateway: TestGateway;

async function signedIn(): Promise<{
  readonly client: SshConnection;
  readonly protocol: RawProtocol;
  readonly socket: Socket;
}> {
  const socket = connect(gateway.port, '127.0.0.1');
  const client = new Client();
  client.on('error', () => undefined);
  const ready = new Promise<void>((resolve) => client.once('ready', () => resolve()));
  client.connect({ sock: socket, username: 'me', password: 'secret' });
  await ready;
  return { client, protocol: (client as unknown as { _protocol: RawProtocol })._protocol, socket };
}

const ended = async (): Promise<void> => {
  while (gateway.ends.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
};
const works = (client: SshConnection) =>
  new Promise<string>((resolve, reject) =>
    client.exec('echo fine', (error, channel) => {
      if (error) reject(error);
      else channel.on('data', (bytes: Buffer) => resolve(bytes.toString()));
    }),
  );

describe.skipIf(!hasOpenssh)('a hostile client', () => {
  beforeAll(async () => {
    host = await startOpenssh();
  });
  afterAll(() => host.stop());
  afterEach(() => gateway.close());

  const open = async () => {
    const options = { hostKey: host.hostFingerprint };
    gateway = await startTestGateway(
      { port: host.port, username: host.username, password: host.clientKey, options },
      {},
    );
  };

  test('10,000 channels at once: a few are opened, the others refused; another client works meanwhile', async () => {
    await open();
    const { protocol } = await signedIn();
    const answers = { open: 0, refused: 0 };
    protocol._handlers.CHANNEL_OPEN_CONFIRMATION = () => void answers.open++;
    protocol._handlers.CHANNEL_OPEN_FAILURE = () => void answers.refused++;
    for (let channel = 0; channel < 10_000; channel++) protocol.session(channel, 65_536, 32_768);
    const other = await signedIn();
    expect(await works(other.client)).toBe('fine\n');
    while (answers.open + answers.refused < 10_000) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(answers).toEqual({ open: maxChannels, refused: 10_000 - maxChannels });
    expect(gateway.inspectors[0]?.refusedMessages).toHaveLength(maxRecordedRefusals);
    other.client.end();
  });

  test('more bytes than the window lets through end the session', async () => {
    await open();
    const { protocol } = await signedIn();
    const opened = new Promise<number>((resolve) => {
      protocol._handlers.CHANNEL_OPEN_CONFIRMATION = (_protocol: never, info: never) =>
        resolve((info as { readonly sender: number }).sender);
    });
    protocol.session(0, 65_536, 32_768);
    const channel = await opened;
    protocol.exec(channel, 'sleep 5', false);
    const piece = Buffer.alloc(32_000);
    // Far more than the windows of both ways together.
    for (let sent = 0; sent < 1_000; sent++) protocol.channelData(channel, piece);
    await ended();
    expect(gateway.ends[0]).toMatchObject({ reason: 'protocol-violation' });
  });

  test('a packet beyond the bound, and bytes that are no packet, end the session', async () => {
    await open();
    const { socket } = await signedIn();
    socket.write(Buffer.alloc(100_000, 0xff));
    await ended();
    expect(gateway.ends[0]).toMatchObject({ reason: 'protocol-violation' });
  });

  test('key exchange after key exchange ends the session', async () => {
    await open();
    const { client, protocol } = await signedIn();
    for (let times = 0; times <= maxRekeysInWindow && gateway.ends.length === 0; times++) {
      const done = new Promise<void>((resolve) => {
        client.once('handshake', () => resolve());
        client.once('close', () => resolve());
      });
      protocol.rekey();
      await done;
    }
    await ended();
    expect(gateway.ends[0]).toMatchObject({ reason: 'protocol-violation' });
  });

  test('whoever says nothing, or something else than SSH, opens nothing', async () => {
    await open();
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => socket.resume().once('close', resolve));
    expect(gateway.proofs).toEqual([]);
    expect(gateway.inspectors).toEqual([]);
  });
});
