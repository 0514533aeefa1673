/**
 * What approved changes overwrote, on the gateway's own disk: one sealed file for each approval, bounded in size and age. Nothing of it is
 * ever sent anywhere.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  isId,
  Secret,
  SluiceError,
  type UndoImage,
  type UndoOffer,
  undoImageSchema,
  undoLifetimeMs,
} from '@sluice/domain';
import { keyedDigest, openAtRest, sealAtRest } from '@sluice/keys';
import type { UndoPort } from '@sluice/session';
import { z } from 'zod';

/** All images together; the oldest go first (bytes). */
const maxUndoBytes = 100 * 1024 * 1024;
const suffix = '.undo';

const entrySchema = z.strictObject({ connectionId: z.string(), keptAt: z.number(), image: undoImageSchema });
export type UndoEntry = z.infer<typeof entrySchema>;

export class UndoStore implements UndoPort {
  readonly #dir: string;
  readonly #key: Secret;
  readonly #now: () => number;
  readonly #maxBytes: number;

  /** `secret` never leaves this gateway; what it sealed opens with nothing else. */
  constructor(dir: string, secret: Secret, now: () => number = Date.now, maxBytes = maxUndoBytes) {
    this.#dir = dir;
    this.#key = new Secret(keyedDigest(secret, 'sluice-undo-v1'));
    this.#now = now;
    this.#maxBytes = maxBytes;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.sweep();
  }

  keep(approvalId: string, connectionId: string, image: UndoImage): UndoOffer {
    const keptAt = this.#now();
    const text = JSON.stringify({ connectionId, keptAt, image } satisfies UndoEntry);
    const sealed = sealAtRest(this.#key, new Secret(text), contextOf(approvalId));
    if (sealed.length > this.#maxBytes) throw new SluiceError('too-large', 'it is larger than all that may be kept');
    try {
      this.sweep();
      this.#makeRoom(sealed.length);
      this.#write(this.#file(approvalId), sealed);
    } catch (cause) {
      if (cause instanceof SluiceError) throw cause;
      throw new SluiceError('unavailable', 'the gateway’s disk did not take it', { cause });
    }
    return { rows: image.rows.length, expiresAt: new Date(keptAt + undoLifetimeMs).toISOString() };
  }

  drop(approvalId: string): void {
    rmSync(this.#file(approvalId), { force: true });
  }

  /** Null: there is none, or it is too old. Throws SluiceError when it does not open. */
  entry(approvalId: string): UndoEntry | null {
    const file = this.#file(approvalId);
    if (!existsSync(file)) return null;
    const text = openAtRest(this.#key, readFileSync(file, 'utf8'), contextOf(approvalId)).reveal();
    const entry = entrySchema.parse(JSON.parse(text));
    if (this.#now() - entry.keptAt <= undoLifetimeMs) return entry;
    this.drop(approvalId);
    return null;
  }

  /** Removes what is too old. */
  sweep(): void {
    for (const { name, at } of this.#files())
      if (this.#now() - at > undoLifetimeMs) rmSync(join(this.#dir, name), { force: true });
  }

  #makeRoom(bytes: number): void {
    const files = this.#files().sort((a, b) => a.at - b.at);
    let total = files.reduce((sum, file) => sum + file.size, bytes);
    for (const { name, size } of files) {
      if (total <= this.#maxBytes) return;
      rmSync(join(this.#dir, name), { force: true });
      total -= size;
    }
  }

  #files(): { readonly name: string; readonly size: number; readonly at: number }[] {
    return readdirSync(this.#dir)
      .filter((name) => name.endsWith(suffix))
      .map((name) => {
        const { size, mtimeMs } = statSync(join(this.#dir, name));
        return { name, size, at: mtimeMs };
      });
  }

  #file(approvalId: string): string {
    if (!isId(approvalId)) throw new SluiceError('bad-request', 'an approval’s id has a wrong form');
    return join(this.#dir, `${approvalId}${suffix}`);
  }

  /** Whole or not at all. */
  #write(file: string, text: string): void {
    const fd = openSync(`${file}.new`, 'w', 0o600);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${file}.new`, file);
  }
}

function contextOf(approvalId: string): string {
  return `undo/${approvalId}`;
}
