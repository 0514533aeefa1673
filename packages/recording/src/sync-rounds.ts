/**
 * Group commit: whoever needs its files on the platter waits for the next round, and one round syncs the files of all who wait. While
 * a round runs the next one gathers, so the disk is asked as often as it can answer and never once a statement.
 */
import type { SpoolFile, SpoolStore } from './spool-store.ts';

interface Waiting {
  readonly files: readonly SpoolFile[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class SyncRounds {
  readonly #store: SpoolStore;
  #next: Waiting[] = [];
  #running = false;
  /** Rounds that ended, for measurements. */
  rounds = 0;

  constructor(store: SpoolStore) {
    this.#store = store;
  }

  /**
   * Resolves when what was written to the files, and the names that the folder has now, survive a power cut. Rejects with the disk's
   * error: the kernel may have dropped what it could not write, so those files are never to be believed again.
   */
  sync(files: readonly SpoolFile[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#next.push({ files, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // Whoever asks in the same turn of the event loop shares the first round too.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#next.length > 0) {
      const round = this.#next;
      this.#next = [];
      const files = [...new Set(round.flatMap((waiting) => waiting.files))];
      const faults = new Map(await Promise.all(files.map(async (file) => [file, await faultOf(file.sync())] as const)));
      const folder = await faultOf(this.#store.sync());
      for (const { files: asked, resolve, reject } of round) {
        const fault = asked.map((file) => faults.get(file)).find((one) => one !== null) ?? folder;
        if (fault === null) resolve();
        else reject(fault);
      }
      this.rounds += 1;
    }
    this.#running = false;
  }
}

function faultOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error ?? new Error('the disk refuses'),
  );
}
