import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import next from 'next';
import { pino } from 'pino';
import { readEnvironment } from './src/env.ts';
import { ControlPlaneNode } from './src/server/control-plane-node.ts';

/** After this long a stopping node ends whatever is left, in ms. */
const stopMs = 4_500;

const env = readEnvironment();
// Stdout says one thing only: that the node is ready.
const log = pino({ level: env.logLevel, base: null }, pino.destination(2));

const here = dirname(fileURLToPath(import.meta.url));
const dir = basename(here) === 'dist' ? dirname(here) : here;

const node = await ControlPlaneNode.open(env, log);

let stopping = false;
function stop(signal: string): void {
  if (stopping) return;
  stopping = true;
  log.info({ signal }, 'stopping');
  setTimeout(() => process.exit(0), stopMs).unref();
  node.close().then(
    () => process.exit(0),
    (error: unknown) => {
      log.error({ err: error }, 'stopping failed');
      process.exit(1);
    },
  );
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

const pages = next({ dev: env.development, dir, hostname: 'localhost', port: env.port, httpServer: node.server });
await pages.prepare();
const handler = pages.getRequestHandler();
const port = await node.listen((request, response) => handler(request, response));
log.info({ port, publicUrl: env.publicUrl }, 'ready');
process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
