/** An explanation as people read it in a terminal. */
import type { ExplainedRule, ExplainedStatement, Explanation } from '@sluice/domain';

/** Names shown of one list; `--format json` has them all. */
const maxShownNames = 12;

export function explanationText(explanation: Explanation, who: string, connection: string): string {
  const { action, rule, reason, policyVersion, statements, moreStatements, rules } = explanation;
  const by = policyVersion === null ? 'the draft' : `policy version ${policyVersion}`;
  const lines = [
    `${action.toUpperCase()}  for ${who} on ${connection}, by ${by}. Nothing was run.`,
    rule === null ? reason : `${reason} (rule ${rule})`,
    ...terms(explanation),
    '',
    ...statements.flatMap((statement, index) => [...statementLines(statement, index, statements.length), '']),
  ];
  if (moreStatements > 0) lines.push(`… and ${moreStatements} more statements, which count for the verdict too.`, '');
  const met = rules.filter((one) => one.matched || one.error !== null);
  lines.push(...ruleLines(met, rule), `${rules.length - met.length} other rules do not match.`, '');
  return lines.join('\n');
}

/** The rule that decided first; masks, which do not depend on the statement, on one line. */
function ruleLines(met: readonly ExplainedRule[], decided: string | null): string[] {
  const masks = met.filter((one) => one.action === 'mask').map((one) => one.name);
  const others = met.filter((one) => one.action !== 'mask');
  const sorted = [...others.filter((one) => one.name === decided), ...others.filter((one) => one.name !== decided)];
  const lines = sorted.flatMap((one) => [
    `${(one.action === 'monitor' ? `would ${one.would ?? 'allow'}` : one.action).padEnd(12)}${one.name} (line ${one.line})`,
    `${' '.repeat(12)}${one.error === null ? one.sentence : `could not be evaluated: ${one.error}`}`,
  ]);
  if (others.length === 0) lines.push('No rule matches: the connection’s default decides.');
  if (masks.length > 0) lines.push(`mask        ${masks.join(', ')}`);
  return lines;
}

function terms({ hold, limits, unreadable, uncarried }: Explanation): string[] {
  const lines: string[] = [];
  if (unreadable !== null)
    lines.push(
      `It could not be read${unreadable.position === null ? '' : ` (character ${unreadable.position})`}: ${unreadable.message}`,
    );
  if (uncarried !== null) lines.push(`Refused whatever policy says: ${uncarried}`);
  if (hold !== null)
    lines.push(
      `It waits for ${(hold.demands?.stages ?? [hold]).map(({ count, approvers }) => `${count} of ${approvers.join(', ')}`).join(', then ')}${hold.owner ? ' or the owner' : ''}, at most ${hold.expiresSeconds} s.`,
    );
  if (limits?.rows) lines.push(`At most ${limits.rows.most} rows come back (rule ${limits.rows.rule}).`);
  if (limits?.bytes) lines.push(`At most ${limits.bytes.most} bytes come back (rule ${limits.bytes.rule}).`);
  for (const { most, rule } of limits?.perMinute ?? [])
    lines.push(`At most ${most} statements a minute (rule ${rule}).`);
  return lines;
}

function statementLines(statement: ExplainedStatement, index: number, count: number): string[] {
  const { view } = statement;
  const facts: [string, string | null][] = [
    ['kind', view.kind],
    ['proved', view.complete ? 'completely' : `no: ${statement.incompleteBecause ?? 'its effect could not be read'}`],
    ['reads', names(view.reads)],
    ['writes', names(view.writes)],
    ['columns', names(view.columns)],
    ['functions', names(view.functions)],
    ['filter', view.filter === 'not-applicable' ? null : because(view.filter, statement.filterBecause)],
    ['destructive', view.destructive ? because('yes', statement.destructiveBecause) : null],
    ['masked', maskedColumns(statement)],
  ];
  return [
    count === 1 ? view.command : `${index + 1}. ${view.command}`,
    ...facts.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(12)}${value}`])),
  ];
}

function because(word: string, reason: string | null): string {
  return reason === null ? word : `${word}: ${reason}`;
}

function names(list: readonly string[]): string | null {
  if (list.length === 0) return null;
  const more = list.length - maxShownNames;
  return `${list.slice(0, maxShownNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Which columns of the result are masked as a whole; the rest is looked at value by value. */
function maskedColumns({ outputs }: ExplainedStatement): string | null {
  const masked = (outputs ?? []).flatMap(({ columns, plan, rule }, index) =>
    plan === 'whole' ? [`${columns[0] ?? `column ${index + 1}`} (${rule ?? 'not provable'})`] : [],
  );
  return names(masked);
}
