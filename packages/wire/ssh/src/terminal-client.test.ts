import { connect } from 'node:net';
import { Secret } from '@sluice/domain';
import type { TerminalClient } from '@sluice/wire-kit';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTerminalClient } from './terminal-client.ts';
import { hasOpenssh, type OpensshServer, startOpenssh } from './testing/openssh.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './testing/test-gateway.ts';

let host: OpensshServer;
let gateway: TestGateway;

async function opened(options: TestGatewayOptions = {}, more: { secret?: string; terminal?: string } = {}) {
  const { port, username, clientKey, hostFingerprint } = host;
  const { terminal = 'people' } = more;
  const target = { port, username, password: clientKey, options: { hostKey: hostFingerprint, terminal } };
  gateway = await startTestGateway(target, { actorKind: 'person', ...options });
  const leave = new AbortController();
  const open = openTerminalClient({
    stream: connect(gateway.port, '127.0.0.1'),
    username: 'me',
    secret: new Secret(more.secret ?? 'secret'),
    size: { columns: 90, rows: 20 },
    term: 'xterm-256color',
    signal: leave.signal,
  });
  return { open, leave };
}

/** Everything on the screen so far, growing. */
function screenOf(client: TerminalClient): { readonly text: () => string } {
  let text = '';
  client.stream.on('data', (part: Buffer) => {
    text += part.toString('utf8');
  });
  return { text: () => text };
}

const wait = { timeout: 30_000 };

describe.skipIf(!hasOpenssh)('one terminal by Sluice’s own client', () => {
  beforeAll(async () => {
    host = await startOpenssh();
  });
  afterAll(() => host.stop());
  afterEach(() => gateway.close());

  test('what is typed runs, the size is followed, and the shell’s status is told', async () => {
    const client = await (await opened()).open;
    const screen = screenOf(client);
    client.stream.write('stty size; echo $TERM\n');
    await vi.waitFor(() => expect(screen.text()).toMatch(/20 90\r\nxterm-256color/), wait);
    client.resize({ columns: 101, rows: 31 });
    client.stream.write('stty size; exit 7\n');
    await vi.waitFor(() => expect(screen.text()).toContain('31 101'), wait);
    expect(await client.ended).toMatchObject({ exitCode: 7, signal: null });
  });

  test('a terminal that is not given is refused with its words', async () => {
    const { open } = await opened({}, { terminal: 'off' });
    await expect(open).rejects.toMatchObject({
      name: 'StatementError',
      message: expect.stringContaining('terminal') as unknown,
    });
  });

  test('a shell that policy refuses says so on the screen and ends', async () => {
    const client = await (await opened({ refuses: () => true })).open;
    const screen = screenOf(client);
    expect(await client.ended).toMatchObject({ exitCode: 126 });
    expect(screen.text()).toContain('sluice: ');
  });

  test('a wrong secret lets nobody in', async () => {
    await expect((await opened({}, { secret: 'wrong' })).open).rejects.toThrow();
  });

  test('leaving, closing and an administrator’s end all end it', async () => {
    const { open, leave } = await opened();
    const left = await open;
    leave.abort();
    await left.ended;
    await gateway.close();

    const closed = await (await opened()).open;
    closed.stream.resume();
    closed.close();
    await closed.ended;
    await gateway.close();

    const terminated = await (await opened()).open;
    terminated.stream.resume();
    gateway.terminate();
    expect((await terminated.ended).exitCode).toBeNull();
  });
});
