/** A short run of the fuzzer with a fixed seed, and every input that ever broke something. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Coverage } from './coverage.ts';
import { failureOf, fuzz } from './loop.ts';
import type { Fuzzed } from './target.ts';
import { isUnderTest, loadTargets, targetNames } from './targets.ts';

const seed = 20_261_124;
/** Executions of one target: together a few seconds, and fewer where one takes long. */
const executions = 2_000;
const slow: Readonly<Record<string, number>> = { facts: 300, relay: 60 };
/** The planted bugs need at most a few thousand. */
const plantedExecutions = 60_000;
const crashes = fileURLToPath(new URL('./crashes', import.meta.url));

const coverage = new Coverage(isUnderTest);
const targets = new Map<string, Fuzzed>();

beforeAll(async () => {
  coverage.start();
  for (const fuzzed of await loadTargets()) targets.set(fuzzed.real.name, fuzzed);
});
afterAll(() => coverage.stop());

const limits = { seed, milliseconds: Number.POSITIVE_INFINITY };

describe.each(targetNames)('%s', (name) => {
  it('finds the planted bug', async () => {
    const { crash } = await fuzz(targets.get(name)!.planted, coverage, { ...limits, executions: plantedExecutions });
    expect(crash).not.toBeNull();
  });

  it('finds nothing in the code itself, and reaches more of it than its first inputs', async () => {
    const { real } = targets.get(name)!;
    const result = await fuzz(real, coverage, { ...limits, executions: slow[name] ?? executions });
    const { crash } = result;
    expect(crash === null ? null : `${crash.input.toString('hex')}: ${String(crash.error)}`).toBeNull();
    expect(result.covered.ran).toBeGreaterThan(0);
    expect(result.executions).toBeGreaterThanOrEqual(slow[name] ?? executions);
  });

  const folder = join(crashes, name);
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    it(`what once broke it no longer does: ${file}`, async () => {
      expect(await failureOf(targets.get(name)!.real, readFileSync(join(folder, file)))).toBeNull();
    });
  }
});
