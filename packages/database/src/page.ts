/** Rows of one page, unless a caller asks for fewer. */
export const defaultPageSize = 50;
export const maxPageSize = 200;

export interface PageRequest {
  /** The id of the last row that the caller has; null for the start. */
  readonly cursor: string | null;
  readonly limit: number;
}

export interface PageOf<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
}

/**
 * Cuts a page from rows that were read with one more than the limit: whether there is a next page needs no count. `keyOf` gives the
 * value that the next page's query compares with.
 */
export function cutPage<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => string): PageOf<Row> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last !== undefined ? keyOf(last) : null };
}
