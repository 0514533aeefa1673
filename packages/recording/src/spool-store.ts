import {
  closeSync,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type SessionFiles, SpoolIndex } from './spool-names.ts';

/** Where chunks lie that the control plane refused for good, and open files that nothing can be made of. */
export const rejectedPrefix = 'rejected/';

/** A file that is being written. */
export interface SpoolFile {
  /** Writes all bytes at the position or throws; after a throw any part of them may be there, and the same position may be written again. */
  write(bytes: Buffer, position: number): void;
  /** Resolves when what was written survives a power cut. Rejects with the disk's error; the file's state is then unknown. */
  sync(): Promise<void>;
  close(): void;
}

/**
 * What the spool asks of storage. Every call is done when it returns (in the kernel: it survives the process, not the power). One
 * process owns a store. Every call may throw; nothing is half renamed.
 */
export interface SpoolStore {
  /** Bytes of all files, also of rejected ones. */
  readonly bytes: number;
  /** Open files and chunks by session, without rejected ones. Always of this moment: copy before you change files. */
  readonly sessions: ReadonlyMap<string, SessionFiles>;
  /** Numbers of the checkpoints that wait here, ascending. Always of this moment. */
  readonly checkpoints: readonly number[];
  /** How many files were set aside. */
  readonly rejected: number;
  /** Names and sizes, rejected ones with their prefix. */
  list(): readonly { readonly name: string; readonly bytes: number }[];
  has(name: string): boolean;
  read(name: string): Buffer;
  /** Makes a file or empties an existing one. */
  create(name: string): SpoolFile;
  /** Opens an existing file to be written on. */
  open(name: string): SpoolFile;
  /** Replaces what bears the new name. */
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** Resolves when files that were made, renamed and removed stay so through a power cut. Rejects with the disk's error. */
  sync(): Promise<void>;
}

/** A spool in one folder, which is made when it is missing. Files are readable by their owner only. */
export function fileSpool(folder: string): SpoolStore {
  mkdirSync(join(folder, rejectedPrefix), { recursive: true, mode: 0o700 });
  const index = new SpoolIndex();
  const sizes = new Map<string, number>();
  let total = 0;
  let rejected = 0;
  /** Takes note of a file's new size; null: it is gone. */
  const resize = (name: string, bytes: number | null): void => {
    const before = sizes.get(name);
    total += (bytes ?? 0) - (before ?? 0);
    if (bytes === null) sizes.delete(name);
    else sizes.set(name, bytes);
    if ((before === undefined) === (bytes === null)) return;
    if (name.startsWith(rejectedPrefix)) rejected += bytes === null ? -1 : 1;
    else if (bytes === null) index.remove(name);
    else index.add(name);
  };
  for (const { name, bytes } of scan(folder)) resize(name, bytes);
  const written = (name: string, descriptor: number): SpoolFile => {
    // The number of a closed descriptor is the next file's: a sync must neither outlive its file nor come after it.
    let syncing = 0;
    let closed = false;
    return {
      write(bytes, position) {
        let done = 0;
        while (done < bytes.length) done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
        resize(name, Math.max(sizes.get(name) ?? 0, position + bytes.length));
      },
      sync: () =>
        new Promise((resolve, reject) => {
          if (closed) return reject(new Error(`${name} was closed before it was synced`));
          syncing += 1;
          fdatasync(descriptor, (fault) => {
            syncing -= 1;
            if (closed && syncing === 0) closeSync(descriptor);
            if (fault) reject(fault);
            else resolve();
          });
        }),
      close() {
        if (closed) return;
        closed = true;
        if (syncing === 0) closeSync(descriptor);
      },
    };
  };

  return {
    get bytes() {
      return total;
    },
    get rejected() {
      return rejected;
    },
    sessions: index.sessions,
    checkpoints: index.checkpoints,
    has: (name) => sizes.has(name),
    list: () => Array.from(sizes, ([name, bytes]) => ({ name, bytes })),
    read: (name) => readFileSync(join(folder, name)),
    create(name) {
      const descriptor = openSync(join(folder, name), 'w', 0o600);
      resize(name, 0);
      return written(name, descriptor);
    },
    open: (name) => written(name, openSync(join(folder, name), 'r+')),
    rename(from, to) {
      renameSync(join(folder, from), join(folder, to));
      const bytes = sizes.get(from) ?? 0;
      resize(from, null);
      resize(to, bytes);
    },
    remove(name) {
      rmSync(join(folder, name), { force: true });
      resize(name, null);
    },
    async sync() {
      const directory = await open(folder, 'r');
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },
  };
}

function scan(folder: string): { readonly name: string; readonly bytes: number }[] {
  return ['', rejectedPrefix].flatMap((prefix) =>
    readdirSync(join(folder, prefix), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => ({ name: prefix + entry.name, bytes: statSync(join(folder, prefix, entry.name)).size })),
  );
}
