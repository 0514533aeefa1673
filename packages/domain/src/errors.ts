/** Who may read an error's message. `client`: the engineer or agent at the wire; `operator`: logs only; `person`: the UI and CLI. */
export type ErrorAudience = 'client' | 'operator' | 'person';

/** The closed list of codes. Edges (tRPC, a protocol's own error, exit codes) translate; nobody else invents one. */
export const errorCodes = [
  'bad-request',
  'unauthenticated',
  'forbidden',
  'not-found',
  'conflict',
  'too-large',
  'too-many',
  'timed-out',
  'cancelled',
  'unavailable',
  'gateway-offline',
  'control-plane-away',
  'lease-expired',
  'target-unreachable',
  'target-tls',
  'target-auth',
  'wrong-database',
  'protocol-violation',
  'unsupported',
  'policy-invalid',
  'credential-address',
  'spool-full',
  'recording-damaged',
  'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** An expected fault of the world. Bugs assert instead. `hint` is a sentence that says what to do next. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly audience: ErrorAudience;
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { audience?: ErrorAudience; hint?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SluiceError';
    this.code = code;
    this.audience = options.audience ?? 'client';
    this.hint = options.hint;
  }
}
