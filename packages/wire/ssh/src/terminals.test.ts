/** Invariant: what is read of a command says whether it gets a terminal; a line of line mode is at the host the text that was judged. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FactsReader } from '@sluice/wire-kit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { clientOptions, hasOpenssh, type OpensshServer, runClient, startOpenssh } from './testing/openssh.ts';
import { plainFacts, startTestGateway, type TestGateway, type TestGatewayOptions } from './testing/test-gateway.ts';

let host: OpensshServer;
let gateway: TestGateway;

const open = async (options: TestGatewayOptions, more: Record<string, unknown> = {}) => {
  const { port, username, clientKey, hostFingerprint } = host;
  gateway = await startTestGateway(
    { port, username, password: clientKey, options: { hostKey: hostFingerprint, ...more } },
    options,
  );
};
const ssh = (parameters: readonly string[], more: Parameters<typeof runClient>[2] = {}) =>
  runClient('ssh', [...clientOptions(gateway.port), ...parameters], more);

describe.skipIf(!hasOpenssh)('terminals', () => {
  beforeAll(async () => {
    host = await startOpenssh(['AcceptEnv LC_ALL']);
  });
  afterAll(() => host.stop());
  afterEach(() => gateway.close());

  test('a command is read as one with a terminal exactly when it gets one', async () => {
    const sessions: unknown[] = [];
    const facts: FactsReader = {
      read: (request) => {
        sessions.push(request.session);
        return plainFacts.read(request);
      },
    };
    await open({ facts });
    await ssh(['-T', 'me@127.0.0.1', 'echo piped']).done;
    await ssh(['-tt', 'me@127.0.0.1', 'echo shown']).done;
    await gateway.close();
    await open({ facts }, { lineMode: 'on' });
    // All at once, with the end of the input behind it: lines are not lost over it.
    expect(await ssh(['-tt', 'me@127.0.0.1'], { input: 'true\nexit 5\n' }).done).toMatchObject({ code: 5 });
    expect(sessions).toMatchObject([
      { terminal: false, standing: false },
      { terminal: true, standing: false },
      { terminal: true, standing: true },
      { terminal: true, standing: true },
    ]);
  });

  test('in line mode no line reaches the host whose bytes its shell could take for keys, or for half a line', async () => {
    const mark = (name: string) => join(host.folder, name);
    await open({}, { lineMode: 'on' });
    const { done, process: client } = ssh(['-tt', '-o', 'SendEnv=LC_ALL', 'me@127.0.0.1'], {
      keepOpen: true,
      env: { LC_ALL: 'C' },
    });
    let shown = '';
    client.stdout!.on('data', (bytes: Buffer) => {
      shown += bytes.toString();
    });
    const until = async (text: string) => {
      while (!shown.includes(text)) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await until('each line is judged');
    // In the locale C, readline reads È as Meta-C and Meta-Ctrl-H: the word before it is gone.
    client.stdin!.write(`echo \u00c8touch ${mark('meta')}\r`);
    await until('a byte may be a key');
    client.stdin!.write('eval \\\r');
    await until('it goes on in the next line');
    client.stdin!.write(`echo '$(touch ${mark('joined')})'\\\\\recho a-$((40+2))\r`);
    await until('a-42');
    client.stdin!.write('exit\r');
    await done;
    expect(['meta', 'joined'].filter((name) => existsSync(mark(name)))).toEqual([]);
    expect(gateway.inspectors[0]!.statements.map(({ text }) => text)).toEqual([
      `echo '$(touch ${mark('joined')})'\\\\`,
      'echo a-$((40+2))',
      'exit',
    ]);
  });
});
