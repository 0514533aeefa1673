/** What a run prints. */
import { printJson, printTable } from '../output.ts';
import { wordsOf } from './deliveries.ts';
import type { ClassReport, CorpusReport, Finding } from './run.ts';

export type CorpusFormat = 'table' | 'json' | 'junit';

/** Findings shown in a table; the others stand in the JSON. */
const maxShownFindings = 60;

export function printReport(report: CorpusReport, format: CorpusFormat): string {
  if (format === 'json') return printJson({ ...report, totals: totalsOf(report) });
  return format === 'junit' ? junit(report) : table(report);
}

/** True when a form got through, an honest one was refused, or a verdict was another than expected; known gaps do not count. */
export function failedIn(report: CorpusReport): boolean {
  const totals = totalsOf(report);
  return totals.through + totals.refused + totals.unexpected > 0 || totals.tries === 0;
}

export function totalsOf(report: CorpusReport): Omit<ClassReport, 'class' | 'title' | 'list'> {
  const totals = { forms: 0, tries: 0, heldTo: 0, through: 0, refused: 0, unexpected: 0, gaps: 0, skipped: 0 };
  for (const one of report.classes)
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += one[key];
  return totals;
}

const columns = [
  'CLASS',
  'LIST',
  'FORMS',
  'TRIES',
  'HELD TO',
  'THROUGH',
  'REFUSED',
  'OTHER',
  'GAPS',
  'SKIPPED',
  'WHAT',
];

function table(report: CorpusReport): string {
  const row = (name: string, list: string, one: Omit<ClassReport, 'class' | 'title' | 'list'>, title: string) => [
    name,
    list,
    ...[one.forms, one.tries, one.heldTo, one.through, one.refused, one.unexpected, one.gaps, one.skipped].map(String),
    title,
  ];
  const rows = report.classes.map((one) => row(one.class, one.list, one, one.title));
  const lines = [printTable(columns, [...rows, row('all', '', totalsOf(report), `as ${report.role}`)])];
  const shown = report.findings.slice(0, maxShownFindings);
  lines.push(...shown.map(lineOf));
  if (report.findings.length > shown.length)
    lines.push(`… and ${report.findings.length - shown.length} more: see --format json`);
  if (report.closedGaps.length > 0) lines.push(`known gaps that did not show: ${report.closedGaps.join(', ')}`);
  if (!report.digests)
    lines.push('Nothing was compared at the target: give --direct DSN to have effects and unmasked reads found.');
  return `${lines.join('\n')}\n`;
}

function lineOf(finding: Finding): string {
  const what = [
    finding.effect ? 'CHANGED THE TARGET' : '',
    finding.leaks.length > 0 ? `READ UNMASKED: ${finding.leaks.join(', ')}` : '',
    `expected ${finding.expected}, met ${finding.outcome}`,
    finding.code === '' ? '' : `${finding.code} ${finding.message.slice(0, 160)}`,
  ].filter((part) => part !== '');
  const mark = finding.gap === null ? finding.judgement : 'known gap';
  return `${mark}  ${finding.id} (${wordsOf(finding.delivery)}): ${what.join('; ')}`;
}

function junit(report: CorpusReport): string {
  const suites = report.classes.map((one) => {
    const bad = report.findings.filter((finding) => finding.class === one.class && finding.list === one.list);
    const failures = bad.filter((finding) => finding.gap === null);
    const cases = [
      `    <testcase classname="${xml(one.list)}" name="${xml(one.class)} ${xml(one.title)}"/>`,
      ...bad.map(
        (finding) =>
          `    <testcase classname="${xml(one.list)}" name="${xml(`${finding.id} ${wordsOf(finding.delivery)}`)}">${
            finding.gap === null
              ? `<failure message="${xml(lineOf(finding))}"/>`
              : `<skipped message="${xml(finding.gap)}"/>`
          }</testcase>`,
      ),
    ];
    return `  <testsuite name="${xml(`${one.list} ${one.class}`)}" tests="${one.tries}" failures="${failures.length}">\n${cases.join('\n')}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`;
}

function xml(text: string): string {
  return text
    .replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
