/**
 * The audit chain in a file, `sluice-audit-export/1` (docs/recording-format.md): a first line with the installation's public key, an
 * event a line with its hash and that of the one before, and a last line by which the installation signs where the chain stands.
 */
import { createHash } from 'node:crypto';
import { keyIdOf, type SignatureContext, type SigningKeys, signBytes, verifyBytes } from '@sluice/keys';
import { z } from 'zod';
import type { ExportKey } from './recording-export.ts';

export const auditExportFormat = 'sluice-audit-export/1';
const auditHeadContext = 'sluice-audit-head-v1' satisfies SignatureContext;
const chainContext = 'sluice-audit-v1\0';
/** What the first event names as the hash of the one before. */
const genesisHash = '0'.repeat(64);

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const headerSchema = z.strictObject({
  format: z.literal(auditExportFormat),
  /** The first event of the file. */
  from: z.int().min(1),
  keys: z.array(z.strictObject({ keyId: z.string(), publicKey: z.string() })),
});
const eventSchema = z.strictObject({ index: z.int().min(1), previousHash: hex, hash: hex, body: z.string() });
const headSchema = z.strictObject({
  head: z.strictObject({ index: z.int().min(0), hash: hex, at: z.int().min(0), keyId: z.string() }),
  signature: z.string(),
});

export interface ExportedAuditEvent {
  readonly index: number;
  readonly previousHash: string;
  readonly hash: string;
  /** The hashed JSON, exactly. */
  readonly body: string;
}

export interface AuditVerdict {
  readonly ok: boolean;
  readonly events: number;
  readonly from: number | null;
  /** The signed head: keep it, and a later export must hold it. */
  readonly head: { readonly index: number; readonly hash: string; readonly at: number } | null;
  readonly keys: readonly ExportKey[];
  readonly problems: readonly string[];
}

export function auditExportStart(from: number, keys: readonly ExportKey[]): string {
  const own = keys.map(({ keyId, publicKey }) => ({ keyId, publicKey }));
  return `${JSON.stringify({ format: auditExportFormat, from, keys: own })}\n`;
}

export function auditExportLine({ index, previousHash, hash, body }: ExportedAuditEvent): string {
  return `${JSON.stringify({ index, previousHash, hash, body })}\n`;
}

/** The last line: the installation's word that its chain ended there at that moment. */
export function auditExportEnd(keys: SigningKeys, index: number, hash: string, at: number): string {
  const head = { index, hash, at, keyId: keys.keyId };
  const signature = signBytes(keys.privateKey, auditHeadContext, Buffer.from(JSON.stringify(head), 'utf8'));
  return `${JSON.stringify({ head, signature })}\n`;
}

/**
 * Verifies an export; names every event that is changed, missing or out of place. `anchors` are heads known from elsewhere: the
 * export must hold them. Without `trustedKeyOf` the file's own keys are used.
 */
export function verifyAuditExport(
  file: string,
  options: {
    readonly trustedKeyOf?: (keyId: string) => string | null;
    readonly anchors?: readonly { readonly index: number; readonly hash: string }[];
  } = {},
): AuditVerdict {
  const problems: string[] = [];
  const lines = file.split('\n');
  if (lines.pop() !== '') problems.push('The file does not end with its last line.');
  const header = parsed(lines.shift(), headerSchema);
  if (header === null) problems.push('The first line is damaged.');
  const keys = header?.keys.filter(({ keyId, publicKey }) => keyIdOf(publicKey) === keyId) ?? [];
  if (keys.length !== (header?.keys.length ?? 0)) problems.push('A key of the first line does not bear its own id.');
  const own = new Map(keys.map(({ keyId, publicKey }) => [keyId, publicKey]));
  const head = readHead(lines.pop(), options.trustedKeyOf ?? ((keyId) => own.get(keyId) ?? null), problems);
  const hashes = followEvents(lines, header?.from ?? 1, problems);
  const last = (header?.from ?? 1) + lines.length - 1;
  if (head !== null && lines.length > 0 && (head.index !== last || hashes.get(last) !== head.hash))
    problems.push(`The signed head is event ${head.index}, the file ends at event ${last} or with another hash.`);
  for (const { index, hash } of options.anchors ?? []) {
    if (index >= (header?.from ?? 1) && hashes.get(index) !== hash)
      problems.push(`Event ${index} is not the one that the anchor names.`);
  }
  return {
    ok: problems.length === 0,
    events: lines.length,
    from: header?.from ?? null,
    head: head === null ? null : { index: head.index, hash: head.hash, at: head.at },
    keys: header?.keys ?? [],
    problems,
  };
}

function followEvents(lines: readonly string[], from: number, problems: string[]): ReadonlyMap<number, string> {
  const hashes = new Map<number, string>();
  let expected = from;
  let before: string | null = from === 1 ? genesisHash : null;
  for (const line of lines) {
    const event = parsed(line, eventSchema);
    if (event === null) {
      problems.push(`Event ${expected} is damaged.`);
      before = null;
      expected += 1;
      continue;
    }
    for (; expected < event.index; expected += 1) {
      problems.push(`Event ${expected} is missing.`);
      before = null;
    }
    if (event.index < expected) problems.push(`Event ${event.index} stands behind a later one or more than once.`);
    else if (before !== null && event.previousHash !== before)
      problems.push(`Event ${event.index} does not follow the event before it.`);
    const digest = createHash('sha256').update(`${chainContext}${event.previousHash}\0${event.body}`).digest('hex');
    if (digest !== event.hash) problems.push(`Event ${event.index} was changed after it was written.`);
    else if (bodyIndex(event.body) !== event.index) problems.push(`Event ${event.index} bears another number inside.`);
    hashes.set(event.index, event.hash);
    before = event.hash;
    expected = Math.max(expected, event.index + 1);
  }
  return hashes;
}

function readHead(
  line: string | undefined,
  publicKeyOf: (keyId: string) => string | null,
  problems: string[],
): z.infer<typeof headSchema>['head'] | null {
  const signed = parsed(line, headSchema);
  if (signed === null) {
    problems.push('The last line, which is signed, is damaged or missing.');
    return null;
  }
  const publicKey = publicKeyOf(signed.head.keyId);
  const bytes = Buffer.from(JSON.stringify(signed.head), 'utf8');
  if (publicKey === null) problems.push(`The head is signed by an unknown key (${signed.head.keyId}).`);
  else if (!verifyBytes(publicKey, auditHeadContext, bytes, signed.signature))
    problems.push('The head was changed or is signed by another key.');
  return signed.head;
}

function bodyIndex(body: string): unknown {
  try {
    return (JSON.parse(body) as { readonly index?: unknown }).index;
  } catch {
    return null;
  }
}

/** One spelling only, as everywhere in these formats. */
function parsed<T>(line: string | undefined, schema: z.ZodType<T>): T | null {
  if (line === undefined) return null;
  try {
    const value = schema.parse(JSON.parse(line));
    return JSON.stringify(value) === line ? value : null;
  } catch {
    return null;
  }
}
