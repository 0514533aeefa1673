import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readOptions, sshManifest } from '../manifest.ts';
import {
  clientOptions,
  freePort,
  hasOpenssh,
  type OpensshServer,
  runClient,
  startOpenssh,
} from '../testing/openssh.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../testing/test-gateway.ts';
import { destinationOf, isNamed, readDestinations, showDestination } from './destinations.ts';
import { factsOf, forwardLanguage, textOf } from './language.ts';

describe('destinations', () => {
  test.each([
    ['db.internal:5432', { host: 'db.internal', port: 5432 }],
    ['DB.Internal:5432', { host: 'db.internal', port: 5432 }],
    ['10.0.0.7:1', { host: '10.0.0.7', port: 1 }],
    ['[fd00::1]:65535', { host: 'fd00::1', port: 65_535 }],
  ])('%s', (text, destination) => {
    expect(destinationOf(text)).toEqual(destination);
    expect(showDestination(destination)).toBe(text.toLowerCase());
    const { host, port } = destination;
    expect(forwardLanguage.read(textOf(destination), { session: null, catalogue: null })).toEqual({
      ok: true,
      statements: [factsOf({ host, port })],
    });
  });

  test.each([
    '',
    'db',
    'db:',
    'db:0',
    'db:65536',
    'db:05432',
    '*:5432',
    'db:*',
    'a b:1',
    '::1:22',
    'db.internal.:1',
    'u@db:1',
  ])('“%s” is none', (text) => {
    expect(destinationOf(text)).toBeNull();
    if (text !== '') expect(readDestinations(`ok:1 ${text}`)?.length ?? 0).not.toBe(1);
  });

  test('a list, and who is on it', () => {
    const list = readDestinations('db.internal:5432, [::1]:80\n10.0.0.7:443') ?? [];
    expect(list).toHaveLength(3);
    expect(isNamed(list, { host: 'DB.INTERNAL', port: 5432 })).toBe(true);
    for (const [host, port] of [
      ['db.internal', 5433],
      ['db.internal.', 5432],
      ['0:0:0:0:0:0:0:1', 80],
      ['10.0.7', 443],
    ] as const)
      expect(isNamed(list, { host, port })).toBe(false);
    expect(readDestinations(Array.from({ length: 33 }, (_, i) => `h:${i + 1}`).join(' '))).toBeNull();
  });

  test('a connection takes them as an option; certificates allow it only there', () => {
    expect(readOptions({ forwardTo: 'db:1 db:2' }).forwardTo).toHaveLength(2);
    expect(() => readOptions({ forwardTo: 'db:1 *' })).toThrow('host:port');
    const extensions = (options: unknown) => sshManifest.clientCertificates?.extensions(options, 'service');
    expect(extensions({})).toEqual([]);
    expect(extensions({ forwardTo: 'db:1' })).toEqual(['permit-port-forwarding']);
  });
});

describe.skipIf(!hasOpenssh)('the real ssh forwards through the gateway and a real sshd', () => {
  let host: OpensshServer;
  let gateway: TestGateway;
  let service: Server;
  let port: number;
  const seen: string[] = [];
  beforeAll(async () => {
    host = await startOpenssh();
    // Says hello, answers in capitals when the other side has said everything, and leaves.
    service = createServer({ allowHalfOpen: true }, (socket: Socket) => {
      let heard = '';
      socket.write('hello from ann@example.com\n');
      socket.on('error', () => undefined).on('data', (bytes) => (heard += bytes.toString()));
      socket.on('end', () => {
        seen.push(heard);
        socket.end(heard.toUpperCase());
      });
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    ({ port } = service.address() as { port: number });
  });
  afterAll(async () => {
    await host.stop();
    service.close();
  });
  afterEach(async () => {
    await gateway.close();
    seen.length = 0;
  });

  async function open(options: TestGatewayOptions = {}, forwardTo = `127.0.0.1:${port}`): Promise<void> {
    const { username, clientKey, hostFingerprint } = host;
    const target = { port: host.port, username, password: clientKey };
    gateway = await startTestGateway({ ...target, options: { hostKey: hostFingerprint, forwardTo } }, options);
  }
  const ssh = (parameters: readonly string[], more: Parameters<typeof runClient>[2] = {}) =>
    runClient('ssh', ['-o', 'LogLevel=INFO', ...clientOptions(gateway.port), ...parameters, 'me@127.0.0.1'], more);
  const onwards = (to = `127.0.0.1:${port}`) => ssh(['-W', to], { input: 'a word' }).done;

  test('to a named destination, masked and recorded, each direction to its own end', async () => {
    await open({ mask: (text) => text.replaceAll('ann@example.com', '<email>') });
    expect(await onwards()).toMatchObject({ code: 0, stdout: 'hello from <email>\nA WORD' });
    expect(seen).toEqual(['a word']);
    const [statement] = gateway.inspectors[0]!.statements;
    expect(statement).toMatchObject({
      text: `forward "127.0.0.1:${port}"`,
      verdict: 'forward',
      ended: 1,
      facts: [
        { complete: false, command: 'FORWARD', effects: [{ verb: 'call', object: { name: `127.0.0.1:${port}` } }] },
      ],
      tags: [`6 bytes sent, ${'hello from ann@example.com\nA WORD'.length} received`],
    });
  });

  test('to no other one: neither another port nor another name of the same machine', async () => {
    await open();
    for (const other of [`localhost:${port}`, `127.0.0.1:${host.port}`, `127.1:${port}`, `[::1]:${port}`]) {
      const { code, stderr } = await onwards(other);
      expect(code).not.toBe(0);
      expect(stderr).toContain('none of the destinations that this connection names');
    }
    expect(seen).toEqual([]);
    expect(gateway.inspectors.flatMap(({ refusedMessages }) => refusedMessages)).toContain(
      `forwarding to "localhost:${port}"`,
    );
    expect(gateway.inspectors.flatMap(({ statements }) => statements)).toEqual([]);
  });

  test('what policy refuses, and what is not there, is told in words', async () => {
    const closed = await freePort();
    await open({ refuses: ({ text }) => text.includes(String(port)) }, `127.0.0.1:${port} 127.0.0.1:${closed}`);
    const refused = await onwards();
    expect(refused.stderr).toContain('Sluice refused this statement');
    const dead = await onwards(`127.0.0.1:${closed}`);
    expect(dead.stderr).toContain('the target did not open a channel');
    expect([refused.code, dead.code]).not.toContain(0);
    expect(seen).toEqual([]);
    const statements = gateway.inspectors.flatMap((one) => one.statements);
    expect(statements.map(({ verdict, ended, failures }) => [verdict, ended, failures.length])).toEqual([
      ['refuse', 1, 0],
      ['forward', 1, 1],
    ]);
  });

  test('a held one waits without reaching the target, and goes on when people agree', async () => {
    await open({ holds: () => true });
    const run = onwards();
    while (gateway.inspectors.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const inspector = gateway.inspectors[0]!;
    await inspector.somethingWaits();
    expect(seen).toEqual([]);
    inspector.waiting[0]?.release();
    expect((await run).stdout).toContain('A WORD');
  });

  test('several at once by -L, beside a command; they end with the session', async () => {
    await open();
    const local = await freePort();
    const { done, process: client } = ssh(['-N', '-L', `127.0.0.1:${local}:127.0.0.1:${port}`], { keepOpen: true });
    const sockets = await Promise.all(['one', 'two', 'three'].map((word) => asked(local, word)));
    expect(sockets).toEqual(['ONE', 'TWO', 'THREE']);
    const idle = await connected(local);
    const gone = new Promise((resolve) => idle.once('close', resolve));
    gateway.terminate();
    await gone;
    client.kill();
    await done;
    const { statements } = gateway.inspectors[0]!;
    expect(statements.filter(({ verdict }) => verdict === 'forward').length).toBeGreaterThanOrEqual(4);
    while (statements.some(({ ended }) => ended === 0)) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  /** Once ssh listens. */
  async function connected(local: number): Promise<Socket> {
    for (;;) {
      const socket = connect(local, '127.0.0.1');
      const hello = await new Promise<boolean>((resolve) => {
        socket.once('data', () => resolve(true)).once('close', () => resolve(false));
        socket.on('error', () => undefined);
      });
      if (hello) return socket;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function asked(local: number, word: string): Promise<string> {
    const socket = await connected(local);
    let answer = '';
    socket.on('data', (bytes) => (answer += bytes.toString()));
    socket.end(word);
    await new Promise((resolve) => socket.once('close', resolve));
    return answer;
  }
});
