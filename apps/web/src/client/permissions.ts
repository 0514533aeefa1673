'use client';

import type { Permission } from '@sluice/domain';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from './trpc.ts';

/** Who is signed in; undefined while it loads. */
export function useMe() {
  const trpc = useTRPC();
  return useQuery(trpc.identities.showMe.queryOptions()).data;
}

/**
 * True when the signed-in person holds the permission; false while that is not known. The API is the judge: this only hides what it
 * would refuse.
 */
export function useMay(permission: Permission): boolean {
  return useMe()?.permissions.includes(permission) ?? false;
}
