/** What can be fuzzed: code under test with a check of what must hold for every input. */

/** An input for which something did not hold. Anything else that a target throws counts as a failure too. */
export class BrokenProperty extends Error {
  override readonly name = 'BrokenProperty';
}

export function must(holds: boolean, what: () => string): void {
  if (!holds) throw new BrokenProperty(what());
}

export interface FuzzTarget {
  readonly name: string;
  /** What is checked, for people. */
  readonly checks: string;
  /** Inputs to begin with; each reaches another part. */
  readonly seeds: readonly Buffer[];
  /** Bytes that mean something there. */
  readonly words: readonly Buffer[];
  /** Throws when the input breaks what must hold. */
  run(input: Buffer): void | Promise<void>;
}

/** A target and the same target with a bug in it that the fuzzer must find before its silence counts for anything. */
export interface Fuzzed {
  readonly real: FuzzTarget;
  readonly planted: FuzzTarget;
}
