/** asciicast v2 (docs.asciinema.org/manual/asciicast/v2): a header line of JSON, then one line per event. */

export interface CastHeader {
  readonly columns: number;
  readonly rows: number;
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly title: string;
  readonly term: string;
}

/** `o` output, `i` input, `r` another size, `m` a marker. */
export type CastCode = 'o' | 'i' | 'r' | 'm';

export function castHeader({ columns, rows, startedAt, title, term }: CastHeader): string {
  const timestamp = Math.floor(startedAt / 1000);
  return `${JSON.stringify({ version: 2, width: columns, height: rows, timestamp, title, env: { TERM: term } })}\n`;
}

/** `afterMs` since the start. For `r` the data is `80x24`. */
export function castEvent(afterMs: number, code: CastCode, data: string): string {
  return `${JSON.stringify([Math.max(0, afterMs) / 1000, code, data])}\n`;
}
