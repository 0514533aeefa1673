'use client';

import type { ApprovalDetail } from '@sluice/api';
import { ArrowRight } from 'lucide-react';
import { countText, durationText } from '../../components/measures.ts';

type Rehearsal = NonNullable<NonNullable<ApprovalDetail['impact']>['rehearsal']>;
type Ran = Extract<Rehearsal, { ran: true }>;
type Row = Ran['changes'][number];

/** What a rehearsal changed and took back: exact counts, and rows before and after, masked like a recording. */
export function RehearsalRows({ rehearsal }: { readonly rehearsal: Rehearsal }) {
  if (!rehearsal.ran) return <p className="text-ink-faint">Not rehearsed: {rehearsal.because}.</p>;
  const { rows, touched, durationMs, changes, moreChanges, columns, unshown } = rehearsal;
  const also = touched > rows ? `, ${countText(touched, 'row')} with those that cascades change` : '';
  return (
    <div data-testid="rehearsal">
      <h4 className="text-ink-faint text-small">Rehearsed and taken back, in {durationText(durationMs)}</h4>
      <p className="mt-0.5">
        {countText(rows, 'row')} {rows === 1 ? 'changes' : 'change'}
        {also}.{unshown === null ? null : <span className="text-ink-faint"> Rows are not shown: {unshown}.</span>}
      </p>
      {changes.length === 0 ? null : (
        <ul className="mt-1 max-h-80 divide-y divide-line overflow-y-auto rounded-small border border-line">
          {changes.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row's place is all that names it here.
            <li key={index} className="px-2 py-1">
              <Changed row={row} columns={columns} />
            </li>
          ))}
        </ul>
      )}
      {moreChanges === 0 ? null : (
        <p className="mt-1 text-ink-faint">{countText(moreChanges, 'more row')} not shown.</p>
      )}
    </div>
  );
}

function Changed({ row, columns }: { readonly row: Row; readonly columns: Ran['columns'] }) {
  const { before, after } = row;
  return (
    <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-3 font-mono text-small">
      {before !== null && after !== null ? null : (
        <dt className="col-span-2 font-sans font-medium">{before === null ? 'new row' : 'row goes'}</dt>
      )}
      {columns.map((column, index) => (
        <div key={column.name} className="contents">
          <dt className="text-ink-faint">
            {column.name}
            {column.masked ? (
              <span title="masked" className="text-mask">
                {' '}
                ◆<span className="sr-only"> masked</span>
              </span>
            ) : null}
          </dt>
          <dd className="min-w-0 [overflow-wrap:anywhere]">
            {before === null ? null : <Value value={before[index] ?? null} />}
            {before === null || after === null || (before[index] === after[index] && !column.masked) ? null : (
              <ArrowRight aria-label="becomes" className="mx-1.5 inline size-3.5 text-ink-faint" />
            )}
            {after === null || (before !== null && before[index] === after[index] && !column.masked) ? null : (
              <Value value={after[index] ?? null} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ value }: { readonly value: string | null }) {
  return value === null ? <span className="text-ink-faint italic">NULL</span> : <span>{value}</span>;
}
