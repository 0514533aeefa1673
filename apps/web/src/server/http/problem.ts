import type { ServerResponse } from 'node:http';
import type { ErrorCode } from '@sluice/domain';
import { fieldWords, SluiceError } from '@sluice/domain';
import { z } from 'zod';

const statuses: Readonly<Record<ErrorCode, number>> = {
  'bad-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  'too-many': 429,
  'timed-out': 504,
  cancelled: 499,
  unavailable: 503,
  'gateway-offline': 503,
  'control-plane-away': 503,
  'lease-expired': 403,
  'target-unreachable': 502,
  'target-tls': 502,
  'target-auth': 502,
  'wrong-database': 400,
  'protocol-violation': 400,
  unsupported: 501,
  'policy-invalid': 422,
  'credential-address': 400,
  'spool-full': 503,
  'recording-damaged': 422,
  internal: 500,
};

export function statusOf(code: ErrorCode): number {
  return statuses[code];
}

/** Whatever was thrown as a fault that a client may read. What is unexpected shows none of its own words. */
export function toFault(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    const place = fieldWords(issue?.path ?? []) ?? 'the request';
    return new SluiceError('bad-request', `${place} is not right: ${issue?.message ?? 'unknown'}`, { cause: error });
  }
  return new SluiceError('internal', 'Something went wrong in the control plane.', {
    hint: 'Look at the control plane’s log.',
    cause: error,
  });
}

/** Answers with problem+json (RFC 9457, with Sluice's members) unless an answer has begun. */
export function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { code, message, hint } = toFault(error);
  const status = statusOf(code);
  sendJson(response, status, { status, title: message, code, message, hint: hint ?? null }, 'application/problem+json');
}

export function sendJson(response: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  const bytes = Buffer.from(JSON.stringify(body), 'utf8');
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' });
  response.end(bytes);
}
