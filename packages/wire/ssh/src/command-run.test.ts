import { createServer, type Server as TcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import { opensshKey } from './openssh-key.ts';
import { Client, Server, utils } from './ssh2-library.ts';
import { startTestGateway, type TestGateway, testIdentity } from './testing/test-gateway.ts';

const hostKey = opensshKey(testIdentity().privateKey.reveal());
const status = 7;

let host: TcpServer;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  host.close();
});

/** Answers a command with everything that it has to say in one write: that it runs, its output, its exit status and its end. */
async function startHostOfOneWrite(): Promise<number> {
  const ssh = new Server({ hostKeys: [hostKey] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => context.accept());
  });
  host = createServer((socket) => {
    socket.on('error', () => undefined);
    ssh.once('connection', (connection) => {
      connection.on('session', (accept) =>
        accept().on('exec', (take) => {
          socket.cork();
          setImmediate(() => setImmediate(() => socket.uncork()));
          const channel = take();
          channel.write('done\n');
          channel.exit(status);
          channel.end();
        }),
      );
    });
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  const address = host.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('the exit status of a command that is over in the packet that says it runs is told and recorded', async () => {
  const port = await startHostOfOneWrite();
  const key = utils.parseKey(hostKey);
  if (key instanceof Error) throw key;
  const options = { hostKey: fingerprintOf(key.getPublicSSH()) };
  gateway = await startTestGateway({ port, username: 'me', password: 'x', options }, {});
  const client = new Client();
  const answered = await new Promise<{ readonly output: string; readonly code: unknown }>((resolve, reject) => {
    client.once('error', reject);
    client.once('ready', () =>
      client.exec('true', (error, channel) => {
        if (error !== undefined) return reject(error);
        let output = '';
        channel.on('data', (bytes: Buffer) => {
          output += bytes.toString();
        });
        return channel.once('close', (code: unknown) => resolve({ output, code }));
      }),
    );
    client.connect({ host: '127.0.0.1', port: gateway.port, username: 'me', password: 'secret' });
  });
  client.end();
  expect(answered).toEqual({ output: 'done\n', code: status });
});
