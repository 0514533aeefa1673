import type { ReactNode } from 'react';
import { ErrorState, SkeletonRows } from './states.tsx';

interface Loading<Data> {
  readonly data: Data | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

/** What a query answered; until then rows that wait, and instead of it what went wrong. An answer that is there stays on screen. */
export function Loaded<Data>({
  query,
  rows = 4,
  children,
}: {
  readonly query: Loading<Data>;
  /** How many rows wait. */
  readonly rows?: number;
  readonly children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  return query.error === null ? (
    <SkeletonRows rows={rows} />
  ) : (
    <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  );
}
