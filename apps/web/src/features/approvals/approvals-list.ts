import type { ApprovalSummary } from '@sluice/api';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { useTRPC } from '../../client/trpc.ts';

export type ApprovalScope = 'mine' | 'all' | 'decided';

export interface ApprovalsList {
  /** Null until the first answer. */
  readonly ids: readonly string[] | null;
  readonly byId: ReadonlyMap<string, ApprovalSummary>;
  readonly search: string;
  readonly error: unknown;
  readonly retry: () => void;
  readonly refreshing: boolean;
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  readonly loadMore: () => void;
}

/** The list of the API, and every summary ever seen, so that a row that is gone can still be drawn. */
export function useApprovals(scope: ApprovalScope, search: string): ApprovalsList {
  const trpc = useTRPC();
  const query = useInfiniteQuery(
    trpc.approvals.listApprovals.infiniteQueryOptions(
      { scope, ...(search === '' ? {} : { search }) },
      { getNextPageParam: (page) => page.nextCursor ?? undefined, placeholderData: keepPreviousData },
    ),
  );
  const seen = useRef(new Map<string, ApprovalSummary>());
  const items = query.data?.pages.flatMap((page) => page.items);
  const settled = items !== undefined && !query.isPlaceholderData;
  const ids = useMemo(
    () => (query.data === undefined ? null : query.data.pages.flatMap((page) => page.items.map((item) => item.id))),
    [query.data],
  );
  for (const item of items ?? []) seen.current.set(item.id, item);
  return {
    ids: settled ? ids : null,
    byId: seen.current,
    search,
    error: query.error,
    retry: () => void query.refetch(),
    refreshing: query.isFetching,
    hasMore: query.hasNextPage,
    loadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
  };
}
