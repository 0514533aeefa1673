import { useMemo } from 'react';
import { classNames } from '../../components/class-names.ts';
import { countText } from '../../components/measures.ts';
import { type DiffLine, type DiffRow, sideBySide } from './side-by-side.ts';

/** What changes from one text to another: side by side where there is room, one under the other on a phone. */
export function DiffView({
  older,
  newer,
  olderName,
  newerName,
}: {
  readonly older: string;
  readonly newer: string;
  readonly olderName: string;
  readonly newerName: string;
}) {
  const rows = useMemo(() => sideBySide(older, newer), [older, newer]);
  if (rows.every((row) => row.kind === 'skipped')) return <p className="p-4 text-ink-soft">No difference.</p>;
  return (
    <>
      <table className="hidden w-full table-fixed border-collapse font-mono text-small md:table">
        <caption className="sr-only">
          Difference between {olderName} and {newerName}
        </caption>
        <colgroup>
          <col className="w-10" />
          <col />
          <col className="w-10" />
          <col />
        </colgroup>
        <thead>
          <tr className="border-line border-b font-sans text-ink-faint">
            <th colSpan={2} scope="col" className="px-3 py-1.5 text-left font-medium">
              {olderName}
            </th>
            <th colSpan={2} scope="col" className="border-line border-l px-3 py-1.5 text-left font-medium">
              {newerName}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place in the diff.
            <WideRow key={index} row={row} />
          ))}
        </tbody>
      </table>
      <div className="font-mono text-small md:hidden">
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place in the diff.
          <NarrowRow key={index} row={row} />
        ))}
      </div>
    </>
  );
}

function WideRow({ row }: { readonly row: DiffRow }) {
  if (row.kind === 'skipped') {
    return (
      <tr className="border-line border-y bg-sunken text-ink-faint">
        <td colSpan={4} className="px-3 py-0.5 text-center font-sans">
          {countText(row.skipped, 'equal line')}
        </td>
      </tr>
    );
  }
  const changed = row.kind !== 'same';
  return (
    <tr>
      <Side
        line={row.left}
        sign={changed && row.left !== null ? '−' : ' '}
        className={changed && row.left !== null ? 'bg-deny-tint' : ''}
      />
      <Side
        line={row.right}
        sign={changed && row.right !== null ? '+' : ' '}
        className={changed && row.right !== null ? 'bg-allow-tint' : ''}
      />
    </tr>
  );
}

function Side({
  line,
  sign,
  className,
}: {
  readonly line: DiffLine | null;
  readonly sign: string;
  readonly className: string;
}) {
  return (
    <>
      <td className={classNames('select-none px-1 text-right align-top text-ink-faint leading-5', className)}>
        {line?.number}
      </td>
      <td
        className={classNames(
          'whitespace-pre-wrap border-line border-r px-1 align-top leading-5 [overflow-wrap:anywhere]',
          className,
        )}
      >
        <span className="select-none text-ink-faint">{sign} </span>
        {line?.text}
      </td>
    </>
  );
}

function NarrowRow({ row }: { readonly row: DiffRow }) {
  if (row.kind === 'skipped')
    return (
      <p className="border-line border-y bg-sunken py-0.5 text-center font-sans text-ink-faint">
        {countText(row.skipped, 'equal line')}
      </p>
    );
  if (row.kind === 'same') return <Line sign=" " text={row.left?.text ?? ''} className="" />;
  return (
    <>
      {row.left === null ? null : <Line sign="−" text={row.left.text} className="bg-deny-tint" />}
      {row.right === null ? null : <Line sign="+" text={row.right.text} className="bg-allow-tint" />}
    </>
  );
}

function Line({ sign, text, className }: { readonly sign: string; readonly text: string; readonly className: string }) {
  return (
    <p className={classNames('whitespace-pre-wrap px-3 leading-5 [overflow-wrap:anywhere]', className)}>
      <span className="select-none text-ink-faint">{sign} </span>
      {text}
    </p>
  );
}
