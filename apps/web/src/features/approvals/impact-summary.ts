import type { ApprovalDetail } from '@sluice/api';
import { countText } from '../../components/measures.ts';

type Impact = NonNullable<ApprovalDetail['impact']>;

/** The answer in one line: `about 1 of 10,000 rows · no cascades · 1 trigger`. */
export function impactSummary(impact: Impact): string {
  return [
    rowsText(impact),
    impact.cascades.length === 0 ? 'no cascades' : countText(impact.cascades.length, 'cascade'),
    impact.triggers.length === 0 ? 'no triggers' : countText(impact.triggers.length, 'trigger'),
    ...(impact.inTransaction ? ['inside an open transaction'] : []),
  ].join(' · ');
}

function rowsText(impact: Impact): string {
  const [first] = impact.objects;
  const of = first?.rows == null ? '' : ` of ${Math.round(first.rows).toLocaleString('en')}`;
  if (impact.rehearsal?.ran === true) return `${impact.rehearsal.rows.toLocaleString('en')}${of} rows (rehearsed)`;
  if (impact.estimatedRows === null) return 'rows not estimated';
  const rows = Math.round(impact.estimatedRows);
  return of === '' ? `about ${countText(rows, 'row')}` : `about ${rows.toLocaleString('en')}${of} rows`;
}

/** `8.3`, `1,204`: a planner's number, without a unit. */
export function estimateText(value: number): string {
  return value < 100 ? String(Math.round(value * 10) / 10) : Math.round(value).toLocaleString('en');
}
