/**
 * The coverage-guided loop. Inputs that ran code which none before them ran are kept and mutated further. Coverage is taken for a
 * batch of inputs at a time, because taking it costs more than running one; a batch with something new is run again one by one.
 */
import type { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

const batchSize = 64;
/** Inputs kept for mutation; the oldest of a full corpus give way. */
const maxCorpus = 2_000;

export interface FuzzLimits {
  readonly seed: number;
  /** Ends after this many executions … */
  readonly executions: number;
  /** … or after this long (ms). */
  readonly milliseconds: number;
}

export interface Crash {
  readonly input: Buffer;
  readonly error: unknown;
  /** Executions until it was found. */
  readonly after: number;
}

export interface FuzzResult {
  readonly executions: number;
  readonly corpus: number;
  /** Characters of the code under test that this target ever ran, and of the files that it reached. */
  readonly covered: { readonly ran: number; readonly all: number };
  readonly crash: Crash | null;
}

/** Runs until the limits or the first crash. */
export async function fuzz(target: FuzzTarget, coverage: Coverage, limits: FuzzLimits): Promise<FuzzResult> {
  const random = new Random(limits.seed);
  const corpus: Buffer[] = [];
  const until = performance.now() + limits.milliseconds;
  let executions = 0;
  coverage.reset();
  const attempt = async (input: Buffer): Promise<Crash | null> => {
    executions++;
    const error = await failureOf(target, input);
    return error === null ? null : { input, error, after: executions };
  };
  const result = (crash: Crash | null): FuzzResult => ({
    executions,
    corpus: corpus.length,
    covered: coverage.size,
    crash,
  });
  for (const seed of target.seeds) {
    const crash = await attempt(seed);
    if (crash !== null) return result(crash);
    corpus.push(seed);
  }
  coverage.fresh();
  while (executions < limits.executions && performance.now() < until) {
    const size = Math.min(batchSize, limits.executions - executions);
    const batch = Array.from({ length: size }, () => mutate(random.pick(corpus), random, corpus, target.words));
    for (const input of batch) {
      const crash = await attempt(input);
      if (crash !== null) return result(crash);
    }
    if (!coverage.fresh(false)) continue;
    for (const input of batch) {
      await failureOf(target, input);
      if (!coverage.fresh()) continue;
      if (corpus.length >= maxCorpus) corpus.splice(target.seeds.length, 1);
      corpus.push(input);
    }
  }
  return result(null);
}

/** Null: everything held. */
export async function failureOf(target: FuzzTarget, input: Buffer): Promise<Error | null> {
  try {
    await target.run(Buffer.from(input));
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Takes pieces out for as long as it still fails, so that what is committed is what matters. */
export async function smaller(target: FuzzTarget, crash: Crash): Promise<Crash> {
  let { input } = crash;
  for (let size = Math.max(1, input.length >> 1); size >= 1; size >>= 1) {
    for (let at = 0; at + size <= input.length; ) {
      const shorter = Buffer.concat([input.subarray(0, at), input.subarray(at + size)]);
      if ((await failureOf(target, shorter)) !== null) input = shorter;
      else at += size;
    }
  }
  return { ...crash, input, error: (await failureOf(target, input)) ?? crash.error };
}
