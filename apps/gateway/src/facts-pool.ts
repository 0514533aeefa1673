/**
 * Facts from the parse worker. A grammar compiled to WebAssembly can be broken or hung by one hostile text, so every failure other
 * than a plain syntax error throws the worker away, and its victim is read as incomplete.
 */
import type { Worker } from 'node:worker_threads';
import { type ReadOutcome, SluiceError, type StatementDescription } from '@sluice/domain';
import type { FactsReader, FactsRequest } from '@sluice/wire-kit';
import type { ParseAnswer, ParseRequest } from './parse-worker.ts';

/** Longest time one text may take. */
export const parseTimeoutMs = 2_000;
/** A worker must be ready within this time. */
const startTimeoutMs = 20_000;
/** Longest text that is handed to a grammar, in UTF-16 code units; a longer one is incomplete. */
export const maxTextCharacters = 262_144;
/** Readings remembered, and the longest text that is worth remembering. */
const maxCached = 4_096;
const maxCachedCharacters = 16_384;
/** Texts waiting for the worker; beyond it a text is incomplete at once. */
const maxQueued = 1_024;

type Job =
  | { readonly kind: 'read'; readonly request: FactsRequest; readonly done: (outcome: ReadOutcome) => void }
  | {
      readonly kind: 'describe';
      readonly language: string;
      readonly text: string;
      readonly done: (description: StatementDescription) => void;
      readonly fail: (error: SluiceError) => void;
    };

interface Running {
  readonly id: number;
  readonly job: Job;
  readonly timer: NodeJS.Timeout;
}

interface ParseWorker {
  readonly worker: Worker;
  ready: boolean;
  running: Running | null;
  readonly catalogues: Set<string>;
  readonly startTimer: NodeJS.Timeout;
}

export interface FactsPoolOptions {
  /** Starts a thread that calls `runParseWorker`. */
  readonly spawn: () => Worker;
  readonly size: number;
  readonly onFailure: (message: string) => void;
}

export class FactsPool implements FactsReader {
  readonly #options: FactsPoolOptions;
  readonly #workers: ParseWorker[] = [];
  readonly #queue: Job[] = [];
  readonly #cache = new Map<string, ReadOutcome>();
  #nextId = 1;
  #closed = false;

  constructor(options: FactsPoolOptions) {
    this.#options = options;
    for (let i = 0; i < options.size; i++) this.#start();
  }

  read(request: FactsRequest): ReadOutcome | Promise<ReadOutcome> {
    if (request.text.length > maxTextCharacters) {
      return failure(
        'oversize',
        `a text of ${request.text.length} characters is longer than Sluice reads (${maxTextCharacters})`,
      );
    }
    // Joined, not a template: it is kept, and a string put together by concatenation keeps each of its parts.
    const key = [request.language, request.catalogue?.id ?? '', request.sessionKey, request.text].join('\0');
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    return new Promise<ReadOutcome>((resolve) => {
      const done = (outcome: ReadOutcome) => {
        // A timed-out or broken reading may succeed the next time: only the grammar's own word is remembered.
        const worthIt = request.once !== true && request.text.length <= maxCachedCharacters;
        if (worthIt && (outcome.ok || outcome.reason === 'syntax')) this.#remember(key, outcome);
        resolve(outcome);
      };
      this.#enqueue({ kind: 'read', request, done });
    });
  }

  describe(language: string, text: string): Promise<StatementDescription> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ kind: 'describe', language, text, done: resolve, fail: reject });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#failQueued('the gateway is stopping');
    await Promise.all(this.#workers.map((w) => w.worker.terminate()));
  }

  #remember(key: string, outcome: ReadOutcome): void {
    if (this.#cache.size >= maxCached) {
      // Half goes at once: no bookkeeping on the hot path.
      let n = 0;
      for (const old of this.#cache.keys()) {
        if (n++ >= maxCached / 2) break;
        this.#cache.delete(old);
      }
    }
    this.#cache.set(key, outcome);
  }

  #enqueue(job: Job): void {
    if (this.#queue.length >= maxQueued || this.#closed) {
      fail(job, 'broken', 'too many texts wait to be read');
      return;
    }
    this.#queue.push(job);
    this.#dispatch();
  }

  #dispatch(): void {
    for (const slot of this.#workers) {
      if (!slot.ready || slot.running !== null) continue;
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#run(slot, job);
    }
  }

  #run(slot: ParseWorker, job: Job): void {
    const id = this.#nextId++;
    const timer = setTimeout(() => this.#discard(slot, 'timed-out', 'reading it took too long'), parseTimeoutMs);
    slot.running = { id, job, timer };
    if (job.kind === 'describe') {
      slot.worker.postMessage({ type: 'describe', id, language: job.language, text: job.text } satisfies ParseRequest);
      return;
    }
    const { request } = job;
    if (request.catalogue !== null && !slot.catalogues.has(request.catalogue.id)) {
      slot.worker.postMessage({
        type: 'catalogue',
        id: request.catalogue.id,
        data: request.catalogue.data,
      } satisfies ParseRequest);
      // The worker forgets its oldest; so does this list, and then sends again.
      slot.catalogues.add(request.catalogue.id);
      for (const oldest of slot.catalogues) {
        if (slot.catalogues.size <= 32) break;
        slot.catalogues.delete(oldest);
      }
    }
    slot.worker.postMessage({
      type: 'read',
      id,
      language: request.language,
      text: request.text,
      session: request.session,
      catalogueId: request.catalogue?.id ?? null,
    } satisfies ParseRequest);
  }

  #start(): void {
    const worker = this.#options.spawn();
    const slot: ParseWorker = {
      worker,
      ready: false,
      running: null,
      catalogues: new Set(),
      startTimer: setTimeout(() => this.#discard(slot, 'broken', 'the parser did not start'), startTimeoutMs),
    };
    this.#workers.push(slot);
    worker.on('message', (answer: ParseAnswer) => this.#answered(slot, answer));
    worker.on('error', (error) =>
      this.#discard(slot, 'broken', error instanceof Error ? error.message : String(error)),
    );
    worker.on('exit', () => this.#discard(slot, 'broken', 'the parser ended'));
  }

  #answered(slot: ParseWorker, answer: ParseAnswer): void {
    if (answer.type === 'ready') {
      clearTimeout(slot.startTimer);
      slot.ready = true;
      this.#dispatch();
      return;
    }
    const running = slot.running;
    if (running === null || running.id !== answer.id) return;
    if (answer.type === 'failed') {
      this.#discard(slot, 'broken', answer.message);
      return;
    }
    clearTimeout(running.timer);
    slot.running = null;
    if (answer.type === 'read' && running.job.kind === 'read') running.job.done(answer.outcome);
    else if (answer.type === 'described' && running.job.kind === 'describe') running.job.done(answer.description);
    else fail(running.job, 'broken', 'the parser answered something else');
    this.#dispatch();
  }

  #failQueued(message: string): void {
    for (const job of this.#queue.splice(0)) fail(job, 'broken', message);
  }

  /** Ends a worker, fails what it was reading, and starts another. Texts that only waited go on waiting. */
  #discard(slot: ParseWorker, reason: 'timed-out' | 'broken', message: string): void {
    const at = this.#workers.indexOf(slot);
    if (at < 0) return;
    this.#workers.splice(at, 1);
    clearTimeout(slot.startTimer);
    void slot.worker.terminate();
    if (slot.running !== null) {
      clearTimeout(slot.running.timer);
      fail(slot.running.job, reason, message);
    }
    if (this.#closed) return;
    this.#options.onFailure(message);
    // No text waits for a parser that does not start.
    if (!slot.ready && !this.#workers.some((other) => other.ready)) this.#failQueued(message);
    // A worker that dies before it was ready must not spin.
    if (slot.ready) this.#start();
    else setTimeout(() => this.#closed || this.#start(), 1_000).unref();
  }
}

function failure(reason: 'oversize' | 'timed-out' | 'broken', message: string): ReadOutcome {
  return { ok: false, reason, message, position: null };
}

function fail(job: Job, reason: 'timed-out' | 'broken', message: string): void {
  if (job.kind === 'read') job.done(failure(reason, `the parser gave up (${message})`));
  else job.fail(new SluiceError('unavailable', `the parser gave up (${message})`, { audience: 'operator' }));
}
