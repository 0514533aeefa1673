/**
 * `npm run kill-test -- --times 200 --seed 1`: SIGKILL at random moments of a running workload, to the gateway, the control plane and
 * its database in turns. Exits 1 when something acknowledged was lost, something unrecorded ran, or a verifier names damage.
 */
import { parseArgs } from 'node:util';
import { removeData, startStack } from '../../e2e/stack.ts';
import { killTest } from './kill-test.ts';

const { values } = parseArgs({
  options: { times: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});

const stack = await startStack();
let code = 1;
try {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const report = await killTest(stack, { times: Number(values.times), seed: Number(values.seed), say });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  const wrong = [report.lost, report.unrecorded, report.lostMutations, report.problems].some((list) => list.length > 0);
  code = wrong ? 1 : 0;
} finally {
  await stack.stop();
  if (code === 0) removeData(stack);
  else process.stderr.write(`kept for a look: ${stack.report.dataDir}\n`);
}
process.exitCode = code;
