'use client';

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Tooltip } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { Toaster } from 'sonner';
import { describeError, isPassing } from './describe-error.ts';
import { newApiClient, TRPCProvider } from './trpc.ts';

/** Fresh enough that moving between pages asks nothing again; the live stream says when a list has changed. */
const staleMs = 30_000;
const mostRetries = 2;

/** So that a message hides no way to another page. */
const aboveThePhoneBar = 'calc(4rem + env(safe-area-inset-bottom, 0px))';

export function Providers({ children }: { readonly children: ReactNode }) {
  const [queryClient] = useState(newQueryClient);
  const [apiClient] = useState(newApiClient);
  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={apiClient} queryClient={queryClient}>
        <Tooltip.Provider delayDuration={300}>{children}</Tooltip.Provider>
        <Toaster
          position="bottom-right"
          mobileOffset={{ bottom: aboveThePhoneBar }}
          toastOptions={{
            unstyled: true,
            classNames: {
              toast:
                'flex w-full items-start gap-2 rounded-box border border-line-strong bg-raised px-3 py-2.5 text-body text-ink',
              description: 'text-ink-soft',
              error: 'text-deny',
            },
          }}
        />
      </TRPCProvider>
    </QueryClientProvider>
  );
}

function newQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError: leaveWhenSignedOut }),
    mutationCache: new MutationCache({ onError: leaveWhenSignedOut }),
    defaultOptions: {
      queries: {
        staleTime: staleMs,
        // What was refused once will be refused a second later too; only trouble on the way there may pass.
        retry: (failures, error) => isPassing(error) && failures < mostRetries,
        refetchOnWindowFocus: false,
      },
    },
  });
}

/** A session that was revoked ends on every open page: the next answer sends it to the sign-in page, which comes back here. */
function leaveWhenSignedOut(error: unknown): void {
  if (describeError(error).kind !== 'signed-out' || typeof window === 'undefined') return;
  if (window.location.pathname === '/sign-in') return;
  const here = window.location.pathname + window.location.search + window.location.hash;
  window.location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}
