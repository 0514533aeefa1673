/**
 * `npm start`: installs and builds what is missing, then runs the demo: control plane, gateway and a target. Plain Node, because it
 * runs before anything is installed.
 *
 *   npm start -- [--data-dir DIR] [--port N] [--json]
 */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled, root } from './install.mjs';
import { endAll } from './run.mjs';

const OLDEST_NODE = [20, 19];
const DEFAULT_PORT = 3100;
/** Under npm a lost parent means that npm was ended without passing the signal on. */
const PARENT_POLL_MS = 500;

const usage = `npm start -- [--data-dir DIR] [--port N] [--json]
  --data-dir DIR  where everything is kept (default .sluice in the repository); delete it to begin afresh
  --port N        the control plane's port (default ${DEFAULT_PORT}); 0 takes free ports for everything
  --json          one line of JSON on stdout when all is ready; logs go to stderr`;

function readArguments() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        'data-dir': { type: 'string' },
        port: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    throw new Error(`${error.message}\n${usage}`);
  }
  if (values.help) return null;
  const port = Number(values.port ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port wants a number from 0 to 65535, not “${values.port}”`);
  // npm runs scripts in the package's folder; a relative path is meant from where the caller stood.
  const from = process.env.INIT_CWD ?? process.cwd();
  return {
    dataDir: values['data-dir'] ? resolve(from, values['data-dir']) : join(root, '.sluice'),
    port,
    json: values.json ?? false,
  };
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantMajor, wantMinor] = OLDEST_NODE;
  if (major < wantMajor || (major === wantMajor && minor < wantMinor))
    throw new Error(`Sluice needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version}`);
}

let demo;
let stopping;

/** Idempotent: a terminal's Ctrl-C arrives twice, from the terminal and from npm. */
function stop(code) {
  stopping ??= (async () => {
    await endAll();
    await demo?.stop();
    process.exit(code);
  })();
  return stopping;
}

async function main() {
  checkNode();
  const options = readArguments();
  if (!options) return console.log(usage);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));
  if (process.env.npm_lifecycle_event) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && void stop(0), PARENT_POLL_MS).unref();
  }
  const say = (line) => stopping || process.stderr.write(`${line}\n`);
  const started = Date.now();
  const install = await ensureInstalled();
  if (stopping) return;
  // The supervisor imports the generated client; everything else is built while the databases come up.
  await ensureBuilt({ only: ['prisma client'], log: say });
  if (stopping) return;
  const { register } = await import('tsx/esm/api');
  register();
  const { createDemo } = await import(pathToFileURL(join(root, 'scripts/demo/supervisor.ts')).href);
  demo = createDemo(options);
  const built = ensureBuilt({ log: say });
  await Promise.all([demo.start(built), built]);
  const build = await built;
  if (stopping) return;
  const seconds = (ms) => ms.toFixed(1);
  say(
    `install ${seconds(install)} s, build ${seconds(build)} s, ready after ${seconds((Date.now() - started) / 1000)} s in all`,
  );
}

main().catch(async (error) => {
  if (stopping) return;
  process.stderr.write(`\n${error.message}\n${process.env.SLUICE_DEBUG ? error.stack : ''}`);
  await stop(1);
});
