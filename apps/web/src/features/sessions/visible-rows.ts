/** Rows drawn above and below what is in sight, so that a quick scroll shows no gap. */
const overscanRows = 12;

/** Which rows of a long grid to draw: `from` inclusive, `to` exclusive. All sizes in CSS pixels. */
export function visibleRows(
  scrollTop: number,
  boxPx: number,
  rowPx: number,
  count: number,
): { readonly from: number; readonly to: number } {
  const first = Math.floor(Math.max(0, scrollTop) / rowPx);
  const from = Math.max(0, Math.min(count, first) - overscanRows);
  const to = Math.min(count, first + Math.ceil(boxPx / rowPx) + overscanRows);
  return { from, to: Math.max(from, to) };
}
