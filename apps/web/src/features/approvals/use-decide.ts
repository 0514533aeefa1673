'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import type { AlikeGiven } from './alike-choice.tsx';
import type { DecisionOutcome } from './inbox.ts';
import { useStepUp } from './use-step-up.ts';

export interface Decide {
  readonly run: (
    id: string,
    outcome: DecisionOutcome,
    words: { readonly comment: string; readonly alike: AlikeGiven | null },
  ) => void;
  readonly pendingId: string | null;
  readonly pendingOutcome: DecisionOutcome | null;
}

/** Sends a decision. The answer is put in the open pane at once; what happened afterwards arrives live. */
export function useDecide(): Decide {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const mutation = useMutation(
    trpc.approvals.decideApproval.mutationOptions({
      onSuccess: (approval) => {
        queryClient.setQueryData(trpc.approvals.showApproval.queryKey({ id: approval.id }), approval);
        void queryClient.invalidateQueries({ queryKey: trpc.approvals.pathKey() });
      },
      onError: (error, { id }) => {
        toast.error(errorSentence(error));
        void queryClient.invalidateQueries({ queryKey: trpc.approvals.showApproval.queryKey({ id }) });
      },
    }),
  );
  const { mutate, isPending, variables } = mutation;
  const stepUp = useStepUp();
  const [signing, setSigning] = useState<{ readonly id: string; readonly outcome: DecisionOutcome } | null>(null);
  return {
    run: (id, outcome, { comment, alike }) => {
      if (isPending || signing !== null) return;
      setSigning({ id, outcome });
      stepUp(id, outcome)
        .then((signed) =>
          mutate({
            id,
            outcome,
            ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
            ...(alike === null || outcome === 'deny' ? {} : { alike }),
            ...signed,
          }),
        )
        .catch((error: unknown) => toast.error(errorSentence(error)))
        .finally(() => setSigning(null));
    },
    pendingId: signing?.id ?? (isPending ? (variables?.id ?? null) : null),
    pendingOutcome: signing?.outcome ?? (isPending ? (variables?.outcome ?? null) : null),
  };
}
