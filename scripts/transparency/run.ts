/**
 * Does the gateway change what a client sees? PostgreSQL's own regression scripts, run by psql directly and through the relay with
 * nothing refused and nothing masked, compared byte for byte: `npm run transparency [-- --only select,copy] [--keep FOLDER]`.
 *
 * Each road has a fresh server of its own. A second direct road tells what differs from run to run by itself.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  openRegressionLane,
  type RegressionLane,
  regressionFolder,
  scheduledScripts,
} from '../../packages/wire/postgres/src/testing/regression.ts';
import { regressionSuite } from '../regression-suite.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' }, keep: { type: 'string' } } });

interface Road {
  readonly name: 'direct' | 'again' | 'gateway';
  readonly outputs: Map<string, Buffer>;
}

async function main(): Promise<void> {
  const suite = await regressionSuite();
  if (suite.folder === null) throw new Error(`the regression suite cannot be had: ${suite.unavailable}`);
  const only = values.only?.split(',');
  const scripts = scheduledScripts(suite.folder).filter((name) => only === undefined || only.includes(name) || name === 'test_setup');
  const folder = regressionFolder(suite.folder);
  const roads: Road[] = [];
  try {
    for (const name of ['direct', 'again', 'gateway'] as const) {
      const lane = await openRegressionLane(name, folder, name === 'gateway' ? 'gateway' : 'direct');
      try {
        roads.push({ name, outputs: await runAll(lane, scripts) });
        for (const fault of await lane.faults()) console.log(`  ${name}: session ended: ${fault}`);
      } finally {
        await lane.stop();
      }
    }
  } finally {
    folder.remove();
  }
  if (values.keep !== undefined) keep(values.keep, roads);
}

async function runAll(lane: RegressionLane, scripts: readonly string[]): Promise<Map<string, Buffer>> {
  const outputs = new Map<string, Buffer>();
  const startedAt = performance.now();
  for (const script of scripts) {
    const begun = performance.now();
    outputs.set(script, await lane.run(script));
    console.error(`${lane.name} ${script} ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
  console.log(`${lane.name}: ${scripts.length} scripts in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return outputs;
}

function keep(folder: string, roads: readonly Road[]): void {
  for (const { name, outputs } of roads) {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [script, text] of outputs) writeFileSync(join(folder, name, `${script}.out`), text);
  }
}

await main();
