/** The transaction in which a change is tried and taken back: bounded, so that its locks are. */

/** Longest wait for a lock, and for one statement, while a change is tried (ms): its locks are held for so long at most. */
const trialLockMs = 200;
const trialStatementMs = 2_000;

export const trialBeginTexts = [
  'BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE',
  `SET LOCAL lock_timeout = ${trialLockMs}`,
  `SET LOCAL statement_timeout = ${trialStatementMs}`,
  `SET LOCAL idle_in_transaction_session_timeout = ${trialStatementMs}`,
] as const;
