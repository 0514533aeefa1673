export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** `stderr` (the default) passes both streams to our stderr, `inherit` as they are; `capture` collects both, `answer` stdout alone. */
  readonly output?: 'stderr' | 'inherit' | 'capture' | 'answer';
  readonly limitMs?: number;
  /** Written to its stdin. */
  readonly input?: string;
}
export function run(
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<{ readonly code: number | null; readonly text: string }>;
export function childEnvironment(extra?: Readonly<Record<string, string>>): NodeJS.ProcessEnv;
export function endAll(): Promise<void>;
