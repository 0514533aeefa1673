import { DiffView } from '../policies/diff-view.tsx';
import { changesBetween } from './changes.ts';

const longText = 120;

/** Before and after by field; a long text (a policy's source) as a line diff. */
export function ChangeView({ before, after }: { readonly before: unknown; readonly after: unknown }) {
  const changes = changesBetween(before, after);
  if (changes.length === 0) return <p className="text-ink-faint">It has no before and after.</p>;
  return (
    <ul className="divide-y divide-line overflow-hidden rounded-box border border-line bg-surface font-mono text-small">
      {changes.map((change) => {
        const isLong = [change.before, change.after].some(
          (text) => text !== null && (text.includes('\n') || text.length > longText),
        );
        return (
          <li key={change.path}>
            {isLong ? (
              <>
                <p className="px-3 py-1 text-ink-faint">{change.path}</p>
                <DiffView older={change.before ?? ''} newer={change.after ?? ''} olderName="Before" newerName="After" />
              </>
            ) : (
              <p className="grid gap-x-3 px-3 py-1 [overflow-wrap:anywhere] sm:grid-cols-[12rem_minmax(0,1fr)]">
                <span className="text-ink-faint">{change.path}</span>
                <span>
                  {change.before === null ? null : (
                    <del className="bg-deny-tint text-deny no-underline">− {change.before}</del>
                  )}
                  {change.before !== null && change.after !== null ? ' ' : null}
                  {change.after === null ? null : (
                    <ins className="bg-allow-tint text-allow no-underline">+ {change.after}</ins>
                  )}
                </span>
              </p>
            )}
          </li>
        );
      })}
    </ul>
  );
}
