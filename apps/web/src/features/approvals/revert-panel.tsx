'use client';

import type { ApprovalDetail } from '@sluice/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleX, Loader, TriangleAlert, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { errorSentence } from '../../client/describe-error.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { Link } from '../../components/link.tsx';
import { countText } from '../../components/measures.ts';
import { Callout } from '../../components/states.tsx';

type Revert = NonNullable<ApprovalDetail['revert']>;

/** What became of an approved change can be put back: one press, and another that confirms it. */
export function RevertPanel({ approval }: { readonly approval: ApprovalDetail }) {
  const { undo, revert } = approval;
  if (undo === null && revert === null) return null;
  return (
    <section aria-label="Revert" className="space-y-2" aria-live="polite">
      {revert === null ? null : <Asked revert={revert} />}
      {undo === null ? null : <Offer approval={approval} rows={undo.rows} expiresAt={new Date(undo.expiresAt)} />}
    </section>
  );
}

function Offer({
  approval,
  rows,
  expiresAt,
}: {
  readonly approval: ApprovalDetail;
  readonly rows: number;
  readonly expiresAt: Date;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [sure, setSure] = useState(false);
  const revert = useMutation(
    trpc.approvals.revertApproval.mutationOptions({
      onSettled: () => {
        setSure(false);
        void queryClient.invalidateQueries({ queryKey: trpc.approvals.pathKey() });
      },
    }),
  );
  const { yes, because } = approval.mayRevert;
  return (
    <div className="rounded-box border border-line bg-surface px-3 py-2.5">
      <p>
        The gateway keeps {countText(rows, 'row')} as {rows === 1 ? 'it was' : 'they were'} before, until{' '}
        <RelativeTime at={expiresAt} />.
      </p>
      <p className="text-ink-soft">
        Reverting puts back all of them, or none where somebody has changed one since.
        {yes ? null : ` ${because ?? ''}`}
      </p>
      {yes ? (
        <div className="mt-2 flex flex-wrap gap-2">
          <Button
            look={sure ? 'danger' : 'plain'}
            busy={revert.isPending}
            icon={<Undo2 aria-hidden="true" />}
            onClick={() => (sure ? revert.mutate({ id: approval.id }) : setSure(true))}
          >
            {sure ? `Put ${countText(rows, 'row')} back now` : 'Revert'}
          </Button>
          {sure ? (
            <Button look="quiet" onClick={() => setSure(false)}>
              Cancel
            </Button>
          ) : null}
        </div>
      ) : null}
      {revert.error === null ? null : (
        <p role="alert" className="mt-2 text-deny">
          {errorSentence(revert.error)}
        </p>
      )}
    </div>
  );
}

function Asked({ revert }: { readonly revert: Revert }) {
  const { tone, icon, text, shown } = told(revert);
  const sessionId = revert.result?.sessionId ?? null;
  return (
    <Callout tone={tone} icon={icon}>
      <p className="font-medium">{text}</p>
      {shown.length === 0 ? null : (
        <ul className="mt-1 font-mono text-small">
          {shown.map((key) => (
            <li key={key} className="[overflow-wrap:anywhere]">
              {key}
            </li>
          ))}
        </ul>
      )}
      <p className="mt-1 flex flex-wrap items-center gap-x-2">
        asked for by{' '}
        <ActorName
          actor={{ id: revert.by.id, kind: revert.by.kind, name: revert.by.name, role: revert.by.role, owner: null }}
        />
        <RelativeTime at={new Date(revert.at)} />
        {sessionId === null ? null : (
          <Link href={`/sessions/${sessionId}`} className="text-accent underline-offset-2 hover:underline">
            Its session
          </Link>
        )}
      </p>
    </Callout>
  );
}

function told({ result }: Revert) {
  if (result === null)
    return {
      tone: 'info',
      icon: Loader,
      text: 'A revert was asked for. The gateway has not answered yet.',
      shown: [],
    } as const;
  switch (result.state) {
    case 'reverted':
      return {
        tone: 'allow',
        icon: CircleCheck,
        text: `Reverted: ${countText(result.rows, 'row')} put back.`,
        shown: [],
      } as const;
    case 'conflict':
      return {
        tone: 'hold',
        icon: TriangleAlert,
        text: `Not reverted: ${countText(result.conflicts, 'row')} changed since. Nothing was changed.`,
        shown: result.shown,
      } as const;
    case 'failed':
      return { tone: 'deny', icon: CircleX, text: `Not reverted: ${result.because}.`, shown: [] } as const;
  }
}
