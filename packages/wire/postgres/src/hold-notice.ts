/** How a client of Sluice's own knows that its statement waits for a person. */
import { z } from 'zod';
import type { ReportFields } from './messages/report.ts';

const detailSchema = z.object({ sluice: z.literal(1), approval: z.string(), url: z.string() });

/** True for the NOTICE that the gateway sends when a hold begins (`judging.ts`). */
export function announcesHold(fields: ReportFields): boolean {
  return detailSchema.safeParse(jsonIn(fields.get('D'))).success;
}

/** JSON in a report's field; null for what is none. */
export function jsonIn(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}
