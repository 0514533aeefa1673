/** The control plane's API over tRPC, with errors turned into exit codes and words. */
import type { AppRouter } from '@sluice/api';
import { runHeader } from '@sluice/domain';
import { createTRPCClient, httpBatchLink, TRPCClientError } from '@trpc/client';
import superjson from 'superjson';
import type { SignIn } from './config.ts';
import { CliError, exitCodes } from './exit-codes.ts';

const requestTimeoutMs = 30_000;

export type ApiClient = ReturnType<typeof createTRPCClient<AppRouter>>;

export function openApi(signIn: SignIn): ApiClient {
  return createTRPCClient<AppRouter>({
    links: [
      httpBatchLink({
        url: `${signIn.url}/api/trpc`,
        transformer: superjson,
        // A policy to check or to explain by is longer than an address may be.
        methodOverride: 'POST',
        headers: () => ({
          authorization: `Bearer ${signIn.token.reveal()}`,
          'user-agent': 'sluice-cli',
          ...(signIn.run === null ? {} : { [runHeader]: signIn.run }),
        }),
        fetch: (input, init) =>
          fetch(input, { ...(init as RequestInit), signal: AbortSignal.timeout(requestTimeoutMs) }),
      }),
    ],
  });
}

/** Throws the CliError that belongs to an API error; passes every other error on. */
export function explainApiError(error: unknown): never {
  if (!(error instanceof TRPCClientError)) throw error;
  const data = error.data as { code?: string; hint?: string } | null | undefined;
  const hint = typeof data?.hint === 'string' ? data.hint : null;
  switch (data?.code) {
    case 'UNAUTHORIZED':
      throw new CliError(
        exitCodes.notSignedIn,
        error.message,
        hint ?? 'Run `sluice login URL` with a fresh API token.',
      );
    case 'FORBIDDEN':
      throw new CliError(exitCodes.forbidden, error.message, hint);
    case 'NOT_FOUND':
      throw new CliError(exitCodes.notFound, error.message, hint);
    case undefined:
      throw new CliError(
        exitCodes.unavailable,
        `the control plane cannot be reached: ${error.message}`,
        'Check the URL and that it runs.',
      );
    default:
      throw new CliError(exitCodes.failed, error.message, hint);
  }
}
