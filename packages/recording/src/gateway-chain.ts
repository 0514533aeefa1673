/**
 * The chain that joins the sessions of one gateway, as the gateway itself keeps it in its spool: `chain.log` says where it stands, and
 * `checkpoint.000012.line` is a checkpoint that the control plane has not got yet. Sealing is synchronous and there is one writer, so
 * the chain needs no lock: a chunk takes the next link at the moment when it is sealed.
 */
import { z } from 'zod';
import {
  buildCheckpoint,
  type ChainPlace,
  checkpointContext,
  firstCheckpointHash,
  type LinkedChunk,
  lineFault,
  linkedChunkSchema,
  maxNamedChunks,
  readCheckpoint,
  type Witness,
} from './checkpoint.ts';
import { type ChunkName, type ChunkSigner, damaged, type Link, linkOf, readChunk } from './chunk.ts';
import { checkpointName, chunkName, temporaryName } from './spool-names.ts';
import type { SpoolFile, SpoolStore } from './spool-store.ts';

const logName = 'chain.log';
const logFormat = 'sluice-chain/1';
/** While something was recorded a checkpoint is made this often, in ms. */
const busyCheckpointMs = 5_000;
/** And at least this often, in ms, so that a silence shows as one. */
const idleCheckpointMs = 60_000;
/** While so many checkpoints wait for the control plane none is made for the time's sake. */
const maxWaitingCheckpoints = 256;

const logHeadSchema = z.strictObject({
  format: z.literal(logFormat),
  checkpoint: z.strictObject({ number: z.int().min(0), hash: z.string() }).nullable(),
  head: linkedChunkSchema.nullable(),
  /** The chain was taken up after the spool was lost, and no checkpoint says so yet: the next one must, whoever dies before. */
  resumed: z.literal(true).optional(),
});
type CheckpointPlace = NonNullable<z.infer<typeof logHeadSchema>['checkpoint']>;

export class GatewayChain {
  readonly #store: SpoolStore;
  readonly #signer: ChunkSigner;
  #file: SpoolFile | null = null;
  #fileBytes = 0;
  #head: LinkedChunk | null = null;
  /** The link before the first of `#links`. */
  #base: LinkedChunk | null = null;
  #checkpoint: CheckpointPlace | null = null;
  /** Links that no checkpoint names yet; the first `#written` stand in the log. */
  #links: LinkedChunk[] = [];
  #written = 0;
  /** The log's first line is older than the newest checkpoint. */
  #stale = true;
  /** Changes of the log, and how many of them survive a power cut. */
  #changes = 0;
  #synced = 0;
  #syncing: Promise<void> | null = null;
  readonly #heads = new Map<string, ChunkName>();
  #checkpointAt = 0;
  #unknown: boolean;
  /** The next checkpoint says that the chain was taken up where the control plane saw it last. */
  #resumed = false;
  #witness: Witness | null = null;

  constructor(store: SpoolStore, signer: ChunkSigner) {
    this.#store = store;
    this.#signer = signer;
    this.#unknown = !store.has(logName) && store.checkpoints.length === 0;
    this.#restore();
  }

  /** Nothing says where it stands: the gateway is new, or its spool was lost. No session may open before `resume`. */
  get isUnknown(): boolean {
    return this.#unknown;
  }

  /**
   * Goes on from where the control plane saw the chain last when that is further than the spool knows, and says so in the next
   * checkpoint: whatever had not arrived there is lost, and numbers that were seen are not used again. A spool that was lost knows
   * nothing, one that was restored knows what was then. Returns whether it did. Throws SluiceError `recording-damaged` for a checkpoint
   * that this gateway did not sign.
   */
  resume({ checkpoint, links }: ChainPlace): boolean {
    const last = checkpoint === null ? null : this.#own(checkpoint);
    this.#unknown = false;
    const seenLink = Math.max(last?.value.head?.number ?? -1, ...links.slice(-1).map(({ number }) => number));
    const seenCheckpoint = last?.value.number ?? -1;
    if (seenCheckpoint <= (this.#checkpoint?.number ?? -1) && seenLink <= (this.#head?.number ?? -1)) return false;
    // What this spool still holds and nobody has seen keeps the number that it bears.
    const own = this.#links.filter(({ number }) => links.every((link) => link.number !== number));
    if (last !== null && seenCheckpoint >= (this.#checkpoint?.number ?? -1)) {
      this.#checkpoint = { number: seenCheckpoint, hash: last.hash };
      this.#base = last.value.head;
    }
    this.#head = this.#base;
    this.#links = [];
    for (const link of [...own, ...links].sort((a, b) => a.number - b.number)) this.#adopt(link);
    for (const { number: _, ...name } of this.#links) this.#heads.set(name.sessionId, name);
    this.#resumed = true;
    this.#stale = true;
    return true;
  }

  #own(line: string) {
    const { gatewayId, keys } = this.#signer;
    const signed = readCheckpoint(line);
    const fault = lineFault(signed, checkpointContext, (keyId) => (keyId === keys.keyId ? keys.publicKey : null));
    if (fault === null && signed.value.gatewayId === gatewayId) return signed;
    throw damaged(`the checkpoint that the control plane holds ${fault ?? 'is another gateway’s'}`);
  }

  /**
   * The link of a chunk that is sealed now: the next one, or the one that it bore before a power cut took the chunk and left the log.
   */
  linkFor(sessionId: string, index: number): Link {
    const at = this.#links.findIndex((link) => link.sessionId === sessionId && link.index === index);
    const own = this.#links[at];
    if (own === undefined) return this.next();
    const before = this.#links[at - 1] ?? this.#base;
    if (before === null) return { number: own.number, previous: null };
    const { number: _, ...previous } = before;
    return { number: own.number, previous };
  }

  /** The link of the chunk that takes a new one. */
  next(): Link {
    if (this.#head === null) return { number: 0, previous: null };
    const { number, ...previous } = this.#head;
    return { number: number + 1, previous };
  }

  /** A chunk stands in the spool; `link` is the one it bears. */
  sealed(chunk: ChunkName, link: Link | null): void {
    this.#heads.delete(chunk.sessionId);
    this.#heads.set(chunk.sessionId, chunk);
    if (link === null || link.number <= (this.#head?.number ?? -1)) return;
    this.#head = { number: link.number, ...chunk };
    this.#links.push(this.#head);
  }

  /**
   * Writes the chain's end to its log. A chunk with a link, and a checkpoint, may leave the spool only after that: else the next start
   * would use its number again. Throws what the store throws.
   */
  persist(): void {
    if (this.#stale || this.#file === null) this.#rewrite();
    if (this.#file === null || this.#written === this.#links.length) return;
    const lines = Buffer.from(this.#links.slice(this.#written).map(toLine).join(''), 'utf8');
    this.#file.write(lines, this.#fileBytes);
    this.#fileBytes += lines.length;
    this.#changes += 1;
    this.#written = this.#links.length;
  }

  /** Resolves when what was persisted until now survives a power cut. Rejects with the disk's error; the log is then made anew. */
  async sync(): Promise<void> {
    const asked = this.#changes;
    while (this.#synced < asked) {
      this.#syncing ??= this.#syncOnce().finally(() => {
        this.#syncing = null;
      });
      await this.#syncing;
    }
  }

  async #syncOnce(): Promise<void> {
    const covered = this.#changes;
    const file = this.#file;
    try {
      await file?.sync();
      await this.#store.sync();
    } catch (error) {
      // The kernel may have dropped what it could not write and says so only once: this file is not to be believed again.
      this.#stale = true;
      throw error;
    }
    // Replaced meanwhile: its successor holds what was persisted, and is synced in the next turn.
    if (this.#file === file) this.#synced = covered;
  }

  /** What the control plane answered to a checkpoint. */
  witnessed(witness: Witness): void {
    this.#witness = witness;
  }

  /** Numbers of the checkpoints that may be pushed, in order. */
  pushable(): readonly number[] {
    return this.#stale ? [] : this.#waiting();
  }

  /** Makes a checkpoint when one is due, or at once. Throws what the store throws. Returns whether one was made. */
  makeCheckpoint(now: number, open: number, atOnce = false): boolean {
    if (this.#stale) this.persist();
    if (!atOnce && !this.#isDue(now)) return false;
    const links = this.#links.slice(0, maxNamedChunks);
    const heads = Array.from(this.#heads.values()).slice(0, maxNamedChunks);
    const number = (this.#checkpoint?.number ?? -1) + 1;
    const { gatewayId, keys } = this.#signer;
    const previousHash = this.#checkpoint?.hash ?? firstCheckpointHash(gatewayId);
    const head = this.#links.length > links.length ? (links.at(-1) ?? null) : this.#head;
    const resumed = this.#resumed ? ({ resumed: true } as const) : {};
    const rest = { head, links, heads, open, witness: this.#witness, ...resumed };
    const { line, hash } = buildCheckpoint(keys, { gatewayId, number, previousHash, at: now, ...rest });
    this.#put(checkpointName(number), Buffer.from(line, 'utf8'));
    // From here on the file is the truth, also for the next start; the log follows.
    this.#checkpoint = { number, hash };
    this.#resumed = false;
    this.#checkpointAt = now;
    this.#links = this.#links.slice(links.length);
    this.#base = head;
    for (const { sessionId } of heads) this.#heads.delete(sessionId);
    this.#stale = true;
    this.persist();
    return true;
  }

  #isDue(now: number): boolean {
    if (this.#links.length >= maxNamedChunks) return true;
    const since = now - this.#checkpointAt;
    // A clock that was set back must not stop them.
    if (since >= 0 && since < busyCheckpointMs) return false;
    if (this.#waiting().length >= maxWaitingCheckpoints) return false;
    return this.#heads.size > 0 || this.#links.length > 0 || since < 0 || since >= idleCheckpointMs;
  }

  #waiting(): readonly number[] {
    return this.#store.checkpoints;
  }

  /** Replaces the log: its first line, and the links that no checkpoint names. */
  #rewrite(): void {
    const line: z.infer<typeof logHeadSchema> = {
      format: logFormat,
      checkpoint: this.#checkpoint,
      head: this.#base,
      ...(this.#resumed ? { resumed: true } : {}),
    };
    const bytes = Buffer.from(toLine(line) + this.#links.map(toLine).join(''), 'utf8');
    this.#put(logName, bytes);
    this.#file?.close();
    this.#file = null;
    this.#file = this.#store.open(logName);
    this.#fileBytes = bytes.length;
    this.#changes += 1;
    this.#written = this.#links.length;
    this.#stale = false;
  }

  #put(name: string, bytes: Buffer): void {
    const file = this.#store.create(temporaryName(name));
    try {
      file.write(bytes, 0);
    } finally {
      file.close();
    }
    this.#store.rename(temporaryName(name), name);
  }

  /** Reads the log, and what a kill kept from getting into it: the newest checkpoint's file and chunks beside their open files. */
  #restore(): void {
    const [first, ...lines] = this.#logLines();
    const head = logHeadSchema.safeParse(first);
    if (head.success) {
      this.#checkpoint = head.data.checkpoint;
      this.#head = head.data.head;
      this.#base = head.data.head;
      this.#resumed = head.data.resumed === true;
    }
    for (const line of lines) {
      const link = linkedChunkSchema.safeParse(line);
      if (!link.success) break;
      this.#adopt(link.data);
    }
    this.#adoptCheckpoint();
    for (const link of this.#linksBesideOpenFiles()) this.#adopt(link);
    for (const { number: _, ...name } of this.#links) this.#heads.set(name.sessionId, name);
  }

  #adopt(link: LinkedChunk): void {
    if (link.number <= (this.#head?.number ?? -1)) return;
    this.#head = link;
    this.#links.push(link);
  }

  #adoptCheckpoint(): void {
    const number = this.#waiting().at(-1);
    if (number === undefined || number <= (this.#checkpoint?.number ?? -1)) return;
    try {
      const { value, hash } = readCheckpoint(this.#store.read(checkpointName(number)).toString('utf8'));
      this.#checkpoint = { number, hash };
      if (value.resumed === true) this.#resumed = false;
      this.#links = this.#links.filter((link) => link.number > (value.head?.number ?? -1));
      this.#base = value.head;
      if ((value.head?.number ?? -1) > (this.#head?.number ?? -1)) this.#head = value.head;
    } catch {
      // A power cut left half of it: it says nothing, and its number shows as damaged where it arrives.
      this.#checkpoint = { number, hash: firstCheckpointHash(this.#signer.gatewayId) };
    }
  }

  #logLines(): unknown[] {
    if (!this.#store.has(logName)) return [];
    return this.#store
      .read(logName)
      .toString('utf8')
      .split('\n')
      .map((line) => {
        try {
          return JSON.parse(line) as unknown;
        } catch {
          return null;
        }
      });
  }

  #linksBesideOpenFiles(): LinkedChunk[] {
    const found: LinkedChunk[] = [];
    for (const [sessionId, { opens, chunks }] of this.#store.sessions) {
      const lowest = opens[0] ?? Number.POSITIVE_INFINITY;
      for (const index of chunks.filter((number) => number >= lowest)) {
        try {
          const { header, hash } = readChunk(this.#store.read(chunkName(sessionId, index)));
          const link = linkOf(header);
          if (link !== null) found.push({ number: link.number, sessionId, index, hash });
        } catch {
          // Recovery names it and sets it aside.
        }
      }
    }
    return found.sort((a, b) => a.number - b.number);
  }
}

function toLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
