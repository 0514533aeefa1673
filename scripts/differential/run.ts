/**
 * `npm run differential`: holds the facts of every statement of PostgreSQL's own regression suite against what the server changed.
 * Options: `--only boolean,select` (some scripts), `--write-docs` (the table into docs/facts.md), `--list incomplete|over|undecided`
 * (statements, one a line), `--json FILE` (every statement as one line of JSON,
 * script by script), `--from FILE` (the tables of such a file, without a run).
 */
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { regressionSuite } from '../regression-suite.mjs';
import type { ComparedStatement } from './comparison.ts';
import { type DifferentialResult, runDifferential } from './differential.ts';
import { writeDocuments } from './documents.ts';
import { listing, summary } from './report.ts';
import { scheduled, suiteTitle } from './suite.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    'write-docs': { type: 'boolean', default: false },
    list: { type: 'string', default: '' },
    json: { type: 'string', default: '' },
    from: { type: 'string', default: '' },
  },
});

const only = values.only.split(',').filter((name) => name !== '');
const result = values.from === '' ? await run() : await earlier(values.from);
process.stdout.write(summary(result));
if (values.list !== '') process.stdout.write(listing(result, values.list));
if (values['write-docs']) {
  if (result.files.own || only.length > 0) process.stderr.write('the tables are written for the whole suite only\n');
  else writeDocuments(result);
}
process.exit(result.statements.some(({ wrong }) => wrong !== null) ? 1 : 0);

async function run(): Promise<DifferentialResult> {
  if (values.json !== '') rmSync(values.json, { force: true });
  return runDifferential({
    only,
    say: (line) => process.stderr.write(`${line}\n`),
    onScript: (statements) => {
      if (values.json !== '') appendFileSync(values.json, statements.map((one) => `${JSON.stringify(one)}\n`).join(''));
    },
  });
}

/** The tables once more, from what an earlier whole run of the suite wrote. */
async function earlier(file: string): Promise<DifferentialResult> {
  const { version, folder } = await regressionSuite();
  const lines = readFileSync(file, 'utf8').split('\n');
  const statements = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ComparedStatement);
  const files = {
    title: suiteTitle(version ?? 'unknown'),
    own: false,
    because: null,
    all: folder === null ? 0 : scheduled(folder).length,
  };
  return {
    files: { ...files, scripts: [...new Set(statements.map(({ script }) => script))] },
    statements,
    tooLong: [],
  };
}
