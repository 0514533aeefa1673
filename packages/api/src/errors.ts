import type { ErrorCode } from '@sluice/domain';
import { fieldWords, SluiceError } from '@sluice/domain';
import { TRPCError } from '@trpc/server';
import { z } from 'zod';

const trpcCodes: Readonly<Record<ErrorCode, TRPCError['code']>> = {
  'bad-request': 'BAD_REQUEST',
  unauthenticated: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  'not-found': 'NOT_FOUND',
  conflict: 'CONFLICT',
  'too-large': 'PAYLOAD_TOO_LARGE',
  'too-many': 'TOO_MANY_REQUESTS',
  'timed-out': 'TIMEOUT',
  cancelled: 'CLIENT_CLOSED_REQUEST',
  unavailable: 'SERVICE_UNAVAILABLE',
  'gateway-offline': 'SERVICE_UNAVAILABLE',
  'control-plane-away': 'SERVICE_UNAVAILABLE',
  'lease-expired': 'PRECONDITION_FAILED',
  'target-unreachable': 'BAD_GATEWAY',
  'target-tls': 'BAD_GATEWAY',
  'target-auth': 'BAD_GATEWAY',
  'wrong-database': 'BAD_REQUEST',
  'protocol-violation': 'BAD_REQUEST',
  unsupported: 'NOT_IMPLEMENTED',
  'policy-invalid': 'UNPROCESSABLE_CONTENT',
  'credential-address': 'BAD_REQUEST',
  'spool-full': 'SERVICE_UNAVAILABLE',
  'recording-damaged': 'UNPROCESSABLE_CONTENT',
  internal: 'INTERNAL_SERVER_ERROR',
};

/** The tRPC error of a fault of the world. Everything else stays what it is and becomes "internal" at the edge. */
export function toTrpcError(error: unknown): unknown {
  if (!(error instanceof SluiceError)) return error;
  return new TRPCError({ code: trpcCodes[error.code], message: error.message, cause: error });
}

/** What a client reads beside tRPC's own code: Sluice's closed code and what to do next. */
export interface ErrorFacts {
  readonly message: string;
  readonly sluiceCode: ErrorCode;
  readonly hint: string | null;
}

/** The words for a client. An unexpected error shows none of its own. */
export function describeForClient(error: TRPCError): ErrorFacts {
  const { cause } = error;
  if (cause instanceof SluiceError) return { message: cause.message, sluiceCode: cause.code, hint: cause.hint ?? null };
  if (cause instanceof z.core.$ZodError) {
    const [issue] = cause.issues;
    const place = fieldWords(issue?.path ?? []) ?? 'The request';
    return {
      message: `${place.charAt(0).toUpperCase()}${place.slice(1)} is not right: ${(issue?.message ?? 'unknown').replace(/[.]?$/, '.')}`,
      sluiceCode: 'bad-request',
      hint: 'Correct it and try again.',
    };
  }
  if (error.code === 'INTERNAL_SERVER_ERROR')
    return {
      message: 'Something went wrong in the control plane.',
      sluiceCode: 'internal',
      hint: 'Try again; if it stays, look at the control plane’s log.',
    };
  return { message: error.message, sluiceCode: error.code === 'NOT_FOUND' ? 'not-found' : 'bad-request', hint: null };
}

/** For what is not there, or not for the caller to see: the two look the same. */
export function notFound(what: string): SluiceError {
  return new SluiceError('not-found', `There is no such ${what}, or it is not yours to see.`, {
    audience: 'person',
    hint: 'Go back to the list: it may have been removed.',
  });
}

export function refusedInput(message: string, hint: string): SluiceError {
  return new SluiceError('bad-request', message, { audience: 'person', hint });
}
