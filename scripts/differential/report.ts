/** Tables and lists of one run. */
import type { ComparedStatement } from './comparison.ts';
import type { DifferentialResult } from './differential.ts';

const reasonsShown = 40;

export interface Row {
  readonly name: string;
  readonly ran: number;
  readonly complete: number;
  readonly wrong: number;
  readonly claimed: number;
  readonly over: number;
  readonly failed: number;
}

export function rowsBy(
  statements: readonly ComparedStatement[],
  nameOf: (one: ComparedStatement) => string,
): readonly Row[] {
  const groups = new Map<string, ComparedStatement[]>();
  for (const one of statements) {
    const name = nameOf(one);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [one]);
    else group.push(one);
  }
  return [...groups].map(([name, group]) => rowOf(name, group)).sort((one, other) => other.ran - one.ran);
}

/** Blocks and calls are procedures whatever is known of them. */
const procedures: ReadonlySet<string> = new Set(['DO', 'CALL']);

/**
 * The kind that a command mostly has where its facts are complete. The facts' own kind would not do for counting: a call that is not
 * proved makes any statement a `procedure`, and a complete one leaves its kind alone.
 */
export function kindOfCommand(statements: readonly ComparedStatement[]): (one: ComparedStatement) => string {
  const counts = new Map<string, Map<string, number>>();
  for (const { command, kind, complete, failed } of statements) {
    if (!complete || failed) continue;
    const kinds = counts.get(command) ?? new Map<string, number>();
    counts.set(command, kinds.set(kind, (kinds.get(kind) ?? 0) + 1));
  }
  return ({ command, kind }) => {
    if (procedures.has(command)) return 'procedure';
    const [most] = [...(counts.get(command) ?? [])].sort((one, other) => other[1] - one[1]);
    return most?.[0] ?? kind;
  };
}

export function rowOf(name: string, statements: readonly ComparedStatement[]): Row {
  const ran = statements.filter(({ failed }) => !failed);
  const count = (test: (one: ComparedStatement) => boolean): number => ran.filter(test).length;
  return {
    name,
    ran: ran.length,
    complete: count(({ complete }) => complete),
    wrong: count(({ wrong }) => wrong !== null),
    claimed: count((one) => one.claimsWrite),
    over: count(({ overClaimed }) => overClaimed),
    failed: statements.length - ran.length,
  };
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

export function table(rows: readonly Row[], first: string): string {
  const head = [
    first,
    'statements',
    'complete',
    'complete %',
    'complete but wrong',
    'over-claimed',
    'failed at the server',
  ];
  const cells = rows.map(({ name, ran, complete, wrong, over, failed }) => [
    name,
    String(ran),
    String(complete),
    percent(complete, ran),
    String(wrong),
    String(over),
    String(failed),
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return `${[line(head), rule, ...cells.map(line)].join('\n')}\n`;
}

export function summary({ files, statements, tooLong }: DifferentialResult): string {
  const all = rowOf('all', statements);
  const ran = statements.filter(({ failed }) => !failed);
  const parts = [
    `\n${files.title}${files.because === null ? '' : ` (the suite cannot be had: ${files.because})`}\n`,
    table([...rowsBy(statements, kindOfCommand(statements)), all], 'kind'),
    table(
      rowsBy(statements, ({ command }) => command),
      'command',
    ),
    `over-claimed: ${all.over} of ${all.claimed} statements whose facts claim a write (${percent(all.over, all.claimed)}), ${percent(all.over, all.ran)} of all; ${ran.filter(({ undecided }) => undecided).length} undecided\n`,
    tooLong.length > 0 ? `ended because they took too long: ${tooLong.join(', ')}\n` : '',
    `\nreasons for incomplete facts:\n${reasons(ran)}`,
    ...ran
      .filter(({ wrong }) => wrong !== null)
      .map((one) => `\nCOMPLETE BUT WRONG ${one.script}: ${one.wrong}\n  ${oneLine(one.text)}\n`),
  ];
  return parts.join('\n');
}

function reasons(ran: readonly ComparedStatement[]): string {
  return countedReasons(ran)
    .slice(0, reasonsShown)
    .map(([reason, count]) => `${String(count).padStart(6)} ${reason}\n`)
    .join('');
}

/** Why facts are incomplete, without names, most frequent first. */
export function countedReasons(ran: readonly ComparedStatement[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { because } of ran)
    if (because !== null) counts.set(reasonClass(because), (counts.get(reasonClass(because)) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1]);
}

/** Without the names in it. */
function reasonClass(because: string): string {
  return because.replace(/the (relation|function) \S+/, 'the $1 …').replace(/^syntax error.*/, 'syntax error');
}

/** Statements of one sort, one a line, for whoever mends the facts. */
export function listing({ statements }: DifferentialResult, sort: string): string {
  const test: Readonly<Record<string, (one: ComparedStatement) => boolean>> = {
    incomplete: ({ complete }) => !complete,
    over: ({ overClaimed }) => overClaimed,
    undecided: ({ undecided }) => undecided,
  };
  const wanted = test[sort];
  if (wanted === undefined) throw new Error(`--list takes ${Object.keys(test).join(', ')}`);
  return statements
    .filter((one) => !one.failed && wanted(one))
    .map(({ script, kind, because, text }) => `${script}\t${kind}\t${because ?? ''}\t${oneLine(text)}\n`)
    .join('');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 400);
}
