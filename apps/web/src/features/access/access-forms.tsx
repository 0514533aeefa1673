'use client';

import type { ConnectionAccessView } from '@sluice/api';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Checkbox, Field, Input, Select, TextArea } from '../../components/form.tsx';

interface Place {
  readonly id: string;
  readonly name: string;
}

const times = [
  { value: '1800', label: '30 minutes' },
  { value: '3600', label: '1 hour' },
  { value: '14400', label: '4 hours' },
  { value: '28800', label: '8 hours' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '1 week' },
] as const;
type Time = (typeof times)[number]['value'];

/** The choices up to the longest that may be asked for; the longest itself where none of them fits. */
function timesUpTo(maxSeconds: number | null) {
  const fitting = times.filter(({ value }) => maxSeconds === null || Number(value) <= maxSeconds);
  return fitting.length > 0 ? fitting : times.slice(0, 1);
}

export function RequestDialog({
  connection,
  terms,
  mayConnect,
  open,
  onOpen,
}: {
  readonly connection: Place;
  readonly terms: NonNullable<ConnectionAccessView['mine']['mayRequest']>;
  /** Whoever may connect can still ask to read unmasked. */
  readonly mayConnect: boolean;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}) {
  const trpc = useTRPC();
  const [reason, setReason] = useState('');
  const choices = timesUpTo(terms.maxSeconds);
  const [time, setTime] = useState<Time>(choices.some(({ value }) => value === '3600') ? '3600' : choices[0]!.value);
  const [unmask, setUnmask] = useState(mayConnect);
  const ask = useMutation(
    trpc.access.requestAccess.mutationOptions({
      onSuccess: (made) => {
        toast.success(`Asked. ${made.approvers.join(' or ')} can answer now.`);
        setReason('');
        onOpen(false);
      },
    }),
  );
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      title={`Ask for access to ${connection.name}`}
      description={`${terms.approvers.join(' or ')} will read your reason and answer. The time begins when they agree.`}
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          const kind = unmask ? ('unmask' as const) : ('just-in-time' as const);
          ask.mutate({ connection: { id: connection.id }, kind, reason, seconds: Number(time) });
        }}
      >
        <Field label="Why" help="What you are going to do, and the ticket.">
          {(control) => (
            <TextArea {...control} value={reason} onChange={(event) => setReason(event.target.value)} required />
          )}
        </Field>
        <Field label="For how long">
          {(control) => (
            <Select
              id={control.id}
              describedBy={control['aria-describedby']}
              value={time}
              onValue={setTime}
              choices={choices}
              className="w-full"
            />
          )}
        </Field>
        <Checkbox
          label="To read unmasked"
          checked={unmask}
          onChecked={setUnmask}
          help="Shows personal data as it is, to you alone. Recordings stay masked. It does not let you connect by itself."
        />
        <Failure error={ask.error} />
        <DialogButtons>
          <Button onClick={() => onOpen(false)}>Cancel</Button>
          <Button look="primary" type="submit" busy={ask.isPending} disabled={reason.trim().length < 3}>
            Ask
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

export function GlassDialog({
  connection,
  open,
  onOpen,
}: {
  readonly connection: Place;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}) {
  const trpc = useTRPC();
  const [reason, setReason] = useState('');
  const [password, setPassword] = useState('');
  const breakIt = useMutation(
    trpc.access.breakGlass.mutationOptions({
      onSuccess: () => {
        toast.success(`The glass of ${connection.name} is broken. Everybody who watches over access sees it.`);
        setReason('');
        setPassword('');
        onOpen(false);
      },
    }),
  );
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      title={`Break the glass of ${connection.name}`}
      description="For an emergency. It opens for 30 minutes, everybody who watches over access is told, and somebody else reviews afterwards what you did."
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          breakIt.mutate({ connectionId: connection.id, reason, password });
        }}
      >
        <Field label="What the emergency is">
          {(control) => (
            <TextArea {...control} value={reason} onChange={(event) => setReason(event.target.value)} required />
          )}
        </Field>
        <Field label="Your password" help="Leave it empty if you sign in through your company.">
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Failure error={breakIt.error} />
        <DialogButtons>
          <Button onClick={() => onOpen(false)}>Cancel</Button>
          <Button look="danger" type="submit" busy={breakIt.isPending} disabled={reason.trim().length < 10}>
            Break the glass
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

export function Failure({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <p role="alert" className="text-deny">
      {errorSentence(error)}
    </p>
  );
}
