/**
 * Fuzzing of what reads the bytes and texts of clients, guided by coverage:
 * `npm run fuzz [-- --seconds 60 --seed 7 --only framing,messages,session,relay,facts]`.
 *
 * For each target a planted bug must be found first: silence of a fuzzer that finds nothing proves nothing. A crash is written to
 * `scripts/fuzz/crashes`, where a unit test runs it ever after. Exits 1 when a planted bug was missed or a crash was found.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Coverage } from './coverage.ts';
import { type Crash, type FuzzResult, fuzz, smaller } from './loop.ts';
import { isUnderTest, loadTargets } from './targets.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    executions: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
});

/** A planted bug must show within this many executions; the target itself gets what is asked for. */
const plantedExecutions = 200_000;
const crashFolder = fileURLToPath(new URL('./crashes', import.meta.url));

async function main(): Promise<void> {
  const seed = values.seed === undefined ? Date.now() >>> 0 : Number(values.seed);
  const milliseconds = values.executions === undefined ? Number(values.seconds) * 1_000 : Number.POSITIVE_INFINITY;
  const executions = values.executions === undefined ? Number.POSITIVE_INFINITY : Number(values.executions);
  const coverage = new Coverage(isUnderTest);
  coverage.start();
  const only = values.only?.split(',');
  console.log(`seed ${seed}`);
  for (const { real, planted } of await loadTargets(only)) {
    const found = await fuzz(planted, coverage, {
      seed,
      executions: plantedExecutions,
      milliseconds: Number.POSITIVE_INFINITY,
    });
    if (found.crash === null) fail(`${planted.name}: the planted bug was not found in ${found.executions} executions`);
    else console.log(`${planted.name}: found after ${found.crash.after} executions: ${words(found.crash.error)}`);
    const result = await fuzz(real, coverage, { seed, executions, milliseconds });
    console.log(line(real.name, result));
    if (result.crash === null) continue;
    const crash = await smaller(real, result.crash);
    fail(`${real.name}: ${words(crash.error)}; input kept as ${keep(real.name, crash)}`);
  }
  coverage.stop();
}

function line(name: string, result: FuzzResult): string {
  return `${name}: ${result.executions} executions, corpus ${result.corpus}, ${result.covered.ran} of ${result.covered.all} characters of code covered, ${result.crash === null ? 'no crash' : 'CRASH'}`;
}

function keep(name: string, { input }: Crash): string {
  const folder = join(crashFolder, name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`);
  writeFileSync(file, input);
  return file;
}

function words(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function fail(text: string): void {
  console.log(`✗ ${text}`);
  process.exitCode = 1;
}

await main();
