'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleAlert } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { describeError, errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Field, Input } from '../../components/form.tsx';
import { Callout } from '../../components/states.tsx';
import type { ActivePolicy } from './active-policy.ts';
import { DiffView } from './diff-view.tsx';

/** Shows what changes, asks why, and publishes; a version that came in between is refused and nothing is lost. */
export function PublishDialog({
  open,
  onOpen,
  source,
  active,
  basedOn,
  onPublished,
}: {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly source: string;
  readonly active: ActivePolicy;
  readonly basedOn: number;
  readonly onPublished: (version: number) => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [note, setNote] = useState('');
  const publish = useMutation(
    trpc.policies.publishPolicy.mutationOptions({
      onSuccess: (version) => {
        onPublished(version.version);
        setNote('');
        onOpen(false);
        toast.success(`Version ${version.version} is in force. Every connected gateway has it within two seconds.`);
        void queryClient.invalidateQueries({ queryKey: trpc.policies.pathKey() });
      },
      onError: (error) => {
        if (describeError(error).kind === 'conflict')
          void queryClient.invalidateQueries({ queryKey: trpc.policies.pathKey() });
      },
    }),
  );
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      wide
      title="Publish this policy?"
      description="It applies to live sessions too, from their next statement on."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          publish.mutate({ source, note: note.trim(), basedOn });
        }}
      >
        <div className="mb-4 max-h-[45dvh] overflow-y-auto rounded-box border border-line">
          <DiffView
            older={active.source}
            newer={source}
            olderName={`Version ${active.version.version}`}
            newerName="Draft"
          />
        </div>
        <Field label="Why" help="One line for the history and the audit.">
          {(control) => (
            <Input
              {...control}
              value={note}
              maxLength={500}
              onChange={(event) => setNote(event.target.value)}
              required
            />
          )}
        </Field>
        {publish.error === null ? null : (
          <div role="alert" className="mt-3">
            <Callout tone="deny" icon={CircleAlert}>
              {describeError(publish.error).kind === 'conflict'
                ? `${errorSentence(publish.error)} Your text is kept: close this, compare it with the new version, then publish again.`
                : errorSentence(publish.error)}
            </Callout>
          </div>
        )}
        <DialogButtons>
          <Button onClick={() => onOpen(false)}>Cancel</Button>
          <Button type="submit" look="primary" busy={publish.isPending} disabled={note.trim() === ''}>
            Publish
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
