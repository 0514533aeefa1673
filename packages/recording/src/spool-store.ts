import {
  closeSync,
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

/** Where chunks lie that the control plane refused for good, and open files that nothing can be made of. */
export const rejectedPrefix = 'rejected/';

/** A file that is being written. */
export interface SpoolFile {
  /** Writes all bytes at the position or throws; after a throw any part of them may be there, and the same position may be written again. */
  write(bytes: Buffer, position: number): void;
  close(): void;
}

/**
 * What the spool asks of storage. Every call is done when it returns (in the kernel: it survives the process, not the power). One
 * process owns a store. Every call may throw; nothing is half renamed.
 */
export interface SpoolStore {
  /** Bytes of all files, also of rejected ones. */
  readonly bytes: number;
  /** Names and sizes, rejected ones with their prefix. */
  list(): readonly { readonly name: string; readonly bytes: number }[];
  read(name: string): Buffer;
  /** Makes a file or empties an existing one. */
  create(name: string): SpoolFile;
  /** Replaces what bears the new name. */
  rename(from: string, to: string): void;
  remove(name: string): void;
}

/** A spool in one folder, which is made when it is missing. Files are readable by their owner only. */
export function fileSpool(folder: string): SpoolStore {
  mkdirSync(join(folder, rejectedPrefix), { recursive: true, mode: 0o700 });
  const sizes = scan(folder);
  let total = Array.from(sizes.values()).reduce((sum, bytes) => sum + bytes, 0);
  const resize = (name: string, bytes: number | null): void => {
    total += (bytes ?? 0) - (sizes.get(name) ?? 0);
    if (bytes === null) sizes.delete(name);
    else sizes.set(name, bytes);
  };

  return {
    get bytes() {
      return total;
    },
    list: () => Array.from(sizes, ([name, bytes]) => ({ name, bytes })),
    read: (name) => readFileSync(join(folder, name)),
    create(name) {
      const descriptor = openSync(join(folder, name), 'w', 0o600);
      resize(name, 0);
      return {
        write(bytes, position) {
          let written = 0;
          while (written < bytes.length) {
            written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
          }
          resize(name, Math.max(sizes.get(name) ?? 0, position + bytes.length));
        },
        close: () => closeSync(descriptor),
      };
    },
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
  };
}

function scan(folder: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const prefix of ['', rejectedPrefix]) {
    for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
      const name = prefix + entry.name;
      if (entry.isFile()) sizes.set(name, statSync(join(folder, name)).size);
    }
  }
  return sizes;
}
