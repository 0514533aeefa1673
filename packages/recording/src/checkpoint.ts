/**
 * What a gateway says of all its recordings at a moment, `sluice-checkpoint/1` (docs/recording-format.md): one signed line of JSON.
 * Checkpoints are numbered and name the hash of the one before, so that none can be taken out, and with them no session.
 */
import { type SignatureContext, type SigningKeys, sha256, signBytes, verifyBytes } from '@sluice/keys';
import { z } from 'zod';
import { chunkNameSchema, damaged } from './chunk.ts';

export const checkpointFormat = 'sluice-checkpoint/1';
export const checkpointContext = 'sluice-checkpoint-v1' satisfies SignatureContext;
export const checkpointLogFormat = 'sluice-checkpoint-log/1';
export const checkpointLogContext = 'sluice-checkpoint-log-v1' satisfies SignatureContext;

/** Links, and heads, that one checkpoint names; what is over follows in the next. */
export const maxNamedChunks = 2_000;
/** Links that the control plane may hold of a gateway beyond its newest checkpoint, which comes every few seconds. */
export const maxResumedLinks = 20_000;
/** A checkpoint's line at most, in bytes: twice `maxNamedChunks` names of some 150 bytes, and room. */
export const maxCheckpointBytes = 1024 * 1024;
/** An entry of the control plane's log at most, in bytes. */
export const maxLogEntryBytes = 4096;

const digest = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/);

/** A chunk that bears a link, and the link's number. */
export const linkedChunkSchema = z.strictObject({ number: z.int().min(0), ...chunkNameSchema.shape });
export type LinkedChunk = z.infer<typeof linkedChunkSchema>;

/** The control plane's answer to a checkpoint: where its own log stands. Gateways sign it in their next one. */
export const witnessSchema = z.strictObject({ entry: z.int().min(0), hash: digest });
export type Witness = z.infer<typeof witnessSchema>;

const checkpointSchema = z.strictObject({
  format: z.literal(checkpointFormat),
  gatewayId: z.string(),
  keyId: z.string(),
  /** From 0 in each gateway, without holes. */
  number: z.int().min(0),
  /** Hash of the checkpoint before; for the first `firstCheckpointHash`. */
  previousHash: digest,
  /** ms since the epoch, by the gateway's clock. */
  at: z.int().min(0),
  /** The newest link that this checkpoint or an earlier one names; null while there is none. */
  head: linkedChunkSchema.nullable(),
  /** The links since the checkpoint before, in order. */
  links: z.array(linkedChunkSchema).max(maxNamedChunks),
  /** The newest chunk of each session that grew since the checkpoint before. */
  heads: z.array(chunkNameSchema).max(maxNamedChunks),
  /** Sessions that are open. */
  open: z.int().min(0),
  witness: witnessSchema.nullable(),
  /** The spool was lost, or an older one, and the gateway went on from what the control plane had; what had not arrived is lost. */
  resumed: z.literal(true).optional(),
  signature,
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** Where the control plane saw a gateway's chain last: its newest checkpoint as a line, and the links that none names yet, in order. */
export const chainPlaceSchema = z.strictObject({
  checkpoint: z.string().max(maxCheckpointBytes).nullable(),
  links: z.array(linkedChunkSchema).max(maxResumedLinks),
});
export type ChainPlace = z.infer<typeof chainPlaceSchema>;

const logEntrySchema = z.strictObject({
  format: z.literal(checkpointLogFormat),
  gatewayId: z.string(),
  keyId: z.string(),
  /** From 0 in each gateway's log, without holes. */
  entry: z.int().min(0),
  /** Hash of the entry before; for the first `firstLogHash`. */
  previousHash: digest,
  /** The checkpoint that was received. */
  number: z.int().min(0),
  checkpointHash: digest,
  /** ms since the epoch, by the control plane's clock. */
  receivedAt: z.int().min(0),
  /** Where the audit chain stood: its anchor outside the chain. */
  audit: z.strictObject({ index: z.int().min(0), hash: z.string() }),
  signature,
});
export type LogEntry = z.infer<typeof logEntrySchema>;

export interface Signed<T> {
  readonly value: T;
  /** The line without its newline. */
  readonly line: string;
  /** base64url SHA-256 of the line. */
  readonly hash: string;
  /** The bytes that the signature covers. */
  readonly signedText: string;
}

export function firstCheckpointHash(gatewayId: string): string {
  return sha256(`${checkpointFormat}\0${gatewayId}`);
}

export function firstLogHash(gatewayId: string): string {
  return sha256(`${checkpointLogFormat}\0${gatewayId}`);
}

export function buildCheckpoint(
  keys: SigningKeys,
  unsigned: Omit<Checkpoint, 'format' | 'keyId' | 'signature'>,
): Signed<Checkpoint> {
  const { gatewayId, number, previousHash, at, head, links, heads, open, witness, resumed } = unsigned;
  const ordered = { format: checkpointFormat, gatewayId, keyId: keys.keyId, number, previousHash, at, head };
  return readCheckpoint(signLine(keys, checkpointContext, { ...ordered, links, heads, open, witness, resumed }));
}

export function buildLogEntry(
  keys: SigningKeys,
  unsigned: Omit<LogEntry, 'format' | 'keyId' | 'signature'>,
): Signed<LogEntry> {
  const { gatewayId, entry, previousHash, number, checkpointHash, receivedAt, audit } = unsigned;
  const ordered = { format: checkpointLogFormat, gatewayId, keyId: keys.keyId, entry, previousHash, number };
  return readLogEntry(signLine(keys, checkpointLogContext, { ...ordered, checkpointHash, receivedAt, audit }));
}

/** Throws SluiceError `recording-damaged` when the line is none; checks no signature. */
export function readCheckpoint(line: string): Signed<Checkpoint> {
  return readLine(line, checkpointSchema, maxCheckpointBytes, 'checkpoint');
}

/** Throws SluiceError `recording-damaged` when the line is none; checks no signature. */
export function readLogEntry(line: string): Signed<LogEntry> {
  return readLine(line, logEntrySchema, maxLogEntryBytes, 'log entry');
}

/** What is wrong with a signed line by itself; null when nothing is. */
export function lineFault(
  { value, signedText }: Signed<{ readonly keyId: string; readonly signature: string }>,
  context: SignatureContext,
  publicKeyOf: (keyId: string) => string | null,
): string | null {
  const publicKey = publicKeyOf(value.keyId);
  if (publicKey === null) return `signed by an unknown key (${value.keyId})`;
  return verifyBytes(publicKey, context, Buffer.from(signedText, 'utf8'), value.signature)
    ? null
    : 'was changed or is signed by another key';
}

function signLine(keys: SigningKeys, context: SignatureContext, value: object): string {
  const text = JSON.stringify(value);
  const signed = signBytes(keys.privateKey, context, Buffer.from(text, 'utf8'));
  return `${text.slice(0, -1)},"signature":"${signed}"}`;
}

function readLine<T extends { readonly signature: string }>(
  line: string,
  schema: z.ZodType<T>,
  maxBytes: number,
  what: string,
): Signed<T> {
  if (Buffer.byteLength(line) > maxBytes) throw damaged(`the ${what} is too long`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw damaged(`the ${what} is no JSON`, cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw damaged(`the ${what} has an unknown shape`, parsed.error);
  // One spelling only, as with a chunk's header: the signature covers the line's own bytes.
  if (JSON.stringify(parsed.data) !== line) throw damaged(`the ${what} is not in its canonical form`);
  const end = `,"signature":"${parsed.data.signature}"}`;
  return { value: parsed.data, line, hash: sha256(line), signedText: `${line.slice(0, -end.length)}}` };
}
