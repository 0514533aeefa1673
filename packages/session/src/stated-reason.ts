/** What the requester says of a statement in its leading comment: `reason: fix order 4711; ticket: OPS-12`. */

/** Longest reason kept; a longer one is cut. */
const maxReasonCharacters = 1_000;
/** Longest ticket kept; a longer one is none. */
const maxTicketCharacters = 100;
/** A key, a colon and what follows up to a semicolon or the line's end. */
const entry = /(?:^|[;\n])[ \t*]*(reason|ticket)[ \t]*:[ \t]*([^;\n]*)/gi;

export interface Stated {
  readonly reason: string | null;
  readonly ticket: string | null;
}

/**
 * Reads the comment's `reason` and `ticket`; the first of each counts. A claim, shown to reviewers as the requester's own words: nothing
 * is decided by it, and it is no part of the approved effect.
 */
export function statedIn(comment: string | null): Stated {
  let reason: string | null = null;
  let ticket: string | null = null;
  for (const [, key = '', value = ''] of (comment ?? '').matchAll(entry)) {
    const said = value.trim();
    if (said === '') continue;
    if (key.toLowerCase() === 'reason') reason ??= said.slice(0, maxReasonCharacters);
    else if (said.length <= maxTicketCharacters) ticket ??= said;
  }
  return { reason, ticket };
}
