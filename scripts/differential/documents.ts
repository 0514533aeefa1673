/** Writes the tables of a whole run into docs/facts.md, between its two marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DifferentialResult } from './differential.ts';
import { countedReasons, kindOfCommand, percent, rowOf, rowsBy, table } from './report.ts';

const file = fileURLToPath(new URL('../../docs/facts.md', import.meta.url));
const begin = '<!-- differential: begin -->';
const end = '<!-- differential: end -->';
/** Commands with fewer statements stand together in one row. */
const leastStatements = 20;

export function writeDocuments(result: DifferentialResult): void {
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for the tables`);
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${tables(result)}\n${text.slice(to)}`);
}

function tables({ files, statements, tooLong }: DifferentialResult): string {
  const all = rowOf('all', statements);
  const counts = new Map(rowsBy(statements, ({ command }) => command).map(({ name, ran }) => [name, ran]));
  const commandOf = (command: string): string =>
    (counts.get(command) ?? 0) < leastStatements ? 'other commands' : command;
  const ran = statements.filter(({ failed }) => !failed);
  const undecided = ran.filter((one) => one.undecided).length;
  return [
    `Statements: ${files.title}, ${files.scripts.length} of ${files.all} scripts.${tooLong.length > 0 ? ` Ended because they took too long: ${tooLong.join(', ')}.` : ''}`,
    '',
    table([...rowsBy(statements, kindOfCommand(statements)), all], 'kind'),
    `Over-claimed: ${all.over} of the ${all.claimed} statements whose facts claim a write (${percent(all.over, all.claimed)}); ${undecided} could not be decided.`,
    '',
    table(
      rowsBy(statements, ({ command }) => commandOf(command)),
      'command',
    ),
    'Why facts were incomplete:',
    '',
    ...countedReasons(ran).map(([reason, count]) => `- ${count}: ${reason}`),
    '',
  ].join('\n');
}
