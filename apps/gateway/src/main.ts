/** `gateway run` — and, in a worker thread of the same file, the parser. */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { SluiceError } from '@sluice/domain';
import { newConfirmationCode } from '@sluice/keys';
import { languages } from '@sluice/protocols/languages';
import { pino } from 'pino';
import { type GatewayEnvironment, readEnvironment } from './env.ts';
import { startGateway } from './gateway.ts';
import { runParseWorker } from './parse-worker.ts';
import { StateStore } from './state-store.ts';
import { gatewayVersion } from './version.ts';

/** How long a confirmation code is good. */
const codeLifeMs = 3_600_000;
/** Heap of one parse worker, in MiB; the grammar's own memory lies beside it. */
const parserHeapMiB = 512;
/** Stack of one parse worker, in MiB: deep statements must not break the grammar. */
const parserStackMiB = 4;

const usage = `usage: sluice-gateway run [--floor FILE] | confirmation-code | version

  confirmation-code       prints a code, good for one hour and once, to confirm another gateway of the group with

Environment:
  SLUICE_URL              the control plane, e.g. https://sluice.example.com
  SLUICE_GATEWAY_DATA     a folder of this gateway's own (keys, last policy, spool)
  SLUICE_ENROL_TOKEN      needed once, from the gateways page
  SLUICE_ALLOW_TARGETS    host:port,host:*,… that this gateway may dial
  SLUICE_FLOOR_FILE       this gateway's own caps on what any policy may grant; SIGHUP reads it again
`;

async function main(): Promise<number> {
  const command = process.argv[2] ?? 'run';
  if (command === 'version') {
    process.stdout.write(`${gatewayVersion}\n`);
    return 0;
  }
  if (command !== 'run' && command !== 'confirmation-code') {
    process.stderr.write(usage);
    return 2;
  }
  let env: GatewayEnvironment;
  try {
    env = withFlags(readEnvironment(), process.argv.slice(3));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  return command === 'run' ? run(env) : printCode(env);
}

/** The running gateway reads the code from its folder when a member waits for credentials. */
function printCode(env: GatewayEnvironment): number {
  const code = newConfirmationCode();
  new StateStore(env.dataDir).keepConfirmationCode(code, new Date(Date.now() + codeLifeMs));
  process.stdout.write(`${code}\n`);
  return 0;
}

/** Throws for a flag that there is not: one that is ignored could have closed something. */
function withFlags(env: GatewayEnvironment, flags: readonly string[]): GatewayEnvironment {
  const [flag, value, ...more] = flags;
  if (flag === undefined) return env;
  if (flag !== '--floor' || value === undefined || more.length > 0)
    throw new Error(`the gateway does not know ${flags.join(' ')}`);
  return { ...env, floorFile: value };
}

async function run(env: GatewayEnvironment): Promise<number> {
  const log = pino({ level: env.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  try {
    const gateway = await startGateway(env, log, spawnParser);
    void gateway.ready.then(() =>
      process.stdout.write(`${JSON.stringify({ ready: true, gatewayId: gateway.gatewayId })}\n`),
    );
    process.on('SIGHUP', () => gateway.reloadFloor());
    await stopped;
    await gateway.stop();
    return 0;
  } catch (error) {
    const words =
      error instanceof SluiceError
        ? { code: error.code, hint: error.hint }
        : { error: error instanceof Error ? error.stack : String(error) };
    log.fatal(words, error instanceof Error ? error.message : 'the gateway could not start');
    return 1;
  }
}

function spawnParser(): Worker {
  return new Worker(__filename, {
    workerData: { role: 'parser' },
    resourceLimits: { maxOldGenerationSizeMb: parserHeapMiB, stackSizeMb: parserStackMiB },
  });
}

if (isMainThread) {
  void main().then((code) => process.exit(code));
} else if ((workerData as { role?: unknown } | null)?.role === 'parser') {
  void runParseWorker(languages);
}
