/**
 * The file that people carry a recording in, `sluice-recording-export/1` (docs/recording-format.md): a first line with the public keys,
 * before each chunk a line with its number and length, a last line. The lines are not signed, they need not be: all that they say
 * stands in the signed chunks too. The reader uses that to find every chunk again when one line is damaged.
 */
import { keyIdOf } from '@sluice/keys';
import { z } from 'zod';
import { maxHeaderBytes, readChunk } from './chunk.ts';
import { type RecordingProblem, type RecordingVerdict, verifyRecording } from './verify-recording.ts';

export const exportFormat = 'sluice-recording-export/1';

/** A line between chunks at most, in bytes. */
const maxLineBytes = 64;
/** The first line at most, in bytes: some hundred keys. */
const maxFirstLineBytes = 64 * 1024;
/** How chunks of every version begin. */
const chunkStart = '{"format":"sluice-recording/';
const newline = 0x0a;

const exportHeaderSchema = z.strictObject({
  format: z.literal(exportFormat),
  sessionId: z.string(),
  chunks: z.int().min(1),
  /** base64url raw Ed25519 public keys of the gateways that signed. */
  keys: z.array(z.strictObject({ keyId: z.string(), publicKey: z.string() })),
});
export type ExportKey = z.infer<typeof exportHeaderSchema>['keys'][number];

/** A recording's file from its chunks in order. Throws SluiceError `recording-damaged` when the first is no chunk. */
export function writeExport(chunks: readonly Buffer[], keys: readonly ExportKey[]): Buffer {
  const { sessionId } = readChunk(chunks[0] ?? Buffer.alloc(0)).header;
  const header = {
    format: exportFormat,
    sessionId,
    chunks: chunks.length,
    keys: keys.map(({ keyId, publicKey }) => ({ keyId, publicKey })),
  };
  const parts = chunks.flatMap((chunk, index) => [
    Buffer.from(chunkLine(index, chunk.length)),
    chunk,
    Buffer.from('\n'),
  ]);
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts, Buffer.from(lastLine(chunks.length))]);
}

export interface ReadExport {
  /** Null when the first line is damaged. */
  readonly sessionId: string | null;
  /** The file's own word: compare their fingerprints before you trust them. Empty when the first line is damaged. */
  readonly keys: readonly ExportKey[];
  readonly chunks: readonly Buffer[];
  /** Damage of the lines around the chunks. */
  readonly problems: readonly RecordingProblem[];
}

/** Takes an export apart. Never throws: damage is named, and the chunks behind it are found again. */
export function readExport(file: Buffer): ReadExport {
  const problems: RecordingProblem[] = [];
  const report = (index: number | null, what: string): void => {
    problems.push({ part: 'container', index, what });
  };
  const first = readFirstLine(file);
  if (first.header === null) report(null, 'the first line is damaged');

  const chunks: Buffer[] = [];
  let position = first.end;
  while (position < file.length && !startsWith(file, position, 'end ')) {
    const index = chunks.length;
    const start = readChunkLine(file, position, index, report);
    if (start === null) break;
    const end = chunkEnd(file, start.position, start.length, index);
    chunks.push(file.subarray(start.position, end));
    if (start.length !== null && end !== start.position + start.length) {
      report(index, `the line before the chunk says ${start.length} bytes, there are ${end - start.position}`);
    }
    if (end < file.length && file[end] !== newline) report(index, 'the byte behind the chunk is damaged');
    position = end + 1;
  }
  const rest = file.toString('latin1', Math.min(position, file.length), Math.min(position + maxLineBytes, file.length));
  if (rest !== lastLine(chunks.length)) report(null, 'the last line is damaged or missing');
  if (first.header !== null && first.header.chunks !== chunks.length) {
    report(null, `the first line promises ${first.header.chunks} chunks, there are ${chunks.length}`);
  }
  return { sessionId: first.header?.sessionId ?? null, keys: first.header?.keys ?? [], chunks, problems };
}

/**
 * Verifies an export. Without `trustedKeyOf` the keys are the file's own: that proves the recording whole, not who signed it.
 */
export function verifyExport(
  file: Buffer,
  trustedKeyOf?: (keyId: string) => string | null,
): RecordingVerdict & { readonly keys: readonly ExportKey[] } {
  const read = readExport(file);
  const own = new Map(read.keys.map(({ keyId, publicKey }) => [keyId, publicKey]));
  const verdict = verifyRecording(read.chunks, trustedKeyOf ?? ((keyId) => own.get(keyId) ?? null));
  const problems = [...read.problems];
  // Without its keys nothing can be said about the chunks but that.
  const keysLost = trustedKeyOf === undefined && read.sessionId === null;
  if (keysLost)
    problems.push({ part: 'container', index: null, what: 'the public keys are lost, so no signature was checked' });
  else problems.push(...verdict.problems);
  if (read.sessionId !== null && verdict.sessionId !== null && read.sessionId !== verdict.sessionId) {
    problems.push({ part: 'container', index: null, what: 'the first line names another session than the chunks' });
  }
  return { ...verdict, keys: read.keys, ok: problems.length === 0, problems };
}

function chunkLine(index: number, length: number): string {
  return `chunk ${index} ${length}\n`;
}

function lastLine(chunks: number): string {
  return `end ${chunks}\n`;
}

function readFirstLine(file: Buffer): {
  readonly header: z.infer<typeof exportHeaderSchema> | null;
  readonly end: number;
} {
  const end = file.subarray(0, maxFirstLineBytes).indexOf(newline);
  const line = file.toString('utf8', 0, Math.max(end, 0));
  const marker = file.indexOf('chunk 0 ');
  const fallback = { header: null, end: marker >= 0 && marker < maxFirstLineBytes ? marker : Math.max(end + 1, 0) };
  try {
    const parsed = exportHeaderSchema.parse(JSON.parse(line));
    const canonical =
      JSON.stringify(parsed) === line &&
      parsed.keys.every(({ keyId, publicKey }) => isCanonical(publicKey) && keyIdOf(publicKey) === keyId);
    return canonical ? { header: parsed, end: end + 1 } : fallback;
  } catch {
    return fallback;
  }
}

/** The last character of a key holds bits that no byte needs: one spelling only is a key's (RFC 4648, 3.5). */
function isCanonical(publicKey: string): boolean {
  return Buffer.from(publicKey, 'base64url').toString('base64url') === publicKey;
}

/** Reads the line before chunk `index`, or finds the chunk behind a damaged one. Null when no chunk follows. */
function readChunkLine(
  file: Buffer,
  position: number,
  index: number,
  report: (index: number, what: string) => void,
): { readonly position: number; readonly length: number | null } | null {
  const text = file.toString('latin1', position, position + maxLineBytes);
  const [line, number, length] = /^chunk (\d{1,9}) (\d{1,9})\n/.exec(text) ?? [];
  const found = file.indexOf(chunkStart, position);
  const start = found >= 0 && found <= position + maxLineBytes ? found : null;
  const right = line !== undefined && Number(number) === index && line === chunkLine(index, Number(length));
  // A chunk whose own first bytes are damaged begins where a right line ends.
  if (right && (start === null || start === position + line.length)) {
    return { position: position + line.length, length: Number(length) };
  }
  if (start !== null) {
    report(index, 'the line before the chunk is damaged');
    return { position: start, length: null };
  }
  if (line !== undefined) {
    report(index, 'the line before the chunk names another number');
    return { position: position + line.length, length: Number(length) };
  }
  return null;
}

/**
 * Where the chunk that starts at `start` ends. The line before it and the chunk's own header both say; the one that another line
 * follows is right. Failing both the next line that can be found ends it.
 */
function chunkEnd(file: Buffer, start: number, length: number | null, index: number): number {
  const own = ownLength(file, start);
  const candidates = [length, own].filter((candidate) => candidate !== null).map((candidate) => start + candidate);
  const followed = candidates.find((end) => file[end] === newline && isLineStart(file, end + 1, index));
  if (followed !== undefined) return followed;
  // Both agree: the damage lies in what follows, which its own reader names.
  if (length !== null && length === own && start + length <= file.length) return start + length;
  const near = candidates.find((end) => isLineStart(file, end + 1, index));
  if (near !== undefined) return near;
  const ends = [`\nchunk ${index + 1} `, `\n${lastLine(index + 1)}`].map((marker) => file.indexOf(marker, start));
  const found = ends.filter((end) => end >= 0);
  return found.length > 0 ? Math.min(...found) : (candidates.find((end) => end <= file.length) ?? file.length);
}

function ownLength(file: Buffer, start: number): number | null {
  const end = file.subarray(start, start + maxHeaderBytes).indexOf(newline);
  const [, bodyBytes] = /"bodyBytes":(\d{1,9}),/.exec(file.toString('latin1', start, start + Math.max(end, 0))) ?? [];
  return bodyBytes === undefined ? null : end + 1 + Number(bodyBytes);
}

function isLineStart(file: Buffer, position: number, index: number): boolean {
  return startsWith(file, position, `chunk ${index + 1} `) || startsWith(file, position, lastLine(index + 1));
}

function startsWith(file: Buffer, position: number, text: string): boolean {
  return file.toString('latin1', position, position + text.length) === text;
}
