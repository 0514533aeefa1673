/** The bounded form of `npm run transparency`: what psql prints through the relay is what it prints directly, byte for byte. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolFolder } from '../../packages/wire/postgres/src/testing/real-target.ts';
import { openRegressionLane, regressionFolder } from '../../packages/wire/postgres/src/testing/regression.ts';
import { compareOutputs, namedExceptions } from '../../packages/wire/postgres/src/testing/transparency.ts';
import { regressionSuite } from '../regression-suite.mjs';

/** Quick ones of the suite that between them use every message and every way in which a statement may end; `test_setup` first. */
const scripts = [
  'test_setup',
  'copy',
  'copyselect',
  'errors',
  'prepare',
  'portals',
  'portals_p2',
  'transactions',
  'prepared_xacts',
  'guc',
  'plancache',
  'json',
  'arrays',
  'largeobject',
  'temp',
  'async',
  'advisory_lock',
  'psql',
  'psql_crosstab',
  'strings',
];

const suite = await regressionSuite();
const why =
  suite.folder === null ? suite.unavailable : existsSync(join(toolFolder, 'psql')) ? null : 'there is no psql';

describe.skipIf(why !== null)(
  `PostgreSQL’s regression scripts by psql${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    it('print the same through the gateway, but for the named exceptions', async () => {
      const folder = regressionFolder(suite.folder ?? '');
      const outputs: Map<string, Buffer>[] = [];
      try {
        for (const road of ['direct', 'gateway'] as const) {
          const lane = await openRegressionLane(road, folder, road);
          const printed = new Map<string, Buffer>();
          try {
            for (const script of scripts) printed.set(script, await lane.run(script));
            expect(await lane.faults()).toEqual([]);
          } finally {
            await lane.stop();
          }
          outputs.push(printed);
        }
      } finally {
        folder.remove();
      }
      const compared = scripts.map((script) => {
        const [direct, through] = outputs.map((printed) => printed.get(script)!);
        const outcome = compareOutputs(script, direct!, through!, null);
        const { type } = outcome;
        return type === 'different' ? `${script}: ${outcome.lines} lines, ${outcome.excerpt}` : `${script}: ${type}`;
      });
      const excepted = (script: string): boolean => namedExceptions.some((one) => one.script === script);
      expect(compared).toEqual(scripts.map((one) => `${one}: ${excepted(one) ? 'exception' : 'identical'}`));
    }, 180_000);
  },
);
