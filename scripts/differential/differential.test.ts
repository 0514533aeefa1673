/** A few scripts of the differential proof, in every test run: the whole is `npm run differential`. */
import { describe, expect, it } from 'vitest';
import { hasPsql } from '../../packages/wire/postgres/src/testing/real-target.ts';
import { hasEmbeddedPostgres } from '../postgres.mjs';
import { runDifferential } from './differential.ts';
import { rowOf } from './report.ts';

const scripts = ['insert', 'copy2', 'select_into', 'truncate', 'temp'];
/** Units: percent of the statements that the server ran. */
const completeFloor = 95;
const overClaimCeiling = 2;

const missing = [...(hasPsql ? [] : ['psql']), ...(hasEmbeddedPostgres('15') ? [] : ['the embedded PostgreSQL 15'])];

describe.skipIf(missing.length > 0)(
  `differential proof${missing.length > 0 ? ` (skipped: without ${missing.join(' and ')})` : ''}`,
  () => {
    it('the facts of the regression suite’s statements say all that the server changed', async () => {
      const result = await runDifferential({ only: scripts, say: () => undefined });
      const wrong = result.statements.filter((one) => one.wrong !== null);
      expect(wrong.map(({ script, text, wrong: what }) => `${script}: ${what}: ${text}`)).toEqual([]);
      expect(result.tooLong).toEqual([]);
      const all = rowOf('all', result.statements);
      expect((100 * all.complete) / all.ran).toBeGreaterThanOrEqual(completeFloor);
      expect((100 * all.over) / all.ran).toBeLessThanOrEqual(overClaimCeiling);
    }, 600_000);
  },
);
