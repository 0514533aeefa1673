/**
 * Does the gateway change what a client sees? PostgreSQL's own regression scripts, run by psql directly and through the relay with
 * nothing refused and nothing masked, compared byte for byte: `npm run transparency [-- --only select,copy] [--keep FOLDER]`.
 *
 * Each road has a fresh server of its own. A second direct run tells what differs from run to run by itself. Exits 1 when a script
 * differs for no named reason, 2 when the suite or psql cannot be had.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toolFolder } from '../../packages/wire/postgres/src/testing/real-target.ts';
import {
  openRegressionLane,
  type RegressionFolder,
  regressionFolder,
  scheduledScripts,
} from '../../packages/wire/postgres/src/testing/regression.ts';
import { type Comparison, compareOutputs } from '../../packages/wire/postgres/src/testing/transparency.ts';
import { regressionSuite } from '../regression-suite.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' }, keep: { type: 'string' } } });

const roads = ['direct', 'again', 'gateway'] as const;
type Road = (typeof roads)[number];
type Outputs = ReadonlyMap<string, Buffer>;

async function main(): Promise<number> {
  const suite = await regressionSuite();
  if (suite.folder === null) return skipped(`the regression suite cannot be had: ${suite.unavailable}`);
  if (!existsSync(join(toolFolder, 'psql'))) return skipped(`there is no psql in ${toolFolder}`);
  const only = values.only?.split(',');
  const scripts = scheduledScripts(suite.folder).filter(
    (name) => name === 'test_setup' || only === undefined || only.includes(name),
  );
  const folder = regressionFolder(suite.folder);
  const outputs = {} as Record<Road, Outputs>;
  try {
    for (const road of roads) outputs[road] = await runAll(road, folder, scripts);
  } finally {
    folder.remove();
  }
  if (values.keep !== undefined) for (const road of roads) keep(join(values.keep, road), outputs[road]);
  console.log(`PostgreSQL ${suite.version}`);
  return report(scripts, outputs);
}

function skipped(why: string): number {
  console.log(`skipped: ${why}`);
  return 2;
}

async function runAll(road: Road, folder: RegressionFolder, scripts: readonly string[]): Promise<Outputs> {
  const lane = await openRegressionLane(road, folder, road === 'gateway' ? 'gateway' : 'direct');
  const outputs = new Map<string, Buffer>();
  const startedAt = performance.now();
  try {
    for (const script of scripts) {
      outputs.set(script, await lane.run(script));
      console.error(`${road} ${script} ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    }
    for (const fault of await lane.faults()) console.log(`${road}: a session ended: ${fault}`);
  } finally {
    await lane.stop();
  }
  return outputs;
}

function report(scripts: readonly string[], outputs: Readonly<Record<Road, Outputs>>): number {
  const totals = new Map<Comparison['type'], number>();
  for (const script of scripts) {
    const [direct, again, through] = roads.map((road) => outputs[road].get(script) ?? Buffer.alloc(0));
    const compared = compareOutputs(script, direct!, through!, again!);
    totals.set(compared.type, (totals.get(compared.type) ?? 0) + 1);
    console.log(`${script.padEnd(28)} ${inWords(compared)}`);
  }
  console.log([...totals].map(([type, count]) => `${count} ${type}`).join(', '));
  return totals.has('different') ? 1 : 0;
}

function inWords(compared: Comparison): string {
  switch (compared.type) {
    case 'identical':
      return 'identical';
    case 'nondeterministic':
      return 'differs between two direct runs';
    case 'exception':
      return `exception ${compared.exception.name} (${compared.lines} lines): ${compared.exception.why}`;
    case 'different':
      return `DIFFERENT (${compared.lines} lines)\n${compared.excerpt}`;
  }
}

function keep(folder: string, outputs: Outputs): void {
  mkdirSync(folder, { recursive: true });
  for (const [script, text] of outputs) writeFileSync(join(folder, `${script}.out`), text);
}

process.exitCode = await main();
