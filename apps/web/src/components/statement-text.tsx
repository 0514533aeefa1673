'use client';

import { type ReactNode, useState } from 'react';
import { classNames } from './class-names.ts';
import { highlight, type TokenSpan } from './highlight.ts';
import { countText } from './measures.ts';

/** A part of the text that is drawn as something else: a mark, a fold. */
export interface Overlay {
  readonly start: number;
  readonly end: number;
  readonly node: ReactNode;
}

const mostLines = 14;
const mostCharacters = 2_000;

/** Where a long text is cut before "show all": at most this many lines and characters. */
export function shortLength(text: string, lines = mostLines, characters = mostCharacters): number {
  let at = -1;
  for (let line = 0; line < lines; line += 1) {
    at = text.indexOf('\n', at + 1);
    if (at === -1) return Math.min(text.length, characters);
  }
  return Math.min(at, characters);
}

/**
 * A statement in colour, wrapped. Everything is drawn as text nodes in logical order (`isolate-override`), so neither markup nor a
 * direction mark in the text can change what stands around it. A long one is cut, says by how much, and opens whole.
 */
export function StatementText({
  text,
  language,
  overlays = [],
  whole = false,
  onWhole,
  className,
}: {
  readonly text: string;
  readonly language: string;
  readonly overlays?: readonly Overlay[];
  readonly whole?: boolean;
  /** Told when the reader opened the whole text. */
  readonly onWhole?: () => void;
  readonly className?: string;
}) {
  const [opened, setOpened] = useState(false);
  const end = whole || opened ? text.length : shortLength(text);
  return (
    <div className="min-w-0">
      <pre
        className={classNames(
          'whitespace-pre-wrap font-mono text-body leading-5 [direction:ltr] [overflow-wrap:anywhere] [unicode-bidi:isolate-override]',
          className,
        )}
      >
        <code>{drawSpans(text.slice(0, end), highlight(text, language), overlays)}</code>
      </pre>
      {end < text.length ? (
        <button
          type="button"
          onClick={() => {
            setOpened(true);
            onWhole?.();
          }}
          className="mt-1 rounded-small font-medium text-accent text-small underline-offset-2 hover:underline"
        >
          Show all {countText(text.split('\n').length, 'line')}, {countText(text.length, 'character')}
        </button>
      ) : null}
    </div>
  );
}

function drawSpans(text: string, tokens: readonly TokenSpan[], overlays: readonly Overlay[]): ReactNode[] {
  const nodes: ReactNode[] = [];
  let tokenIndex = 0;
  const drawPlain = (from: number, to: number) => {
    let at = from;
    while (at < to) {
      while ((tokens[tokenIndex]?.end ?? Number.POSITIVE_INFINITY) <= at) tokenIndex += 1;
      const token = tokens[tokenIndex];
      const inToken = token !== undefined && token.start <= at;
      const next = Math.min(to, inToken ? token.end : (token?.start ?? to));
      const part = text.slice(at, next);
      nodes.push(
        inToken ? (
          <span key={at} className={`syntax-${token.token}`}>
            {part}
          </span>
        ) : (
          part
        ),
      );
      at = next;
    }
  };
  let at = 0;
  for (const overlay of overlays) {
    if (overlay.start >= text.length) break;
    drawPlain(at, overlay.start);
    nodes.push(<span key={`overlay-${overlay.start}`}>{overlay.node}</span>);
    at = overlay.end;
  }
  drawPlain(at, text.length);
  return nodes;
}
