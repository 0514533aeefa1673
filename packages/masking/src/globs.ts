/** Matches a whole name, ignoring case; `*` stands for any run of characters. Backtracks to the last `*` only, so time is bounded by the product of two short names. */
export function globMatches(glob: string, name: string): boolean {
  const pattern = glob.toLowerCase();
  const text = name.toLowerCase();
  let at = 0;
  let index = 0;
  let star = -1;
  let mark = 0;
  while (index < text.length) {
    if (pattern[at] === '*') {
      star = at;
      mark = index;
      at += 1;
    } else if (pattern[at] === text[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      index = mark;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** `schema.relation.column` with one, two or three parts; a part that is left out matches everything. */
export interface ColumnGlob {
  readonly schema: string;
  readonly relation: string;
  readonly column: string;
}

export function parseColumnGlob(text: string): ColumnGlob {
  const parts = text.split('.');
  return { schema: parts.at(-3) ?? '*', relation: parts.at(-2) ?? '*', column: parts.at(-1) ?? '*' };
}
