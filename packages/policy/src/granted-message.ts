import type { StatementFacts } from '@sluice/domain';

/** What a grant's bounds are measured against: one wire message, whole. */
export interface GrantedMessage {
  readonly connectionId: string;
  readonly facts: readonly StatementFacts[];
  /** What else an `alike` grant is bound to. Without it no such grant covers anything. */
  readonly place?: GrantedPlace;
}

export interface GrantedPlace {
  readonly connectionRevision: number;
  readonly runId: string | null;
  readonly database: string;
  readonly role: string | null;
  /** Whether the rows that the message changes can be held to a ceiling. */
  readonly countsRows: boolean;
}
