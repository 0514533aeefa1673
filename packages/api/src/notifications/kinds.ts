import { z } from 'zod';

/** What people can be told of. `urgent` is told although somebody paused their messages. */
export const notificationKinds = [
  { kind: 'approval-waiting', label: 'A statement waits for your decision', urgent: false },
  { kind: 'approval-escalated', label: 'An approval was escalated to you', urgent: false },
  { kind: 'approval-decided', label: 'What you or your agent asked for was decided', urgent: false },
  { kind: 'approval-over', label: 'What you or your agent asked for expired or was cancelled', urgent: false },
  { kind: 'access-requested', label: 'Somebody asks for access that you may grant', urgent: false },
  { kind: 'access-decided', label: 'Your request for access was decided', urgent: false },
  { kind: 'break-glass-opened', label: 'Break-glass access was taken', urgent: true },
  { kind: 'break-glass-closed', label: 'Break-glass access ended early', urgent: true },
  { kind: 'break-glass-review-due', label: 'Break-glass access waits for a review', urgent: false },
  { kind: 'gateway-offline', label: 'A gateway went offline', urgent: true },
  { kind: 'gateway-cannot-record', label: 'A gateway cannot record and refuses statements', urgent: true },
  { kind: 'recording-damaged', label: 'A recording does not verify', urgent: true },
] as const;
export type NotificationKind = (typeof notificationKinds)[number]['kind'];

export const notificationKindSchema = z.enum(notificationKinds.map(({ kind }) => kind));
/** By kind of event: the ways by which somebody does not want to hear of it. */
export const mutedSchema = z.partialRecord(notificationKindSchema, z.array(z.enum(['email', 'slack'])));
export type Muted = z.infer<typeof mutedSchema>;

export function isUrgent(kind: string): boolean {
  return notificationKinds.some((known) => known.kind === kind && known.urgent);
}
