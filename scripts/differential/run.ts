/**
 * `npm run differential`: holds the facts of every statement of PostgreSQL's own regression suite against what the server changed.
 * Options: `--only boolean,select` (some scripts), `--write-docs` (the table into docs/facts.md), `--list incomplete|over|undecided`
 * (statements, one a line), `--json FILE` (every statement as one line of JSON, script by script).
 */
import { appendFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runDifferential } from './differential.ts';
import { writeDocuments } from './documents.ts';
import { listing, summary } from './report.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    'write-docs': { type: 'boolean', default: false },
    list: { type: 'string', default: '' },
    json: { type: 'string', default: '' },
  },
});

const only = values.only.split(',').filter((name) => name !== '');
if (values.json !== '') rmSync(values.json, { force: true });
const result = await runDifferential({
  only,
  say: (line) => process.stderr.write(`${line}\n`),
  onScript: (statements) => {
    if (values.json !== '') appendFileSync(values.json, statements.map((one) => `${JSON.stringify(one)}\n`).join(''));
  },
});
process.stdout.write(summary(result));
if (values.list !== '') process.stdout.write(listing(result, values.list));
if (values['write-docs']) {
  if (result.files.own || only.length > 0) process.stderr.write('the tables are written for the whole suite only\n');
  else writeDocuments(result);
}
process.exit(result.statements.some(({ wrong }) => wrong !== null) ? 1 : 0);
