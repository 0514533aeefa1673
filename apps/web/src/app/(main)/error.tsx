'use client';

import { ErrorState } from '../../components/states.tsx';

/** A page that broke while drawing: the rest of the app stays, and trying again draws it anew. */
export default function PageError({ error, reset }: { readonly error: Error; readonly reset: () => void }) {
  return <ErrorState error={error} onRetry={reset} />;
}
