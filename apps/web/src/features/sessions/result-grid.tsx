'use client';

import type { StatementResultView } from '@sluice/api';
import { EyeOff } from 'lucide-react';
import { type UIEvent, useState } from 'react';
import { classNames } from '../../components/class-names.ts';
import { countText } from '../../components/measures.ts';
import { visibleRows } from './visible-rows.ts';

const firstRows = 20;
/** Beyond this many rows only those in sight are drawn. */
const mostDrawnRows = 200;
const rowPx = 29;
const boxPx = 480;
const numericTypes = /^(int|float|numeric|oid|money|serial|bigint|smallint|integer|double|real)/;

/** A result as it went to the client: masked columns carry a violet mark and their class of data. */
export function ResultGrid({ result }: { readonly result: StatementResultView }) {
  const [all, setAll] = useState(false);
  const [scrollTop, setScrollTop] = useState(0);
  if (result.columns.length === 0)
    return result.tag === '' ? null : <p className="font-mono text-ink-soft">{result.tag}</p>;
  const rows = all ? result.rows : result.rows.slice(0, firstRows);
  const windowed = rows.length > mostDrawnRows;
  const { from, to } = windowed ? visibleRows(scrollTop, boxPx, rowPx, rows.length) : { from: 0, to: rows.length };
  return (
    <div className="min-w-0 overflow-hidden rounded-box border border-line bg-surface">
      <section
        aria-label={`Result, ${countText(result.rowCount ?? result.rows.length, 'row')}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard (axe: scrollable-region-focusable).
        tabIndex={0}
        data-inset-focus=""
        data-own-arrows=""
        className="overflow-auto"
        style={windowed ? { maxHeight: boxPx } : undefined}
        onScroll={windowed ? (event: UIEvent<HTMLElement>) => setScrollTop(event.currentTarget.scrollTop) : undefined}
      >
        <table className="w-full border-collapse text-left font-mono text-small">
          <thead>
            <tr>
              {result.columns.map((column, index) => (
                <th
                  // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name.
                  key={index}
                  scope="col"
                  className={classNames(
                    'sticky top-0 whitespace-nowrap border-line border-b px-3 py-1.5 font-semibold',
                    column.masked === null ? 'bg-sunken' : 'bg-mask-tint text-mask',
                  )}
                >
                  {column.name}
                  {column.masked === null ? null : (
                    <EyeOff role="img" aria-label="masked" className="ml-1 inline size-3.5 align-[-2px]" />
                  )}
                  <span className="ml-1.5 font-normal text-ink-faint">{column.type}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Spacer rows={from} columns={result.columns.length} />
            {rows.slice(from, to).map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is its position in the result.
              <tr key={from + index} className="border-line border-b last:border-b-0" style={{ height: rowPx }}>
                {row.map((value, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its column.
                  <Cell key={column} value={value} column={result.columns[column]} wrap={!windowed} />
                ))}
              </tr>
            ))}
            <Spacer rows={rows.length - to} columns={result.columns.length} />
          </tbody>
        </table>
      </section>
      <GridFoot result={result} shown={rows.length} all={all} onAll={() => setAll(true)} />
    </div>
  );
}

/** A longer value may take several lines, so that one column does not push the others out of sight. */
const longValueCharacters = 40;

function Cell({
  value,
  column,
  wrap,
}: {
  readonly value: string | null;
  readonly column: StatementResultView['columns'][number] | undefined;
  readonly wrap: boolean;
}) {
  const masked = column !== undefined && column.masked !== null;
  const isLong = value !== null && value.length > longValueCharacters;
  const numeric = column !== undefined && numericTypes.test(column.type);
  return (
    <td
      className={classNames(
        'max-w-96 px-3 py-1 align-top',
        wrap && isLong ? 'min-w-72 [overflow-wrap:anywhere]' : 'truncate',
        numeric && 'text-right',
        masked && 'text-mask',
      )}
      title={isLong || !wrap ? (value ?? 'NULL') : undefined}
    >
      {value === null ? (
        <span className="text-ink-faint italic">NULL</span>
      ) : wrap && isLong ? (
        // A long value shows three lines; the whole is in the tooltip, and in the export.
        <div className="line-clamp-3 hover:line-clamp-none">{value}</div>
      ) : (
        value
      )}
    </td>
  );
}

function Spacer({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  if (rows <= 0) return null;
  return (
    <tr>
      <td colSpan={columns} style={{ height: rows * rowPx, padding: 0 }} />
    </tr>
  );
}

function GridFoot({
  result,
  shown,
  all,
  onAll,
}: {
  readonly result: StatementResultView;
  readonly shown: number;
  readonly all: boolean;
  readonly onAll: () => void;
}) {
  const total = Math.max(result.rowCount ?? 0, result.rows.length + result.omittedRows);
  const allRecorded = all || result.rows.length <= shown;
  const classes = [
    ...new Set(
      result.columns.flatMap((column) =>
        column.masked === null
          ? []
          : [column.dataClass === null ? `rule ${column.masked}` : `${column.dataClass} (rule ${column.masked})`],
      ),
    ),
  ];
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1 border-line border-t px-3 py-1.5 text-ink-soft text-small">
      <span>
        {result.rows.length === 0 && total > 0
          ? `${countText(total, 'row')}, none kept`
          : shown < total
            ? `first ${shown.toLocaleString('en')} of ${countText(total, 'row')}`
            : countText(total, 'row')}
        {allRecorded && result.omittedRows > 0 && result.rows.length > 0
          ? `; ${result.omittedRows.toLocaleString('en')} more were sent but not kept in the recording`
          : null}
      </span>
      {!all && result.rows.length > shown ? (
        <button
          type="button"
          onClick={onAll}
          className="rounded-small font-medium text-accent underline-offset-2 hover:underline"
        >
          Show {result.omittedRows > 0 ? `the ${result.rows.length.toLocaleString('en')} recorded` : 'all'}
        </button>
      ) : null}
      {classes.length === 0 ? null : (
        <span className="ml-auto inline-flex items-center gap-1 text-mask">
          <EyeOff aria-hidden="true" className="size-3.5" />
          masked: {classes.join(', ')}
        </span>
      )}
    </div>
  );
}
