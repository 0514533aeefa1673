'use client';

import type { StatementOutputView } from '@sluice/api';
import { SafeOutput, type StyledRun, styledLines } from '@sluice/terminal';
import { useMemo, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { CopyButton } from '../../components/copy.tsx';
import { bytesText, countText } from '../../components/measures.ts';

/** Lines that are shown before somebody asks for all. */
const shownLines = 40;

const streamNames = { stdout: 'Output', stderr: 'Errors', stdin: 'Input' };

/** What a statement read or wrote without a terminal: its colours, and nothing else that it asks of a terminal. */
export function OutputBlock({ output }: { readonly output: StatementOutputView }) {
  const [all, setAll] = useState(false);
  const lines = useMemo(() => styledLines(new SafeOutput().write(output.text)), [output.text]);
  const text = useMemo(() => lines.map((line) => line.map((run) => run.text).join('')).join('\n'), [lines]);
  const shown = all ? lines : lines.slice(0, shownLines);
  const name = streamNames[output.stream];
  return (
    <section aria-label={name} className="overflow-hidden rounded-box border border-line">
      <header className="flex items-center gap-2 border-line border-b bg-sunken py-1 pr-1 pl-3 text-ink-soft text-small">
        <span className={classNames('font-medium', output.stream === 'stderr' && 'text-deny')}>{name}</span>
        <span className="text-ink-faint">{output.stream}</span>
        <CopyButton text={text} label={`Copy the ${name.toLowerCase()}`} className="ml-auto" />
      </header>
      <pre className="overflow-x-auto bg-surface px-3 py-2 font-mono text-small">
        {shown.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines never move.
          <div key={index} className="min-h-4">
            {line.map((run, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: runs never move.
              <span key={place} className={runClasses(run)}>
                {run.text}
              </span>
            ))}
          </div>
        ))}
      </pre>
      {lines.length <= shownLines && output.omittedBytes === 0 ? null : (
        <footer className="flex items-center gap-3 border-line border-t bg-surface px-3 py-1.5 text-ink-soft text-small">
          {lines.length <= shownLines ? null : (
            <Button size="small" onClick={() => setAll(!all)}>
              {all ? 'Show less' : `Show all ${countText(lines.length, 'line')}`}
            </Button>
          )}
          {output.omittedBytes === 0 ? null : <span>{bytesText(output.omittedBytes)} more are not kept here.</span>}
        </footer>
      )}
    </section>
  );
}

/** The sixteen colours by the page's own tokens, so that each is readable in light and dark; others are drawn as plain text. */
const colours = [
  'text-ink',
  'text-deny',
  'text-allow',
  'text-hold',
  'text-info',
  'text-mask',
  'text-accent',
  'text-ink-soft',
] as const;

function runClasses({ bold, dim, italic, underline, colour }: StyledRun): string {
  return classNames(
    bold && 'font-bold',
    dim && 'text-ink-faint',
    italic && 'italic',
    underline && 'underline',
    colour === null ? null : colours[colour % 8],
  );
}
