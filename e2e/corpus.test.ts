/** Invariant: what the corpora say must be refused changes and shows nothing, what they say must be allowed is allowed; by `sluice corpus run`. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeData, root, run, type Stack, startStack } from './stack.ts';

interface Finding {
  readonly id: string;
  readonly judgement: string;
  readonly outcome: string;
  readonly code: string;
  readonly gap: string | null;
  readonly delivery: { readonly path: string; readonly position: string; readonly cut: boolean };
}
interface Report {
  readonly findings: readonly Finding[];
  readonly totals: Readonly<
    Record<'forms' | 'tries' | 'heldTo' | 'through' | 'refused' | 'unexpected' | 'gaps', number>
  >;
}

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
}, 300_000);
afterAll(async () => {
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
});

const cli = join(root, 'apps/cli/dist/sluice.cjs');

async function corpusRun(args: readonly string[]): Promise<Report> {
  const { code, out, err } = await run(process.execPath, [cli, 'corpus', 'run', '--format', 'json', ...args], {
    env: { ...process.env, SLUICE_URL: stack.report.url, SLUICE_TOKEN: stack.who('coding-agent').apiToken },
    limitMs: 600_000,
  });
  if (out === '') throw new Error(`sluice corpus run ended with ${code}:\n${err.slice(-4_000)}`);
  return JSON.parse(out) as Report;
}

/** Every form by both paths of the protocol alone and whole; of the other ways a share, always the same. */
const ways = ['--paths', 'simple,extended,binary,exec', '--cuts', 'every', '--one-in', '61'];

it('an agent meets 0 effects, 0 unmasked reads and 0 refusals of honest statements', async () => {
  const report = await corpusRun(['--connection', 'demo-postgres', '--direct', stack.target(), ...ways]);
  expect(report.findings.filter((finding) => finding.gap === null)).toEqual([]);
  expect(report.totals).toMatchObject({ through: 0, refused: 0, unexpected: 0 });
  expect(report.totals.forms).toBeGreaterThan(1_400);
  expect(report.totals.tries).toBeGreaterThan(report.totals.forms * 2 - 300);
}, 600_000);

it('the same forms act and show at an unguarded server, so the runner would have seen it', async () => {
  const report = await corpusRun([
    '--unguarded',
    '--direct',
    stack.target(),
    '--only',
    'PG01,PG28,MK01',
    '--positions',
    'alone',
  ]);
  const through = new Set(report.findings.filter(({ judgement }) => judgement === 'through').map(({ id }) => id));
  for (const id of ['PG01-a', 'PG28-a', 'MK01-a', 'MK01-h']) expect([...through]).toContain(id);
  expect(through.size).toBeGreaterThan(60);
}, 300_000);
