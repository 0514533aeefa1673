import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiContext, ApiServices } from '@sluice/api';
import { appRouter } from '@sluice/api';
import { SluiceError } from '@sluice/domain';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import type { Logger } from 'pino';
import { authenticate, type CallerOptions } from './http/callers.ts';

export const trpcPrefix = '/api/trpc/';
/** A policy's source is the longest input: a million characters, escaped. Bytes. */
const maxBodyBytes = 4 * 1024 * 1024;
/** Queries that a page may put into one request. */
const maxBatchSize = 32;

export interface TrpcOptions extends CallerOptions {
  readonly services: ApiServices;
  readonly log: Logger;
}

/** Answers one tRPC request. */
export function handleTrpc(
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
  options: TrpcOptions,
): Promise<void> {
  response.setHeader('cache-control', 'no-store');
  const path = procedureOf(request);
  return nodeHTTPRequestHandler({
    req: request,
    res: response,
    path,
    router: appRouter,
    maxBodySize: maxBodyBytes,
    maxBatchSize,
    // A query with a long input (a policy to check) comes as a POST; it changes nothing either way.
    allowMethodOverride: true,
    createContext: async (): Promise<ApiContext> => ({
      services: options.services,
      address,
      ...(await authenticate(request, address, options)),
    }),
    onError: ({ error, path: procedure }) => {
      if (error.code === 'INTERNAL_SERVER_ERROR')
        options.log.error({ err: error.cause ?? error, procedure }, 'a call failed');
      else options.log.debug({ code: error.code, procedure }, 'a call was refused');
    },
  });
}

function procedureOf(request: IncomingMessage): string {
  try {
    return decodeURIComponent(pathOf(request).slice(trpcPrefix.length));
  } catch (cause) {
    throw new SluiceError('bad-request', 'The address is not written as addresses are.', { cause });
  }
}

export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
