'use client';

import { excessFinding, inspectText, type TextPiece } from '@sluice/domain';
import { TriangleAlert } from 'lucide-react';
import { useMemo, useState } from 'react';
import { type Overlay, StatementText } from '../../components/statement-text.tsx';
import { Tooltip } from '../../components/tooltip.tsx';

/** A statement as evidence: colour, with everything that could fool a reader drawn so that it cannot. */
export function MarkedStatement({
  text,
  language,
  whole,
  onWhole,
}: {
  readonly text: string;
  readonly language: string;
  readonly whole: boolean;
  readonly onWhole: () => void;
}) {
  const overlays = useMemo(() => overlaysOf(text), [text]);
  return <StatementText text={text} language={language} overlays={overlays} whole={whole} onWhole={onWhole} />;
}

/** What to draw over a text so that it cannot deceive. */
export function overlaysOf(text: string): readonly Overlay[] {
  return inspectText(text).pieces.flatMap(overlayOf);
}

/** What was found, as a list of warnings; nothing when the text is what it seems. */
export function Findings({ text, canonical }: { readonly text: string; readonly canonical?: string }) {
  const findings = useMemo(() => {
    const excess = canonical === undefined ? null : excessFinding(text, canonical);
    return [...inspectText(text).findings, ...(excess === null ? [] : [excess])];
  }, [text, canonical]);
  if (findings.length === 0) return null;
  return (
    <ul className="mt-2 space-y-0.5 border-line border-t pt-2">
      {findings.map((finding) => (
        <li key={finding} className="flex items-center gap-1.5 font-medium text-hold text-small">
          <TriangleAlert aria-hidden="true" className="size-3.5 shrink-0" />
          {finding}
        </li>
      ))}
    </ul>
  );
}

function overlayOf(piece: TextPiece): Overlay[] {
  if (piece.type === 'plain') return [];
  const span = { start: piece.start, end: piece.start + piece.text.length };
  if (piece.type === 'padding')
    return [{ ...span, node: <Fold label={piece.label} lines={piece.text.includes('\n')} /> }];
  const isLookAlike = piece.kind === 'look-alike' || piece.kind === 'combining';
  return [
    {
      ...span,
      node: (
        <Tooltip text={piece.explanation}>
          <mark
            // biome-ignore lint/a11y/noNoninteractiveTabindex: the explanation must be reachable by keyboard.
            tabIndex={0}
            className={
              isLookAlike
                ? 'inline-block max-h-5 overflow-hidden rounded-small bg-hold-tint px-px align-bottom text-hold underline decoration-2 decoration-wavy underline-offset-2'
                : 'mx-px rounded-small bg-deny-tint px-1 font-semibold text-deny text-tiny'
            }
          >
            <span className="sr-only">{piece.explanation}: </span>
            {piece.label}
          </mark>
        </Tooltip>
      ),
    },
  ];
}

/** Stands for padding; a press lays it out as it was sent. */
function Fold({ label, lines }: { readonly label: string; readonly lines: boolean }) {
  const [open, setOpen] = useState(false);
  const count = Number(label.replace(/\D/g, ''));
  return (
    <>
      {lines ? '\n' : null}
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="mx-0.5 rounded-small border border-hold/40 bg-hold-tint px-1 font-sans text-hold text-tiny"
      >
        {label}
      </button>
      {open ? (lines ? '\n'.repeat(count) : '·'.repeat(count)) : null}
      {lines ? '\n' : null}
    </>
  );
}
