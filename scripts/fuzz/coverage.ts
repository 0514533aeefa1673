/**
 * What of the code under test has ever run, from V8's own precise coverage. Only code that is compiled after `start` is counted
 * block by block, so it is to be imported after that.
 */
import { type Profiler, Session } from 'node:inspector';

/** One script as characters of its compiled text: 1 ran, 0 did not. */
type Painted = Uint8Array;

export class Coverage {
  readonly #session = new Session();
  readonly #concerns: (url: string) => boolean;
  readonly #seen = new Map<string, Painted>();

  /** `concerns` says whether a script (by URL or path) is code under test. */
  constructor(concerns: (url: string) => boolean) {
    this.#concerns = concerns;
  }

  start(): void {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.#take();
  }

  stop(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.post('Profiler.disable');
    this.#session.disconnect();
  }

  /** Begins to count anew, for another target. */
  reset(): void {
    this.#take();
    this.#seen.clear();
  }

  /** Characters of code that ever ran, and of all scripts of which some did. */
  get size(): { readonly ran: number; readonly all: number } {
    let ran = 0;
    let all = 0;
    for (const painted of this.#seen.values()) {
      all += painted.length;
      for (const one of painted) ran += one;
    }
    return { ran, all };
  }

  /** True when something ran since it was last asked that had never run. Without `keep` it only looks. */
  fresh(keep = true): boolean {
    let fresh = false;
    for (const script of this.#take()) {
      const now = paint(script);
      const seen = grown(this.#seen.get(script.url), now.length);
      if (keep) this.#seen.set(script.url, seen);
      for (let i = 0; i < now.length; i++) {
        if (now[i] === 0 || seen[i] === 1) continue;
        fresh = true;
        if (!keep) return true;
        seen[i] = 1;
      }
    }
    return fresh;
  }

  #take(): Profiler.ScriptCoverage[] {
    let scripts: Profiler.ScriptCoverage[] = [];
    // The in-process session answers before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      scripts = answer.result.filter(({ url }) => this.#concerns(url));
    });
    return scripts;
  }
}

/**
 * Ranges come from outside inwards, and one that has the count of what is around it is left out: so they cannot be compared as they
 * are, but what they say of each character can.
 */
function paint(script: Profiler.ScriptCoverage): Painted {
  const length = Math.max(0, ...script.functions.map(({ ranges }) => ranges[0]?.endOffset ?? 0));
  const painted = new Uint8Array(length);
  // The module's own function covers everything and says nothing of what ran inside since.
  for (const { ranges, functionName } of script.functions) {
    const isModule = functionName === '' && ranges[0]?.startOffset === 0;
    for (const { startOffset, endOffset, count } of ranges)
      painted.fill(count > 0 && !isModule ? 1 : 0, startOffset, endOffset);
  }
  return painted;
}

/** A script's last functions are not spoken of before they ran. */
function grown(painted: Painted | undefined, length: number): Painted {
  if (painted !== undefined && painted.length >= length) return painted;
  const longer = new Uint8Array(length);
  if (painted !== undefined) longer.set(painted);
  return longer;
}
