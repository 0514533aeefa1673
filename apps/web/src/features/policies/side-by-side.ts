import { diffLines } from 'diff';

export interface DiffLine {
  readonly number: number;
  readonly text: string;
}

/** One row of a diff: left is the older text. A null side is an empty place. */
export interface DiffRow {
  readonly kind: 'same' | 'removed' | 'added' | 'changed' | 'skipped';
  readonly left: DiffLine | null;
  readonly right: DiffLine | null;
  /** For `skipped`: how many equal lines are left out. */
  readonly skipped: number;
}

const contextLines = 3;

/** Two texts line by line; runs of equal lines are cut down to the lines around changes. */
export function sideBySide(older: string, newer: string): readonly DiffRow[] {
  const rows: DiffRow[] = [];
  let left = 1;
  let right = 1;
  const parts = diffLines(older, newer);
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    if (part === undefined) continue;
    const lines = linesOf(part.value);
    if (!part.added && !part.removed) {
      for (const text of lines)
        rows.push({ kind: 'same', left: { number: left++, text }, right: { number: right++, text }, skipped: 0 });
      continue;
    }
    // A removal that an addition follows is a change: the two stand beside each other.
    const next = parts[index + 1];
    const removed = part.removed ? lines : [];
    const added = part.added ? lines : next?.added === true ? linesOf(next.value) : [];
    if (part.removed && next?.added === true) index += 1;
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      const old = removed[at];
      const fresh = added[at];
      const kind = old !== undefined && fresh !== undefined ? 'changed' : old !== undefined ? 'removed' : 'added';
      rows.push({
        kind,
        left: old === undefined ? null : { number: left++, text: old },
        right: fresh === undefined ? null : { number: right++, text: fresh },
        skipped: 0,
      });
    }
  }
  return cutEqualRuns(rows);
}

function cutEqualRuns(rows: readonly DiffRow[]): DiffRow[] {
  const near = new Set<number>();
  for (const [index, row] of rows.entries()) {
    if (row.kind === 'same') continue;
    for (let at = index - contextLines; at <= index + contextLines; at += 1) near.add(at);
  }
  const kept: DiffRow[] = [];
  let skipped = 0;
  const flush = () => {
    if (skipped > 0) kept.push({ kind: 'skipped', left: null, right: null, skipped });
    skipped = 0;
  };
  for (const [index, row] of rows.entries()) {
    if (near.has(index)) {
      flush();
      kept.push(row);
    } else skipped += 1;
  }
  flush();
  return kept;
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
