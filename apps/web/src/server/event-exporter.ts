import { type ApiServices, exportEvents } from '@sluice/api';
import type { Logger } from 'pino';

/** In ms: how soon after it happened an event is sent. */
const periodMs = 1_000;

/** Sends event streams. Every node tries; each stream's lock lets one at a time, so any node can carry on for another. */
export class EventExporter {
  readonly #services: Pick<ApiServices, 'database' | 'atRest' | 'eventFolder'>;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | null = null;

  constructor(services: Pick<ApiServices, 'database' | 'atRest' | 'eventFolder'>, log: Logger) {
    this.#services = services;
    this.#log = log;
    this.#timer = setInterval(() => this.#run(), periodMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  #run(): void {
    const { database, atRest, eventFolder } = this.#services;
    this.#running ??= exportEvents({ database, atRest, folder: eventFolder }, () => new Date())
      .catch((error: unknown) => this.#log.warn({ err: error }, 'event streams could not be sent'))
      .finally(() => {
        this.#running = null;
      });
  }
}
