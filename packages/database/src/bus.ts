import pg from 'pg';
import type { Db } from './client.ts';

/** Postgres refuses longer payloads (8,000 bytes less its own); ours only name things to fetch. Bytes. */
const maxPayloadBytes = 7_500;
/** Wait before the first try to listen again, doubling up to the longest. In ms. */
const firstRetryMs = 100;
const longestRetryMs = 5_000;
/** Beside LISTEN the connection is silent; a check this often, in ms, finds one that died without a word. */
const keepAliveMs = 10_000;
const keepAliveTimeoutMs = 5_000;

/** `sluice_live`: which list moved, for pages. `sluice_notice`: what nodes tell each other. */
export const busChannels = ['sluice_live', 'sluice_notice'] as const;
export type BusChannel = (typeof busChannels)[number];

export interface Bus {
  /** Hears every payload that is published on any node, in order. Returns the way to stop. Listeners must not throw. */
  subscribe(channel: BusChannel, listener: (payload: unknown) => void): () => void;
  /** Called whenever notices may have been missed: after the connection was lost and is back. */
  onGap(listener: () => void): () => void;
  close(): Promise<void>;
}

export interface BusOptions {
  readonly url: string;
  /** Told of trouble with the connection, for the log. */
  readonly onError: (error: unknown) => void;
}

/** Publishes in the caller's transaction, if it is one: listeners hear it when it commits. */
export async function publish(db: Db, channel: BusChannel, payload: object): Promise<void> {
  const text = JSON.stringify(payload);
  if (Buffer.byteLength(text) > maxPayloadBytes)
    throw new Error(`a payload of ${channel} is over ${maxPayloadBytes} bytes`);
  await db.$executeRaw`SELECT pg_notify(${channel}, ${text})`;
}

/** Opens the one connection on which a node listens. Resolves when it listens; keeps itself connected until closed. */
export async function openBus(options: BusOptions): Promise<Bus> {
  const bus = new ListeningBus(options);
  await bus.start();
  return bus;
}

class ListeningBus implements Bus {
  readonly #options: BusOptions;
  readonly #listeners = new Map<BusChannel, Set<(payload: unknown) => void>>();
  readonly #gapListeners = new Set<() => void>();
  #client: pg.Client | null = null;
  #retryTimer: NodeJS.Timeout | undefined;
  #aliveTimer: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  #closed = false;

  constructor(options: BusOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#connect();
    this.#aliveTimer = setInterval(() => void this.#checkAlive(), keepAliveMs);
    this.#aliveTimer.unref();
  }

  subscribe(channel: BusChannel, listener: (payload: unknown) => void): () => void {
    const set = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, set.add(listener));
    return () => set.delete(listener);
  }

  onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#aliveTimer);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#options.url, keepAlive: true });
    client.on('notification', ({ channel, payload }) => this.#dispatch(channel, payload ?? ''));
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, new Error('the connection that listens has ended')));
    try {
      await client.connect();
      for (const channel of busChannels) await client.query(`LISTEN ${channel}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    this.#retryMs = firstRetryMs;
  }

  #dispatch(channel: string, text: string): void {
    let payload: unknown;
    try {
      payload = JSON.parse(text);
    } catch (error) {
      this.#options.onError(error);
      return;
    }
    for (const listener of this.#listeners.get(channel as BusChannel) ?? []) listener(payload);
  }

  #lost(client: pg.Client, error: unknown): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = null;
    this.#options.onError(error);
    void client.end().catch(() => undefined);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => {
      this.#connect().then(
        () => {
          for (const listener of this.#gapListeners) listener();
        },
        (error: unknown) => {
          this.#options.onError(error);
          if (!this.#closed) this.#retryLater();
        },
      );
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  async #checkAlive(): Promise<void> {
    const client = this.#client;
    if (client === null) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the connection that listens does not answer')), keepAliveTimeoutMs);
    });
    try {
      await Promise.race([client.query('SELECT 1'), late]);
    } catch (error) {
      this.#lost(client, error);
    } finally {
      clearTimeout(timer);
    }
  }
}
