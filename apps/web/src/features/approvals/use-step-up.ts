'use client';

import type { Assertion } from '@sluice/domain';
import { useQueryClient } from '@tanstack/react-query';
import { signWithPasskey } from '../../client/passkeys.ts';
import { useTRPC } from '../../client/trpc.ts';
import type { DecisionOutcome } from './inbox.ts';

/** What a decision has to carry: nothing, or (where the connection asks for it) what one of the person's passkeys signs now. */
export function useStepUp(): (id: string, outcome: DecisionOutcome) => Promise<{ readonly assertion?: Assertion }> {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return async (id, outcome) => {
    const asked = await queryClient.fetchQuery(trpc.approvals.prepareDecision.queryOptions({ id }, { staleTime: 0 }));
    if (asked === null) return {};
    if (asked.passkeys.length === 0)
      throw new Error(
        'Decisions here are signed with a passkey, and you have none: register one under your name, Passkeys.',
      );
    const { rpId, passkeys } = asked;
    return { assertion: await signWithPasskey({ text: asked.texts[outcome], rpId, passkeys }) };
  };
}
