import type { ColumnRef, LiteralSpan } from '@sluice/domain';
import { maskDots } from './strategies.ts';

export interface StatementMasking {
  maskedColumn(column: ColumnRef): boolean;
  /** True when a detector finds something in the value. */
  hits(value: string): boolean;
  /** Looks at what stands between the literals. */
  scan(text: string): string;
}

/** Numbers of up to four digits (limits, offsets, years) tell nothing by themselves. */
const maxPlainDigits = 4;
/** `PASSWORD 'x'`, `api_key => 'x'`: the word right before a literal that makes it a secret. */
const secretWord =
  /(?:password|passwd|pwd|passphrase|secret|api_?key|token|credential|identified\s{1,4}by)[\s"'`:=>]{0,6}(?:to\s{0,4}|by\s{0,4})?$/i;
const secretReach = 48;

/**
 * A statement's text with its literals masked as their columns are. `literals` null: the text could not be read, so everything
 * that looks quoted is masked. `readsMasked`: the statement reads a relation with masked columns, so a literal whose column is
 * not known may be one of their values.
 */
export function maskLiterals(
  text: string,
  literals: readonly LiteralSpan[] | null,
  readsMasked: boolean,
  masking: StatementMasking,
): string {
  const spans =
    literals === null ? quotedSpans(text) : [...literals].sort((a, b) => a.start - b.start || b.end - a.end);
  let out = '';
  let copied = 0;
  for (const span of spans) {
    if (span.start < copied || span.end <= span.start || span.end > text.length) continue;
    const before = text.slice(copied, span.start);
    const masked =
      literals === null ||
      (span.column === null ? readsMasked && !isSmall(span.value) : masking.maskedColumn(span.column)) ||
      masking.hits(span.value) ||
      secretWord.test(text.slice(Math.max(0, span.start - secretReach), span.start));
    if (!masked) continue;
    out += masking.scan(before) + maskedLiteral(text.slice(span.start, span.end));
    copied = span.end;
  }
  return out + masking.scan(text.slice(copied));
}

function isSmall(value: string): boolean {
  return value.length <= maxPlainDigits && /^-?\d*$/.test(value);
}

/** Keeps what opens and closes the literal: `E'…'`, `$tag$…$tag$`, `"…"`; a bare number becomes dots. */
function maskedLiteral(literal: string): string {
  const tag = /^\$[^$\s]{0,64}\$/.exec(literal)?.[0];
  if (tag !== undefined) return `${tag}${maskDots}${tag}`;
  const open = /^[A-Za-z]{0,2}&?(['"])/.exec(literal);
  return open === null ? maskDots : `${open[0]}${maskDots}${open[1] ?? ''}`;
}

const opening = /[A-Za-z]{0,2}&?'|\$[A-Za-z0-9_]{0,63}\$|\d{5,}/g;

/** What looks quoted in a text that no grammar could read. An unclosed quotation reaches to the end. */
function quotedSpans(text: string): readonly LiteralSpan[] {
  const spans: LiteralSpan[] = [];
  opening.lastIndex = 0;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const mark = match[0];
    const start = match.index;
    let end = start + mark.length;
    if (!/\d$/.test(mark)) {
      const close = mark.startsWith('$') ? mark : "'";
      const found = text.indexOf(close, end);
      end = found < 0 ? text.length : found + close.length;
    }
    spans.push({ start, end, value: text.slice(start, end), column: null });
    opening.lastIndex = end;
  }
  return spans;
}
