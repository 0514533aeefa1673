'use client';

import type { GatewayView } from '@sluice/api';
import { useMutation } from '@tanstack/react-query';
import { ArrowRight, CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Countdown } from '../../components/clock.tsx';
import { CopyBlock } from '../../components/copy.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Field, Input, Select } from '../../components/form.tsx';
import { GatewayHealthBadge } from '../../components/gateway-health.tsx';
import { Link } from '../../components/link.tsx';
import { Callout } from '../../components/states.tsx';
import { groupsOf } from '../connections/gateway-groups.ts';

const alone = 'alone';
const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** A name, then one line to paste, then the gateway itself as soon as it is there. */
export function EnrolDialog({
  open,
  onOpen,
  known,
}: {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly known: readonly GatewayView[];
}) {
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      wide
      title="Enrol a gateway"
      description="It makes its own keys on its host; only their public halves leave it."
    >
      {open ? <Enrol known={known} onDone={() => onOpen(false)} /> : null}
    </Dialog>
  );
}

function Enrol({ known, onDone }: { readonly known: readonly GatewayView[]; readonly onDone: () => void }) {
  const trpc = useTRPC();
  const [name, setName] = useState('');
  const [groupId, setGroupId] = useState(alone);
  const [error, setError] = useState<string | null>(null);
  // Gateways that were there before: the one that appears is told by its absence here, not by its name, which it may have been given anew.
  const [before] = useState(() => new Set(known.map((gateway) => gateway.id)));
  const enrolment = useMutation(trpc.gateways.createEnrolment.mutationOptions());
  const appeared = known.find((gateway) => gateway.name === name && !before.has(gateway.id));

  if (enrolment.data === undefined) {
    return (
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!namePattern.test(name)) setError('Use lower-case letters, digits and hyphens.');
          else if (known.some((gateway) => gateway.name === name)) setError('There is already a gateway of that name.');
          else enrolment.mutate({ name, ...(groupId === alone ? {} : { groupId }) });
        }}
      >
        <Field
          label="Name"
          help="For example where it stands: eu-west-prod."
          error={error ?? (enrolment.error === null ? null : errorSentence(enrolment.error))}
        >
          {(control) => (
            <Input
              {...control}
              value={name}
              autoFocus
              autoComplete="off"
              onChange={(event) => {
                setName(event.target.value);
                setError(null);
              }}
            />
          )}
        </Field>
        {known.length === 0 ? null : (
          <div className="mt-4">
            <Field
              label="Group"
              help="Any gateway of a group serves its connections, so that one may restart. It gets their credentials from another one, after you confirmed its fingerprint."
            >
              {(control) => (
                <Select
                  id={control.id}
                  value={groupId}
                  onValue={setGroupId}
                  choices={[
                    { value: alone, label: 'A group of its own' },
                    ...groupsOf(known).map((group) => ({ value: group.id, label: `Joins ${group.name}` })),
                  ]}
                />
              )}
            </Field>
          </div>
        )}
        <DialogButtons>
          <Button onClick={onDone}>Cancel</Button>
          <Button type="submit" look="primary" busy={enrolment.isPending}>
            Make the line
          </Button>
        </DialogButtons>
      </form>
    );
  }
  return (
    <div className="space-y-4">
      <div>
        <p className="mb-1 font-medium">Paste this on the gateway’s host</p>
        <CopyBlock text={enrolment.data.command} label="Copy the line" wrap />
        <p className="mt-1 text-ink-faint text-small">
          First name the targets that it may dial in SLUICE_ALLOW_TARGETS. The line works once, for{' '}
          <Countdown until={enrolment.data.expiresAt} />, and is not shown again.
        </p>
      </div>
      <div aria-live="polite">
        {appeared === undefined ? <Waiting name={name} /> : <Appeared gateway={appeared} onDone={onDone} />}
      </div>
    </div>
  );
}

function Waiting({ name }: { readonly name: string }) {
  return (
    <p className="flex items-center gap-2.5 rounded-box border border-line-strong border-dashed px-3 py-3 text-ink-soft">
      <span aria-hidden="true" className="size-2 animate-pulse rounded-full bg-accent" />
      Waiting for {name} to appear…
    </p>
  );
}

function Appeared({ gateway, onDone }: { readonly gateway: GatewayView; readonly onDone: () => void }) {
  return (
    <div className="space-y-3">
      <Callout tone="allow" icon={CircleCheck}>
        <p className="flex flex-wrap items-center gap-x-2 font-medium">
          {gateway.name} appeared
          <GatewayHealthBadge health={gateway.health} bare />
        </p>
        <p>Compare this with the sealing key’s fingerprint that it printed; credentials are sealed to it:</p>
        <p className="font-mono text-small [overflow-wrap:anywhere]">{gateway.sealingFingerprint}</p>
      </Callout>
      <DialogButtons>
        <Button onClick={onDone}>Close</Button>
        <Button asChild look="primary">
          <Link href="/connections/new">
            Add a connection
            <ArrowRight aria-hidden="true" />
          </Link>
        </Button>
      </DialogButtons>
    </div>
  );
}
