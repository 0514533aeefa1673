import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSigningKeys, newId, type SigningKeys } from '@sluice/keys';
import { buildChunk, firstPreviousHash, type Link } from '../chunk.ts';
import { type EndEvent, eventLine, type NewEvent } from '../events.ts';
import { chunkName, pushableChunks } from '../spool-names.ts';
import type { SpoolFile, SpoolStore } from '../spool-store.ts';

export const sampleKeys: SigningKeys = generateSigningKeys();
export const sampleGatewayId = 'gateway-1';

export function keyOf(keys: SigningKeys): (keyId: string) => string | null {
  return (keyId) => (keyId === keys.keyId ? keys.publicKey : null);
}

export function note(text: string): NewEvent {
  return { type: 'session.note', text };
}

export const closed: EndEvent = {
  type: 'session.closed',
  reason: 'clean',
  message: '',
  statements: 0,
  held: 0,
  denied: 0,
};

/** Signed chunks whose events are the given texts; the last one is sealed unless said otherwise. */
export function sampleChunks(
  texts: readonly (readonly string[])[],
  options: { readonly sessionId?: string; readonly keys?: SigningKeys; readonly final?: boolean } = {},
): Buffer[] {
  const sessionId = options.sessionId ?? newId();
  let position = { sessionId, index: 0, previousHash: firstPreviousHash(sessionId), firstSeq: 0 };
  let link: Link = { number: 0, previous: null };
  return texts.map((chunk, index) => {
    const lines = chunk.map((text, offset) => eventLine(note(text), position.firstSeq + offset, 1000));
    const final = index === texts.length - 1 && options.final !== false;
    const keys = options.keys ?? sampleKeys;
    const built = buildChunk({
      ...position,
      gatewayId: sampleGatewayId,
      keys,
      lines,
      firstAt: 1000,
      lastAt: 1000,
      final,
      link,
    });
    if (index === 0) link = { number: 1, previous: { sessionId, index, hash: built.hash } };
    position = { sessionId, index: index + 1, previousHash: built.hash, firstSeq: position.firstSeq + lines.length };
    return built.bytes;
  });
}

/** Folders of one test file, removed together. */
export class TestFolders {
  readonly #root = mkdtempSync(join(tmpdir(), 'sluice-spool-'));
  #count = 0;

  make(): string {
    this.#count += 1;
    return join(this.#root, String(this.#count));
  }

  copyOf(folder: string): string {
    const copy = this.make();
    cpSync(folder, copy, { recursive: true });
    return copy;
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** All bytes of a folder's files. */
export function folderText(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(folder, entry.name), 'utf8'))
    .join('\n');
}

/** Files that are neither chunks nor the gateway's chain: what a finished recording leaves none of. */
export function leftovers(store: SpoolStore): string[] {
  return store
    .list()
    .map(({ name }) => name)
    .filter((name) => !/\.chunk$|^chain\.log$|^checkpoint\.\d+\.line$/.test(name));
}

/** The chunks of a session that may leave the spool, in order, by number. */
export function spooledChunks(store: SpoolStore, sessionId: string): Map<number, Buffer> {
  const files = store.sessions.get(sessionId) ?? { opens: [], chunks: [] };
  return new Map(pushableChunks(files).map((index) => [index, store.read(chunkName(sessionId, index))]));
}

/**
 * A store that calls `step` before and after every change, and in the middle of every write: what a process that is killed there leaves
 * behind lies in the folder at that moment.
 */
export function steppedSpool(store: SpoolStore, step: () => void): SpoolStore {
  const stepped = <T>(action: () => T): T => {
    step();
    const result = action();
    step();
    return result;
  };
  const steppedFile = (file: SpoolFile): SpoolFile => ({
    write: (bytes, position) =>
      stepped(() => {
        file.write(bytes.subarray(0, Math.floor(bytes.length / 2)), position);
        step();
        file.write(bytes, position);
      }),
    sync: () => file.sync(),
    close: () => file.close(),
  });
  return {
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
    rename: (from, to) => stepped(() => store.rename(from, to)),
    remove: (name) => stepped(() => store.remove(name)),
    sync: () => store.sync(),
    create: (name) => stepped(() => steppedFile(store.create(name))),
    open: (name) => steppedFile(store.open(name)),
  };
}

/** A store whose changes fail with an error code of the disk while `fault` says so; a failing write leaves half its bytes. */
export function failingSpool(store: SpoolStore, fault: () => string | null): SpoolStore {
  const guarded = <T>(action: () => T): T => {
    const code = fault();
    if (code !== null) throw Object.assign(new Error(`${code}: the disk refuses`), { code });
    return action();
  };
  const guardedFile = (file: SpoolFile): SpoolFile => ({
    write(bytes, position) {
      const code = fault();
      if (code !== null) file.write(bytes.subarray(0, Math.floor(bytes.length / 2)), position);
      guarded(() => file.write(bytes, position));
    },
    sync: async () => {
      guarded(() => undefined);
      await file.sync();
    },
    close: () => file.close(),
  });
  return {
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
    rename: (from, to) => guarded(() => store.rename(from, to)),
    remove: (name) => guarded(() => store.remove(name)),
    sync: async () => {
      guarded(() => undefined);
      await store.sync();
    },
    create: (name) => guarded(() => guardedFile(store.create(name))),
    open: (name) => guarded(() => guardedFile(store.open(name))),
  };
}
