'use client';

import { useQuery } from '@tanstack/react-query';
import { useMay } from './permissions.ts';
import { useTRPC } from './trpc.ts';

/** The people and agents that the signed-in person may see, for filters and choices; empty until `ready`. */
export function useIdentities() {
  const trpc = useTRPC();
  const maySeePeople = useMay('identities.read');
  const maySeeAgents = useMay('identities.read.own');
  const people = useQuery(trpc.identities.listPeople.queryOptions(undefined, { enabled: maySeePeople }));
  const agents = useQuery(trpc.identities.listAgents.queryOptions(undefined, { enabled: maySeeAgents }));
  return { people: people.data ?? [], agents: agents.data ?? [], ready: !(people.isLoading || agents.isLoading) };
}
