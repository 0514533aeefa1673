'use client';

import type { ChannelView } from '@sluice/api';
import { useMutation, useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX, Loader, Send } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Badge } from '../../components/verdict.tsx';

/** How often the channel is looked at while a test is under way, in ms. */
const lookEveryMs = 1_000;

type Asked = Pick<ChannelView, 'lastSuccessAt' | 'lastErrorAt'>;

/** Sends a test on the way that every message takes, and says what became of it. */
export function ChannelTest({ channel }: { readonly channel: ChannelView }) {
  const trpc = useTRPC();
  const me = useMe();
  const [before, setBefore] = useState<Asked | null>(null);
  const test = useMutation(
    trpc.notifications.testChannel.mutationOptions({
      onMutate: () => setBefore(channel),
      onError: (error) => {
        setBefore(null);
        toast.error(errorSentence(error));
      },
    }),
  );
  const outcome = before === null ? null : outcomeOf(before, channel);
  useQuery(
    trpc.notifications.listChannels.queryOptions(undefined, {
      refetchInterval: outcome === 'under way' ? lookEveryMs : false,
    }),
  );
  const to = channel.kind === 'webhook' ? 'the program' : (me?.person.email ?? 'you');
  return (
    <span className="inline-flex flex-wrap items-center gap-2">
      <span role="status" className="empty:hidden">
        {outcome === null ? null : outcome === 'under way' ? (
          <Badge tone="info" icon={Loader}>
            on its way to {to}
          </Badge>
        ) : outcome === 'arrived' ? (
          <Badge tone="allow" icon={CircleCheck}>
            accepted for {to}
          </Badge>
        ) : (
          <Badge tone="deny" icon={CircleX}>
            failed
          </Badge>
        )}
      </span>
      <Button
        size="small"
        icon={<Send aria-hidden="true" />}
        busy={test.isPending}
        disabled={outcome === 'under way' || !channel.enabled}
        onClick={() => test.mutate({ id: channel.id })}
        aria-label={`Send a test by ${channel.name}`}
      >
        Send a test
      </Button>
    </span>
  );
}

/** A channel that said nothing new since the test was asked for is still at it. */
function outcomeOf(before: Asked, now: Asked): 'under way' | 'arrived' | 'failed' {
  if (now.lastErrorAt !== null && now.lastErrorAt.getTime() !== before.lastErrorAt?.getTime()) return 'failed';
  if (now.lastSuccessAt !== null && now.lastSuccessAt.getTime() !== before.lastSuccessAt?.getTime()) return 'arrived';
  return 'under way';
}
