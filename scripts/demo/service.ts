import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { childEnvironment } from '../run.mjs';

const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 10_000;
/** A service that ran this long was well: the next failure begins with the first backoff again. */
const WELL_AFTER_MS = 30_000;
/** Failures before the first readiness after which starting gives up. */
const FAILED_STARTS = 3;
/** What a failed start's message quotes. */
const KEPT_LINES = 30;

export interface ServiceOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: () => Record<string, string>;
  readonly cwd?: string;
  /** Every line that it prints, but the line that says it is ready. */
  readonly onLine: (line: string) => void;
  readonly onNews: (text: string) => void;
  /** After each launch, the first included. */
  readonly onLaunch?: () => void;
  /** Between asking it to end and ending it. */
  readonly graceMs: number;
}

/** A Node process that prints `{"ready":true,…}` once it serves, and is started again whenever it ends unasked. */
export interface Service {
  /** Resolves with the ready line's JSON; rejects when it cannot be brought up. */
  start(): Promise<Record<string, unknown>>;
  /** Ends it and whatever it started. Idempotent. */
  stop(): Promise<void>;
  pid(): number | null;
}

export function createService(options: ServiceOptions): Service {
  const recent: string[] = [];
  let child: ChildProcess | null = null;
  let gone: Promise<void> = Promise.resolve();
  let wake: (() => void) | null = null;
  let stopping = false;
  let failures = 0;

  const note = (line: string): void => {
    recent.push(line);
    if (recent.length > KEPT_LINES) recent.shift();
    options.onLine(line);
  };

  const launch = (onReady: (said: Record<string, unknown>) => void, onFailed: (error: Error) => void): void => {
    const began = Date.now();
    // A group of its own: Ctrl-C in a terminal is the supervisor's to handle, in order.
    const started = spawn(process.execPath, [...options.args], {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: childEnvironment(options.env()),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child = started;
    options.onLaunch?.();
    readLines(started.stdout, (line) => {
      const said = readyLine(line);
      if (said === null) return note(line);
      failures = 0;
      onReady(said);
    });
    readLines(started.stderr, note);
    gone = new Promise((done) => {
      started.once('error', (error) => note(error.message));
      started.once('close', (code, signal) => {
        killGroup(started, 'SIGKILL'); // what it left behind
        child = null;
        done();
        if (stopping) return;
        failures = Date.now() - began > WELL_AFTER_MS ? 0 : failures + 1;
        if (failures >= FAILED_STARTS)
          onFailed(new Error(`${options.name} does not start (${signal ?? code}). It said:\n${recent.join('\n')}`));
        const wait = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10));
        options.onNews(`${options.name} ended (${signal ?? code}), starting it again in ${wait} ms`);
        const timer = setTimeout(() => !stopping && launch(onReady, onFailed), wait);
        wake = () => clearTimeout(timer);
      });
    });
  };

  return {
    start: () => new Promise(launch),
    stop: async () => {
      stopping = true;
      wake?.();
      if (child === null) return;
      const ending = child;
      killGroup(ending, 'SIGTERM');
      const timer = setTimeout(() => killGroup(ending, 'SIGKILL'), options.graceMs);
      await gone;
      clearTimeout(timer);
    },
    pid: () => child?.pid ?? null,
  };
}

function readLines(stream: Readable, take: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', take);
}

function readyLine(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{"ready":')) return null;
  try {
    const said: unknown = JSON.parse(line);
    return typeof said === 'object' && said !== null && 'ready' in said && said.ready === true ? { ...said } : null;
  } catch {
    return null;
  }
}

function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // nothing is left of it
  }
}
