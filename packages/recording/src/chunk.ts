/**
 * The chunk format `sluice-recording/3` (docs/recording-format.md): one line of JSON, a newline, a body of JSON lines. The header is
 * signed by the gateway and names the body's hash and the hash of the chunk before, so one signature a chunk covers all. The first and
 * the last chunk of a session also bear a link of their gateway's chain. Still read: `sluice-recording/2`, whose events knew no
 * terminals, and `sluice-recording/1`, which had no links either.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { SluiceError } from '@sluice/domain';
import { type SignatureContext, type SigningKeys, sha256, signBytes, verifyBytes } from '@sluice/keys';
import { z } from 'zod';
import { type RecordingEvent, recordingEventSchema } from './events.ts';

export const recordingFormat = 'sluice-recording/3';
/** What came before terminals and a statement's output. */
export const statementsOnlyFormat = 'sluice-recording/2';
/** What came before the links of a gateway's chain. */
export const unlinkedFormat = 'sluice-recording/1';
export const chunkContext = 'sluice-chunk-v1' satisfies SignatureContext;

/** One event's line at most, in bytes. */
export const maxEventBytes = 1024 * 1024;
/** A chunk's body at most, in bytes before compression: the writer seals long before, a reader never inflates more. */
export const maxBodyBytes = 4 * 1024 * 1024;
/** A header line at most, in bytes. */
export const maxHeaderBytes = 4096;
/** A whole chunk at most, in bytes as stored; gzip may grow what does not compress by less than its share here. */
export const maxChunkBytes = maxBodyBytes + 2 * maxHeaderBytes;
/** Bodies under this many bytes are not worth compressing. */
const compressFromBytes = 1024;
/** The fastest level: recordings repeat so much that higher levels gain a few percent for several times the work. */
const gzipLevel = 1;
const newline = 0x0a;

const digest = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** Names a chunk: the hash is over all its bytes. */
export const chunkNameSchema = z.strictObject({ sessionId: z.string(), index: z.int().min(0), hash: digest });
export type ChunkName = z.infer<typeof chunkNameSchema>;

const linkSchema = z
  .strictObject({
    /** From 0 in each gateway, without holes. */
    number: z.int().min(0),
    /** The chunk that bears the link before; null for number 0. */
    previous: chunkNameSchema.nullable(),
  })
  .refine((link) => (link.number === 0) === (link.previous === null), 'only the first link follows none');
/** A chunk's place in the chain that joins the sessions of a gateway. */
export type Link = z.infer<typeof linkSchema>;

const whose = {
  sessionId: z.string(),
  gatewayId: z.string(),
  keyId: z.string(),
  /** From 0, without holes. */
  index: z.int().min(0),
  /** Hash of the chunk before; for the first `firstPreviousHash`. */
  previousHash: digest,
  firstSeq: z.int().min(0),
  count: z.int().min(1),
  firstAt: z.int().min(0),
  lastAt: z.int().min(0),
  /** True for the session's last chunk, which carries the seal. */
  final: z.boolean(),
  seal: z.strictObject({ events: z.int().min(1), chunks: z.int().min(1) }).nullable(),
};
const stored = {
  compression: z.enum(['gzip', 'none']),
  /** Length of the body as stored. */
  bodyBytes: z.int().min(1).max(maxChunkBytes),
  /** base64url SHA-256 of the body as stored. */
  bodyHash: digest,
  /** base64url Ed25519 over `sluice-chunk-v1`, NUL and this line without its signature. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
};

const chunkHeaderSchema = z
  .discriminatedUnion('format', [
    z.strictObject({
      format: z.literal([recordingFormat, statementsOnlyFormat]),
      ...whose,
      link: linkSchema.nullable(),
      ...stored,
    }),
    z.strictObject({ format: z.literal(unlinkedFormat), ...whose, ...stored }),
  ])
  .refine((header) => header.final === (header.seal !== null), 'final and seal disagree')
  .refine((header) => !('link' in header) || (header.link !== null) === (header.index === 0 || header.final), {
    message: 'the first and the last chunk bear a link, and no other',
  });
export type ChunkHeader = z.infer<typeof chunkHeaderSchema>;

export interface Chunk {
  readonly header: ChunkHeader;
  /** The bytes that the header's signature covers. */
  readonly signedBytes: Buffer;
  /** The body as stored. */
  readonly body: Buffer;
  /** base64url SHA-256 of the whole chunk's bytes: the next chunk's `previousHash`. */
  readonly hash: string;
}

/** Where in its session a chunk stands. */
export interface ChunkPosition {
  readonly sessionId: string;
  readonly index: number;
  readonly previousHash: string;
  readonly firstSeq: number;
}

/** Who signs. */
export interface ChunkSigner {
  readonly gatewayId: string;
  readonly keys: SigningKeys;
}

export interface BuildChunkRequest extends ChunkPosition, ChunkSigner {
  /** Event lines, each with its newline, in order of `seq` from `firstSeq`. */
  readonly lines: readonly Buffer[];
  readonly firstAt: number;
  readonly lastAt: number;
  readonly final: boolean;
  /** For a first or final chunk; ignored for others. */
  readonly link: Link | null;
}

/** What a session's first chunk names as the hash of the one before. */
export function firstPreviousHash(sessionId: string, format: ChunkHeader['format'] = recordingFormat): string {
  return sha256(`${format}\0${sessionId}`);
}

/** The link that a chunk bears; null also for chunks from before there were links. */
export function linkOf(header: ChunkHeader): Link | null {
  return 'link' in header ? header.link : null;
}

/** Builds and signs a chunk; the result is its bytes and their hash. */
export function buildChunk(request: BuildChunkRequest): { readonly bytes: Buffer; readonly hash: string } {
  const plain = Buffer.concat(request.lines);
  const compression = plain.length >= compressFromBytes ? 'gzip' : 'none';
  const body = compression === 'gzip' ? gzipSync(plain, { level: gzipLevel }) : plain;
  const unsigned: Omit<Extract<ChunkHeader, { readonly link: Link | null }>, 'signature'> = {
    format: recordingFormat,
    sessionId: request.sessionId,
    gatewayId: request.gatewayId,
    keyId: request.keys.keyId,
    index: request.index,
    previousHash: request.previousHash,
    firstSeq: request.firstSeq,
    count: request.lines.length,
    firstAt: request.firstAt,
    lastAt: request.lastAt,
    final: request.final,
    seal: request.final ? { events: request.firstSeq + request.lines.length, chunks: request.index + 1 } : null,
    link: request.index === 0 || request.final ? request.link : null,
    compression,
    bodyBytes: body.length,
    bodyHash: sha256(body),
  };
  const signedText = JSON.stringify(unsigned);
  const signature = signBytes(request.keys.privateKey, chunkContext, Buffer.from(signedText, 'utf8'));
  const bytes = Buffer.concat([Buffer.from(`${signedText.slice(0, -1)},"signature":"${signature}"}\n`, 'utf8'), body]);
  return { bytes, hash: sha256(bytes) };
}

/** Takes a chunk's bytes apart. Throws SluiceError `recording-damaged` when they have not its form; checks neither hash nor signature. */
export function readChunk(bytes: Buffer): Chunk {
  const end = bytes.subarray(0, maxHeaderBytes).indexOf(newline);
  if (end < 0) throw damaged('the header line has no end');
  const line = bytes.toString('utf8', 0, end);
  const header = parseHeader(line);
  const signedText = `${line.slice(0, line.length - `,"signature":"${header.signature}"}`.length)}}`;
  const body = bytes.subarray(end + 1);
  if (body.length !== header.bodyBytes) throw damaged(`the body has ${body.length} bytes, not ${header.bodyBytes}`);
  return { header, signedBytes: Buffer.from(signedText, 'utf8'), body, hash: sha256(bytes) };
}

function parseHeader(line: string): ChunkHeader {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw damaged('the header line is no JSON', cause);
  }
  const parsed = chunkHeaderSchema.safeParse(value);
  if (!parsed.success) throw damaged('the header line has an unknown shape', parsed.error);
  // One spelling of one header: no doubled names, no spaces, and the signature at the end, where readChunk cuts it off.
  if (JSON.stringify(parsed.data) !== line) throw damaged('the header line is not in its canonical form');
  return parsed.data;
}

/** Says what is wrong with a chunk by itself: its key, its signature, its body's hash. Null when nothing is. */
export function chunkFault(chunk: Chunk, publicKeyOf: (keyId: string) => string | null): string | null {
  if (sha256(chunk.body) !== chunk.header.bodyHash) return 'the body was changed';
  const publicKey = publicKeyOf(chunk.header.keyId);
  if (publicKey === null) return `signed by an unknown key (${chunk.header.keyId})`;
  if (!verifyBytes(publicKey, chunkContext, chunk.signedBytes, chunk.header.signature)) {
    return 'the header was changed or is signed by another key';
  }
  return null;
}

/**
 * The events of a chunk, checked against its header. Never inflates more than `maxBodyBytes`. Throws SluiceError `recording-damaged`.
 */
export function decodeEvents(chunk: Chunk): RecordingEvent[] {
  const { header } = chunk;
  const lines = plainBody(chunk).toString('utf8').split('\n');
  if (lines.pop() !== '') throw damaged('the last event is cut off');
  if (lines.length !== header.count) throw damaged(`there are ${lines.length} events, not ${header.count}`);
  const events = lines.map((line, offset) => parseEvent(line, header.firstSeq + offset));
  if (events[0]?.at !== header.firstAt || events.at(-1)?.at !== header.lastAt) {
    throw damaged('the header’s times are not those of its events');
  }
  return events;
}

/**
 * Whether an event of this type may be in a chunk: what is looked for in a long recording is found without parsing all of it. Throws
 * SluiceError `recording-damaged`.
 */
export function mayHold(chunk: Chunk, type: RecordingEvent['type']): boolean {
  // Quotation marks within a text are escaped: a text that only tells of the type is not taken for it.
  return plainBody(chunk).includes(`"${type}"`);
}

function plainBody(chunk: Chunk): Buffer {
  if (chunk.header.compression === 'none') return chunk.body;
  try {
    return gunzipSync(chunk.body, { maxOutputLength: maxBodyBytes });
  } catch (cause) {
    throw damaged('the body does not decompress', cause);
  }
}

function parseEvent(line: string, seq: number): RecordingEvent {
  let event: RecordingEvent;
  try {
    event = recordingEventSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw damaged(`event ${seq} has an unknown shape`, cause);
  }
  if (event.seq !== seq) throw damaged(`event ${seq} is numbered ${event.seq}`);
  return event;
}

export function damaged(what: string, cause?: unknown): SluiceError {
  return new SluiceError('recording-damaged', what, {
    audience: 'person',
    ...(cause === undefined ? {} : { cause }),
  });
}
