'use client';

import { useQuery } from '@tanstack/react-query';
import { CircleX, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { countText } from '../../components/measures.ts';
import { Badge } from '../../components/verdict.tsx';

/** Recomputes every hash of the chain on demand. */
export function VerifyChain() {
  const trpc = useTRPC();
  const [asked, setAsked] = useState(false);
  const query = useQuery(trpc.audit.verifyChain.queryOptions(undefined, { enabled: asked, staleTime: 0, gcTime: 0 }));
  const verify = () => {
    if (asked) void query.refetch();
    setAsked(true);
  };
  return (
    <div className="flex flex-wrap items-center gap-2">
      <span role="status" className="empty:hidden">
        {query.isFetching ? null : query.error !== null ? (
          <span className="text-deny">{errorSentence(query.error)}</span>
        ) : query.data === undefined ? null : query.data.ok ? (
          <Badge tone="allow" icon={ShieldCheck}>
            {countText(query.data.checked, 'entry', 'entries')} verified
          </Badge>
        ) : (
          <Badge tone="deny" icon={CircleX} className="whitespace-normal">
            {query.data.firstProblem ?? 'The chain is broken.'}
          </Badge>
        )}
      </span>
      <Button onClick={verify} busy={query.isFetching} icon={<ShieldCheck aria-hidden="true" />}>
        Verify the chain
      </Button>
    </div>
  );
}
