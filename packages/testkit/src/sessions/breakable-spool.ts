import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSigningKeys } from '@sluice/keys';
import {
  decodeEvents,
  fileSpool,
  type RecordingEvent,
  readChunk,
  type SpoolFile,
  type SpoolStore,
  SpoolWriter,
} from '@sluice/recording';

/** A real spool in a temporary folder whose disk can be made to be full. */
export class BreakableSpool {
  readonly writer: SpoolWriter;
  /** While set every write fails with ENOSPC. */
  full = false;
  /** While set every sync fails with EIO. */
  unsynced = false;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-session-'));
  readonly #store: SpoolStore;

  constructor(gatewayId: string) {
    this.#store = fileSpool(this.#folder);
    this.writer = new SpoolWriter({
      store: this.#onDisk(),
      gatewayId,
      keys: generateSigningKeys(),
      onFault: () => undefined,
      onChunk: () => undefined,
    });
  }

  /** Everything recorded so far, in the order of sessions and of events. */
  events(): RecordingEvent[] {
    this.writer.tick();
    return this.#store
      .list()
      .filter(({ name }) => name.endsWith('.chunk'))
      .map(({ name }) => name)
      .sort()
      .flatMap((name) => decodeEvents(readChunk(this.#store.read(name))));
  }

  close(): void {
    this.full = false;
    this.writer.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #onDisk(): SpoolStore {
    const store = this.#store;
    const checkRoom = () => {
      if (this.full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    const guarded = (file: SpoolFile): SpoolFile => ({
      write: (bytes, position) => {
        checkRoom();
        file.write(bytes, position);
      },
      sync: () =>
        this.unsynced
          ? Promise.reject(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }))
          : file.sync(),
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
      create: (name) => {
        checkRoom();
        return guarded(store.create(name));
      },
      open: (name) => guarded(store.open(name)),
      rename: (from, to) => store.rename(from, to),
      remove: (name) => store.remove(name),
      sync: () => store.sync(),
    };
  }
}
