/**
 * What crosses a web terminal's WebSocket. Binary messages are bytes of the terminal, both ways; text messages are these, as JSON.
 * Browser-safe: the page reads with the same schemas.
 */
import { z } from 'zod';

/** Columns and rows that a page may ask for. */
const cells = z.int().min(1).max(500);
export const terminalSizeSchema = z.strictObject({ columns: cells, rows: cells });

/** Bytes of output that may be on their way to a page that has not said that it drew them. */
export const maxUndrawnBytes = 512 * 1024;
/** Longest message of a page, in bytes: a pasted text comes in several. */
export const maxInputBytes = 32 * 1024;

/** From the page. */
export const toTerminalSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('resize'), ...terminalSizeSchema.shape }),
  /** Output that is on the screen: as much again may follow. */
  z.strictObject({
    type: z.literal('drawn'),
    bytes: z
      .int()
      .min(1)
      .max(maxUndrawnBytes * 4),
  }),
]);
export type ToTerminal = z.infer<typeof toTerminalSchema>;

/** To the page: `opened` comes before the first byte, `refused` and `ended` are the last message. */
export const fromTerminalSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('opened') }),
  z.strictObject({ type: z.literal('refused'), message: z.string(), hint: z.string().nullable() }),
  z.strictObject({
    type: z.literal('ended'),
    exitCode: z.number().nullable(),
    /** Why it ended, where it was not the shell's own end. */
    message: z.string().nullable(),
  }),
]);
export type FromTerminal = z.infer<typeof fromTerminalSchema>;
