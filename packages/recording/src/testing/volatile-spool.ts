import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rejectedPrefix, type SpoolFile, type SpoolStore } from '../spool-store.ts';

interface Inode {
  /** What the kernel holds, and what is on the platter. */
  content: Buffer;
  platter: Buffer;
}

/** A store whose `powerCut` leaves what a disk may keep: everything that was synced, and of the rest whatever `keeps` says. */
export interface VolatileSpool {
  readonly store: SpoolStore;
  powerCut(folder: string, keeps: () => boolean): void;
}

export function volatileSpool(store: SpoolStore): VolatileSpool {
  const names = new Map<string, Inode>();
  let platterNames = new Map<string, Inode>();
  const file = (inode: Inode, real: SpoolFile): SpoolFile => ({
    write(bytes, position) {
      real.write(bytes, position);
      const length = Math.max(inode.content.length, position + bytes.length);
      const content = Buffer.alloc(length);
      inode.content.copy(content);
      bytes.copy(content, position);
      inode.content = content;
    },
    async sync() {
      const { content } = inode;
      await real.sync();
      inode.platter = content;
    },
    close: () => real.close(),
  });
  const volatile: SpoolStore = {
    get bytes() {
      return store.bytes;
    },
    get rejected() {
      return store.rejected;
    },
    sessions: store.sessions,
    checkpoints: store.checkpoints,
    has: (name) => store.has(name),
    list: () => store.list(),
    read: (name) => store.read(name),
    create(name) {
      const inode = { content: Buffer.alloc(0), platter: Buffer.alloc(0) };
      names.set(name, inode);
      return file(inode, store.create(name));
    },
    open(name) {
      const inode = names.get(name);
      if (inode === undefined) throw new Error(`no file ${name}`);
      return file(inode, store.open(name));
    },
    rename(from, to) {
      store.rename(from, to);
      const inode = names.get(from);
      names.delete(from);
      if (inode !== undefined) names.set(to, inode);
    },
    remove(name) {
      store.remove(name);
      names.delete(name);
    },
    async sync() {
      const now = new Map(names);
      await store.sync();
      platterNames = now;
    },
  };
  return {
    store: volatile,
    powerCut(folder, keeps) {
      mkdirSync(join(folder, rejectedPrefix), { recursive: true });
      const left = new Map(platterNames);
      // Changes of the folder since: each may or may not have got there.
      for (const [name, inode] of names) if (!left.has(name) && keeps()) left.set(name, inode);
      for (const name of Array.from(left.keys())) if (!names.has(name) && keeps()) left.delete(name);
      for (const [name, { content, platter }] of left) writeFileSync(join(folder, name), keeps() ? content : platter);
    },
  };
}
