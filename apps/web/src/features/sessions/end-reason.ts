/** A gateway's reason up to its colon, for a line of a list: `the end is unknown: the gateway’s spool …` → `the end is unknown`. */
export function endReasonHead(reason: string): string {
  return reason.split(': ', 1)[0] ?? reason;
}
