import { z } from 'zod';

export const refusalCodes = [
  'denied',
  'approval-denied',
  'approval-expired',
  'approval-cancelled',
  'approval-void',
  'approval-required',
  'outcome-unknown',
  'lease-expired',
  'control-plane-away',
  'recording-unavailable',
  'limit-exceeded',
  'session-ended',
  'unreadable',
  'unsupported',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/**
 * The refusal schema: one line of JSON in a protocol's detail field, HTTP body or stderr. Tells a program what to do next and
 * never shows a rule's pattern.
 */
export const refusalDetailSchema = z.strictObject({
  sluice: z.literal(1),
  code: z.enum(refusalCodes),
  rule: z.string().nullable(),
  statement: z.string(),
  kind: z.string(),
  approval: z.string().nullable(),
  url: z.string().nullable(),
  retry: z.enum(['never', 'after-approval', 'later', 'reconnect']),
});
export type RefusalDetail = z.infer<typeof refusalDetailSchema>;

/** What a wire protocol translates into its own words. `message` one sentence, `hint` one sentence that says what to do next. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  readonly hint: string;
  readonly detail: RefusalDetail;
}
