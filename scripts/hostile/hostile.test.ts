/**
 * The hostile-parser set against the gateway's data plane in a process of its own: each attack costs the attacker a session, or an
 * error; a neighbour's session on the same gateway goes on answering meanwhile, and the process stays within a bound of memory.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeQuery } from '../../packages/wire/postgres/src/messages/frontend.ts';
import { type RealTarget, startRealTarget } from '../../packages/wire/postgres/src/testing/real-target.ts';
import { attacks, openerFor } from './attacks.ts';
import type { HostileOptions } from './gateway-process.ts';
import { HostileClient } from './hostile-client.ts';

/** What the whole process may hold after every attack: its own code and two grammars take about 250 MiB. */
const memoryBoundMiB = 1_024;
/** Statements that the neighbour must get answered after an attack began. */
const neighbourStatements = 20;
const grammarPackage = fileURLToPath(new URL('../../packages/languages/postgres-sql/package.json', import.meta.url));
/** Set by hand to see what each attack came to. */
const verbose = process.env.SLUICE_HOSTILE_VERBOSE === '1';
const folder = fileURLToPath(new URL('../../node_modules/.sluice/hostile/', import.meta.url));

let target: RealTarget;
let gateway: ChildProcess;
let port: number;
let neighbour: Neighbour;

beforeAll(async () => {
  target = await startRealTarget('15');
  mkdirSync(folder, { recursive: true });
  const bundle = join(folder, `gateway-${process.pid}.cjs`);
  await build({
    entryPoints: [fileURLToPath(new URL('./gateway-process.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    define: { 'import.meta.url': 'thisModule' },
    banner: { js: "const thisModule = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'silent',
  });
  const grammarFile = createRequire(grammarPackage).resolve('libpg-query/wasm/libpg-query.wasm');
  const { port: targetPort, database, username, password } = target;
  const options: HostileOptions = { grammarFile, verbose, target: { port: targetPort, database, username, password } };
  gateway = fork(bundle, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [ready] = (await once(gateway, 'message')) as [{ port: number }];
  port = ready.port;
  neighbour = new Neighbour(await openerFor(port, target)());
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  neighbour?.stop();
  if (gateway !== undefined && gateway.exitCode === null) {
    gateway.kill('SIGKILL');
    await once(gateway, 'exit');
  }
  await target?.stop();
});

/** Asks one statement after the other, each of its own text, for as long as it is let. */
class Neighbour {
  answered = 0;
  readonly #client: HostileClient;
  #over = false;

  constructor(client: HostileClient) {
    this.#client = client;
    void this.#run();
  }

  get isConnected(): boolean {
    return !this.#client.over;
  }

  async gets(more: number): Promise<void> {
    const from = this.#client.count('Z');
    await this.#client.answered(more, from);
  }

  stop(): void {
    this.#over = true;
    this.#client.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#over && !this.#client.over) {
      const before = this.#client.count('Z');
      await this.#client.send(encodeQuery(`SELECT ${this.answered} AS n`));
      await this.#client.answered(1, before);
      this.answered++;
    }
  }
}

function residentMiB(): number | null {
  const file = `/proc/${gateway.pid}/status`;
  if (!existsSync(file)) return null;
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) / 1_024;
}

describe('costs the attacker a session, and nobody else anything', () => {
  it.each(attacks.map((attack) => [attack.name, attack] as const))('%s', async (_, attack) => {
    const errors = neighbour.answered;
    const [outcome] = await Promise.all([
      attack.run(openerFor(port, target), () => new HostileClient(port)),
      neighbour.gets(neighbourStatements),
    ]);
    expect(outcome).toMatch(attack.expected);
    await neighbour.gets(neighbourStatements);
    expect(neighbour.answered).toBeGreaterThan(errors);
    expect(neighbour.isConnected).toBe(true);
    expect(gateway.exitCode).toBeNull();
    const resident = residentMiB();
    if (verbose) console.log(`${attack.name}: ${outcome}; ${resident?.toFixed(0)} MiB`);
    if (resident !== null) expect(resident).toBeLessThan(memoryBoundMiB);
  });

  it('a session that opens now is served', async () => {
    const client = await openerFor(port, target)();
    const before = client.count('Z');
    await client.send(encodeQuery('SELECT count(*) FROM customers'));
    await client.answered(1, before);
    expect(client.outcome).toBe('answered');
    client.destroy();
  });
});
