/**
 * `npm run corpus`: starts a whole Sluice in a folder of its own and runs both corpora on it as an agent, in every way: simple and
 * extended protocol, binary results and `sluice exec`; alone, in a transaction and pipelined; whole and cut at every byte. Takes many
 * minutes. `--as NAME` runs as another of the demo's identities (admin, reviewer, engineer, coding-agent). What else stands behind `--`
 * goes to `sluice corpus run`, e.g. `npm run corpus -- --as reviewer --only PG12 --cuts none`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { removeData, root, startStack } from '../e2e/stack.ts';

const given = process.argv.slice(2);
const as = given.indexOf('--as');
const who = as < 0 ? 'coding-agent' : (given.splice(as, 2)[1] ?? '');
const stack = await startStack();
const args = [
  ...['corpus', 'run', '--connection', 'demo-postgres', '--direct', stack.target(), '--cuts', 'every'],
  ...given,
];
const child = spawn(process.execPath, [join(root, 'apps/cli/dist/sluice.cjs'), ...args], {
  stdio: 'inherit',
  env: { ...process.env, SLUICE_URL: stack.report.url, SLUICE_TOKEN: stack.who(who).apiToken },
});
process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
await stack.stop();
removeData(stack);
