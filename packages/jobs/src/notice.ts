/** What a message says, before any channel gives it a form. Texts are masked already and not yet safe to show: channels see to that. */
export interface Notice {
  /** The delivery's id: the same message sent again has the same. */
  readonly id: string;
  /** `approval-waiting` … */
  readonly kind: string;
  readonly at: Date;
  readonly title: string;
  /** Names and values, in order. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** A statement, as the approval shows it. */
  readonly statement: string | null;
  /** Where to go on. Nothing is decided by following it. */
  readonly url: string;
  /** What a program wants to know: ids and words of closed sets, for webhooks. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
  /** The approval that may be answered right in the message; null: none. */
  readonly decide: { readonly approvalId: string; readonly inWebOnly: boolean } | null;
}

/** What a channel did with a message. */
export interface Delivered {
  /** What is needed to change it later, as JSON; null: nothing. */
  readonly receipt: Readonly<Record<string, string>> | null;
}
