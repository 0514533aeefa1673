'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Countdown, RelativeTime } from '../../components/clock.tsx';
import { CopyBlock } from '../../components/copy.tsx';
import { Panel } from '../../components/layout.tsx';

/** Ties the person to their Slack user by a code that they send to the app there. */
export function SlackLink({ linkedAt }: { readonly linkedAt: Date | null }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const refresh = () => void queryClient.invalidateQueries({ queryKey: trpc.notifications.pathKey() });
  const onError = (error: unknown) => toast.error(errorSentence(error));
  const begin = useMutation(trpc.notifications.beginSlackLink.mutationOptions({ onError }));
  const end = useMutation(
    trpc.notifications.endSlackLink.mutationOptions({
      onError,
      onSuccess: () => {
        toast.success('Unlinked. Nothing more is sent to you in Slack.');
        begin.reset();
        refresh();
      },
    }),
  );
  if (linkedAt !== null)
    return (
      <Panel title="Slack">
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-0 flex-1 basis-60">
            Linked <RelativeTime at={linkedAt} />: messages come from the Sluice app, and its buttons decide in your
            name.
          </p>
          <Button onClick={() => end.mutate()} busy={end.isPending}>
            Unlink
          </Button>
        </div>
      </Panel>
    );
  return (
    <Panel title="Slack">
      {begin.data === undefined ? (
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-0 flex-1 basis-60 text-ink-soft">
            Link your Slack user to be told there and to decide there.
          </p>
          <Button look="primary" onClick={() => begin.mutate()} busy={begin.isPending}>
            Link my Slack user
          </Button>
        </div>
      ) : (
        <div className="space-y-2">
          <p>
            Send this in Slack, in any conversation. It works once and ends in{' '}
            <Countdown until={begin.data.expiresAt} />.
          </p>
          <CopyBlock text={`/sluice link ${begin.data.code}`} label="Copy the command" />
          <Button size="small" onClick={refresh}>
            I have sent it
          </Button>
        </div>
      )}
    </Panel>
  );
}
