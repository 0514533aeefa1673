import { createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { manifestByName } from '@sluice/protocols/manifests';
import { Command } from 'commander';
import { type ApiClient, explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { tell, write } from '../output.ts';
import { openRelayStream, runPassword } from '../relay-stream.ts';

/** Clients of one listener at once. */
const maxClients = 64;

interface ConnectOptions {
  readonly port?: number;
  readonly json?: boolean;
  readonly stdio?: boolean;
  readonly key?: string;
}

export function connectCommand(env: CliEnvironment): Command {
  return new Command('connect')
    .description('Open a local port for an ordinary client of this connection')
    .argument('<name>', 'the connection')
    .option('--port <port>', 'the local port; a free one when missing', Number)
    .option('--json', 'print where to connect as one line of JSON')
    .option('--stdio', 'carry one client’s bytes over standard input and output instead of a port')
    .option('--key <fingerprint>', 'with --stdio: the client proves this public key instead of a password')
    .action(async (name: string, options: ConnectOptions) => {
      const signIn = signedIn(env);
      const api = openApi(signIn);
      if (options.stdio === true) {
        await carryStdio(api, name, options.key);
        return;
      }
      const connection = await api.connections.showConnection.query({ name }).catch(explainApiError);
      const password = runPassword();
      const server = createServer({ maxConnections: maxClients, noDelay: true } as object, (socket) => {
        void serve(socket, api, name, password);
      });
      const port = await listen(server, options.port ?? 0);
      const manifest = manifestByName(connection.protocol);
      const place = {
        name,
        host: '127.0.0.1',
        port,
        caFile: '',
        username: 'sluice',
        secret: password.reveal(),
        options: connection.options,
      };
      if (options.json === true)
        write(`${JSON.stringify({ host: place.host, port, password: place.secret, protocol: connection.protocol })}\n`);
      else {
        write(`Listening on 127.0.0.1:${port} for ${name}. Password of this run: ${place.secret}\n\n`);
        // The first hints are for terminals; the whole list is on the connection's page.
        for (const hint of (manifest?.connectHints(place) ?? []).filter(
          ({ language }) => language === 'shell' || language === 'url',
        ))
          write(`${hint.title}\n  ${hint.text}\n\n`);
        write('Ctrl-C ends it.\n');
      }
      await new Promise<void>((resolve) => {
        process.once('SIGINT', () => resolve());
        process.once('SIGTERM', () => resolve());
      });
      server.close();
      process.exit(exitCodes.ok);
    });
}

/** For clients that start a program to reach a server by. */
async function carryStdio(api: ApiClient, name: string, fingerprint: string | undefined): Promise<void> {
  if (fingerprint === undefined)
    throw new CliError(exitCodes.usage, '--stdio needs --key', 'It is what `sluice ssh` starts; use that.');
  const { stream } = await openRelayStream(api, name, { fingerprint });
  // Whichever side ends first ends the other: half a connection is of no use here.
  await Promise.race([pipeline(process.stdin, stream), pipeline(stream, process.stdout)]).catch(() => undefined);
  process.exit(exitCodes.ok);
}

async function serve(
  socket: Socket,
  api: ApiClient,
  name: string,
  password: ReturnType<typeof runPassword>,
): Promise<void> {
  socket.on('error', () => undefined);
  socket.pause();
  try {
    const { stream } = await openRelayStream(api, name, password);
    await Promise.all([pipeline(socket, stream), pipeline(stream, socket)]);
  } catch (error) {
    if (error instanceof CliError) tell(`sluice: ${error.message}`);
  } finally {
    socket.destroy();
  }
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new CliError(
          exitCodes.failed,
          `cannot listen on port ${port}: ${error.message}`,
          'Choose another with --port.',
        ),
      ),
    );
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
}
