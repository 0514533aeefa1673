import type { AppRouter } from '@sluice/api';
import { createTRPCClient, httpBatchLink, httpLink, splitLink, type TRPCLink } from '@trpc/client';
import { createTRPCContext } from '@trpc/tanstack-react-query';
import superjson from 'superjson';

export const { TRPCProvider, useTRPC } = createTRPCContext<AppRouter>();

/** Longer lists of batched queries are cut in two, well below Node's 16 KiB limit of a request's head. */
const maxBatchUrlCharacters = 4_000;

/** For a query whose input is too long for an address: it is sent as a POST. */
export const longInput = { trpc: { context: { longInput: true } } };

/** For a query that must not wait for the slowest of those asked beside it. */
export const askedAlone = { trpc: { context: { alone: true } } };

/** The query library tells in which direction a list grows; ours only grow one way, and the API refuses what it does not know. */
const withoutDirection: TRPCLink<AppRouter> =
  () =>
  ({ next, op }) =>
    next({ ...op, input: dropDirection(op.input) });

function dropDirection(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !('direction' in input)) return input;
  const { direction: _, ...rest } = input;
  return rest;
}

/** Queries travel in batches but for those that ask not to; a mutation goes alone, so that a slow one (testing a connection) keeps nothing else waiting. */
export function newApiClient() {
  return createTRPCClient<AppRouter>({
    links: [
      withoutDirection,
      splitLink({
        condition: ({ type, context }) => type === 'mutation' || context.longInput === true || context.alone === true,
        true: httpLink({ url: '/api/trpc', transformer: superjson, methodOverride: 'POST' }),
        false: httpBatchLink({ url: '/api/trpc', transformer: superjson, maxURLLength: maxBatchUrlCharacters }),
      }),
    ],
  });
}
