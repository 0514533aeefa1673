'use client';

import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { classNames } from './class-names.ts';
import { Link } from './link.tsx';

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  readonly align?: 'right';
  readonly className?: string;
  /** Left out where the screen is narrower. */
  readonly from?: 'md' | 'lg' | 'xl';
  /** On a phone's card: those of `title` head it in one row, `hidden` leaves it out. */
  readonly card?: 'title' | 'hidden';
  /** No visible head; its name is still read out. */
  readonly silent?: boolean;
}

const fromClasses = { md: 'hidden md:table-cell', lg: 'hidden lg:table-cell', xl: 'hidden xl:table-cell' };

/** A table that turns to cards on a phone. A row may be a link: its title cell carries it, and the whole row takes the click. */
export function RecordList<Row>({
  rows,
  columns,
  rowKey,
  rowLink,
  caption,
}: {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  readonly rowLink?: (row: Row) => string;
  readonly caption: string;
}) {
  return (
    <>
      <table className="hidden w-full border-collapse text-left sm:table">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-line border-b">
            {columns.map((column) => (
              <th
                key={column.name}
                scope="col"
                className={classNames(
                  'h-9 px-3 font-medium text-ink-faint text-small first:pl-4 last:pr-4',
                  column.align === 'right' && 'text-right',
                  column.from && fromClasses[column.from],
                )}
              >
                {column.silent === true ? <span className="sr-only">{column.name}</span> : column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={rowKey(row)}
              className={classNames('relative border-line border-b last:border-b-0', rowLink && 'hover:bg-hover')}
            >
              {columns.map((column, index) => (
                <td
                  key={column.name}
                  className={classNames(
                    'px-3 py-2 align-middle first:pl-4 last:pr-4',
                    column.align === 'right' && 'text-right',
                    column.from && fromClasses[column.from],
                    column.className,
                  )}
                >
                  {index === 0 && rowLink !== undefined ? (
                    <RowLink href={rowLink(row)}>{column.cell(row)}</RowLink>
                  ) : (
                    column.cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <ul aria-label={caption} className="divide-y divide-line sm:hidden">
        {rows.map((row) => (
          <li key={rowKey(row)} className="relative px-4 py-3">
            <div className="mb-1 flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
              {columns
                .filter((column) => column.card === 'title')
                .map((column, index) => (
                  <div key={column.name} className="min-w-0">
                    {index === 0 && rowLink !== undefined ? (
                      <RowLink href={rowLink(row)}>{column.cell(row)}</RowLink>
                    ) : (
                      column.cell(row)
                    )}
                  </div>
                ))}
            </div>
            <dl className="grid grid-cols-[max-content_minmax(0,1fr)] items-center gap-x-3 gap-y-1">
              {columns
                .filter((column) => column.card === undefined)
                .map((column) => (
                  <div key={column.name} className="contents">
                    <dt className={classNames('text-ink-faint text-small', column.silent === true && 'sr-only')}>
                      {column.name}
                    </dt>
                    <dd className={classNames('min-w-0', column.silent === true && '-ml-2 col-span-2')}>
                      {column.cell(row)}
                    </dd>
                  </div>
                ))}
            </dl>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Stretches over its row, below the row's own buttons (give those `relative z-10`). */
function RowLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <Link href={href} className="block rounded-small after:absolute after:inset-0">
      {children}
    </Link>
  );
}

export function LoadMore({
  hasMore,
  busy,
  onMore,
}: {
  readonly hasMore: boolean;
  readonly busy: boolean;
  readonly onMore: () => void;
}) {
  if (!hasMore) return null;
  return (
    <div className="flex justify-center border-line border-t p-3">
      <Button onClick={onMore} busy={busy}>
        Load more
      </Button>
    </div>
  );
}
