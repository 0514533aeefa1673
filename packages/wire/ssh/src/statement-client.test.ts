import { connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { Secret } from '@sluice/domain';
import { StatementError } from '@sluice/wire-kit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SshCorpusClient } from './corpus/client.ts';
import { openStatementClient } from './statement-client.ts';
import { hasOpenssh, type OpensshServer, startOpenssh } from './testing/openssh.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './testing/test-gateway.ts';

let host: OpensshServer;
let gateway: TestGateway;

async function opened(options: TestGatewayOptions = {}, more: { secret?: string; onHold?: () => void } = {}) {
  const { port, username, clientKey, hostFingerprint } = host;
  gateway = await startTestGateway(
    { port, username, password: clientKey, options: { hostKey: hostFingerprint } },
    options,
  );
  const leave = new AbortController();
  const notices: string[] = [];
  const open = openStatementClient({
    stream: connect(gateway.port, '127.0.0.1'),
    options: {},
    username: 'me',
    secret: new Secret(more.secret ?? 'secret'),
    onNotice: (text) => notices.push(text),
    onHold: () => {
      more.onHold?.();
      leave.abort();
    },
    signal: leave.signal,
  });
  return { open, notices, leave };
}

describe.skipIf(!hasOpenssh)('one command by Sluice’s own client', () => {
  beforeAll(async () => {
    host = await startOpenssh();
  });
  afterAll(() => host.stop());
  afterEach(() => gateway.close());

  test('streams and status are the command’s own, whatever they say', async () => {
    const { open, notices } = await opened();
    const client = await open;
    const [result] = await client.run('printf a; echo b >&2; printf "sluice: c" >&2; exit 3');
    expect(result?.output).toEqual({ stdout: Buffer.from('a'), stderr: 'b\nsluice: c', status: 3 });
    expect(notices).toEqual([]);
    await client.close();
    await client.close();
    await expect(client.run('true')).rejects.toThrow();
  });

  test('a refusal is told with its words and its line of JSON', async () => {
    const { open } = await opened({ refuses: ({ text }) => text === 'rm x' });
    const client = await open;
    const refused: unknown = await client.run('rm x').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StatementError);
    expect(JSON.parse((refused as StatementError).detail ?? '')).toMatchObject({ sluice: 1 });
    expect((await client.run('echo on'))[0]?.output?.status).toBe(0);
    await client.close();
  });

  test('nobody who is let in by a wrong secret', async () => {
    const { open } = await opened({}, { secret: 'wrong' });
    await expect(open).rejects.toThrow();
  });

  test('leaving ends what runs, and closing afterwards ends too', async () => {
    const { open, leave } = await opened();
    const client = await open;
    const running = client.run('sleep 600').catch(() => 'left');
    leave.abort();
    await running;
    await client.close();
  });
});

test('another side that leaves in the handshake is told, not waited for', async () => {
  const server = createServer((socket) => socket.resume().end('SSH-2.0-nobody\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const openStream = (): Promise<Duplex> => Promise.resolve(connect(port, '127.0.0.1'));
  const corpus = new SshCorpusClient({ openStream, username: 'me', secret: 'secret', answerMs: 600_000 });
  await expect(corpus.firstValue('true')).rejects.toMatchObject({ code: 'unavailable' });
  const signal = new AbortController().signal;
  const ask = { options: {}, username: 'me', secret: new Secret('secret'), onNotice: () => undefined, signal };
  await expect(openStatementClient({ ...ask, stream: await openStream() })).rejects.toThrow();
  await new Promise((resolve) => server.close(resolve));
});
