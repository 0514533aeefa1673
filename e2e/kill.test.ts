/** A few kills of the kill test, so that `npm test` shows it at work; `npm run kill-test` runs hundreds. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killTest } from '../scripts/kill-test/kill-test.ts';
import { removeData, type Stack, startStack } from './stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
}, 600_000);

afterAll(async () => {
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
});

it('six kills: nothing acknowledged is lost, nothing unrecorded ran, chains and checkpoints are whole', async () => {
  const report = await killTest(stack, { times: 6, seed: 4, say: () => undefined });
  expect(report).toMatchObject({ lost: [], unrecorded: [], lostMutations: [], problems: [] });
  expect(report.acknowledged).toBeGreaterThan(0);
  expect(report.atTarget).toBeGreaterThanOrEqual(report.acknowledged);
  expect(report.mutations).toBeGreaterThan(0);
}, 1_200_000);
