/** One knowledge per connection revision, shared by its sessions, opened at the first use and closed when its connection changes. */
import { type BundleConnection, SluiceError } from '@sluice/domain';
import type { DialRequest, TargetKnowledge, WireProtocol } from '@sluice/wire-kit';

interface Entry {
  readonly revision: number;
  readonly opened: Promise<TargetKnowledge | null>;
}

export class KnowledgeCache {
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();
  readonly #log: (message: string, fields: Record<string, unknown>) => void;

  constructor(log: (message: string, fields: Record<string, unknown>) => void) {
    this.#log = log;
  }

  /** Null when the target gave none: facts are then incomplete where they need it. */
  async of(protocol: WireProtocol, connection: BundleConnection, dial: DialRequest): Promise<TargetKnowledge | null> {
    const known = this.#entries.get(connection.id);
    if (known !== undefined && known.revision === connection.revision) return known.opened;
    this.forget(connection.id);
    // It outlives the session that happened to come first, so it must not end with that session's signal.
    const own: DialRequest = { ...dial, signal: this.#closing.signal, startup: {}, actorLabel: 'gateway' };
    const opened = protocol.openKnowledge(own).catch((error: unknown) => {
      if (!(error instanceof SluiceError)) throw error;
      this.#log('the target’s catalogue could not be read', {
        connection: connection.name,
        code: error.code,
        message: error.message,
      });
      this.#entries.delete(connection.id);
      return null;
    });
    this.#entries.set(connection.id, { revision: connection.revision, opened });
    return opened;
  }

  forget(connectionId: string): void {
    const known = this.#entries.get(connectionId);
    if (known === undefined) return;
    this.#entries.delete(connectionId);
    void known.opened.then((knowledge) => knowledge?.close());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(async ({ opened }) => (await opened)?.close()));
  }
}
