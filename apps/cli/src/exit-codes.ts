/** Documented in docs/cli.md; scripts and agents rely on them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notSignedIn: 3,
  forbidden: 4,
  notFound: 5,
  unavailable: 6,
  /** The target or Sluice refused the statement. */
  refused: 7,
  /** A recording is damaged. */
  damaged: 8,
} as const;

/** An error that ends the command with a code and words for a person. */
export class CliError extends Error {
  readonly exitCode: number;
  readonly hint: string | null;

  constructor(exitCode: number, message: string, hint: string | null = null) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
