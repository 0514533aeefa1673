/** An API error in the words of a page. `kind` picks the picture; `hint` says what to do next. */
export interface ErrorDescription {
  readonly kind: 'no-permission' | 'not-found' | 'conflict' | 'signed-out' | 'offline' | 'other';
  readonly message: string;
  readonly hint: string | null;
}

/** Reads whatever a query or mutation threw. Never throws; an unknown shape becomes a plain sentence. */
export function describeError(error: unknown): ErrorDescription {
  const data = readRecord(readRecord(error)?.data);
  const code = typeof data?.code === 'string' ? data.code : null;
  const message = error instanceof Error && error.message !== '' ? error.message : 'Something went wrong.';
  const hint = typeof data?.hint === 'string' ? data.hint : null;
  switch (code) {
    case 'FORBIDDEN':
      return { kind: 'no-permission', message, hint };
    case 'NOT_FOUND':
      return { kind: 'not-found', message, hint };
    case 'CONFLICT':
      return { kind: 'conflict', message, hint };
    case 'UNAUTHORIZED':
      return { kind: 'signed-out', message: 'You are signed out.', hint: 'Sign in again to go on.' };
    case null:
      return isNetworkFailure(error)
        ? {
            kind: 'offline',
            message: 'The control plane did not answer.',
            hint: 'It may be restarting. Try again in a moment.',
          }
        : { kind: 'other', message, hint };
    default:
      return { kind: 'other', message, hint };
  }
}

/** The message and the hint as one line, for a toast or beside a form. */
export function errorSentence(error: unknown): string {
  const { message, hint } = describeError(error);
  return hint === null ? message : `${message} ${hint}`;
}

/** True for trouble that may be gone when asked again: no answer, or an answer of 500 and up. */
export function isPassing(error: unknown): boolean {
  if (describeError(error).kind === 'offline') return true;
  const status = readRecord(readRecord(error)?.data)?.httpStatus;
  return typeof status === 'number' && status >= 500;
}

function isNetworkFailure(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof TypeError || (cause instanceof SyntaxError && error instanceof Error);
}

function readRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}
