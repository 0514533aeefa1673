'use client';

import type { ApprovalDetail } from '@sluice/api';
import { Ban, Check, Info } from 'lucide-react';
import type { RefObject } from 'react';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { TextArea } from '../../components/form.tsx';
import { Key } from '../../components/layout.tsx';
import { Callout } from '../../components/states.tsx';
import { AlikeChoice, type AlikeGiven } from './alike-choice.tsx';
import type { DecisionOutcome } from './inbox.ts';
import type { Decide } from './use-decide.ts';

/** The comment and the two buttons, always in sight; on a phone thumb-sized, over the bar of pages. */
export function DecisionBar({
  approval,
  armed,
  decide,
  commentRef,
  alikeRef,
  mustReadWhole,
  onReadWhole,
  onDecide,
}: {
  readonly approval: ApprovalDetail;
  readonly armed: DecisionOutcome | null;
  readonly decide: Decide;
  readonly commentRef: RefObject<HTMLTextAreaElement | null>;
  readonly alikeRef: RefObject<AlikeGiven | null>;
  readonly mustReadWhole: boolean;
  readonly onReadWhole: () => void;
  readonly onDecide: (outcome: DecisionOutcome) => void;
}) {
  if (approval.state !== 'waiting') return null;
  return (
    <footer className="sticky bottom-[calc(3.5rem+env(safe-area-inset-bottom,0px))] border-line border-t bg-surface px-4 py-3 sm:px-6 md:bottom-0">
      <div className="mx-auto max-w-5xl">
        {approval.mayDecide.yes ? null : (
          <Callout tone="info" icon={Info} className={approval.mayDecide.mayDeny ? 'mb-2' : ''}>
            {approval.mayDecide.because ?? 'Your decision would not count here.'}
          </Callout>
        )}
        {approval.mayDecide.inSteadOf === null ? null : (
          <p className="mb-2 text-ink-soft text-small">You answer in the stead of {approval.mayDecide.inSteadOf}.</p>
        )}
        {approval.mayDecide.yes || approval.mayDecide.mayDeny ? (
          <Choice
            approval={approval}
            armed={armed}
            decide={decide}
            commentRef={commentRef}
            alikeRef={alikeRef}
            mustReadWhole={mustReadWhole}
            onReadWhole={onReadWhole}
            onDecide={onDecide}
          />
        ) : null}
      </div>
    </footer>
  );
}

function Choice({
  approval,
  armed,
  decide,
  commentRef,
  alikeRef,
  mustReadWhole,
  onReadWhole,
  onDecide,
}: Parameters<typeof DecisionBar>[0]) {
  const pending = decide.pendingId === approval.id ? decide.pendingOutcome : null;
  return (
    <>
      <p
        role="status"
        className={classNames(
          'text-small',
          armed === null && !mustReadWhole ? 'sr-only' : 'mb-2 font-medium text-hold',
        )}
      >
        {mustReadWhole ? (
          <>
            The statement is longer than what is shown.{' '}
            <button type="button" onClick={onReadWhole} className="text-accent underline underline-offset-2">
              Show all of it
            </button>{' '}
            before you decide.
          </>
        ) : armed === null ? null : (
          <>
            Press <Key>{armed === 'approve' ? 'a' : 'd'}</Key> again to {armed === 'approve' ? 'approve' : 'deny'},{' '}
            <Key>Esc</Key> to stop.
          </>
        )}
      </p>
      {approval.alike === null || !approval.mayDecide.yes ? null : (
        <AlikeChoice alike={approval.alike} chosen={alikeRef} />
      )}
      <div className="flex flex-wrap items-end gap-2">
        <div className="min-w-0 flex-1 basis-full sm:basis-0">
          <TextArea
            ref={commentRef}
            aria-label="Comment, sent to whoever asked"
            placeholder={
              approval.asks.comment
                ? 'Why, sent to whoever asked (the rule asks for it)'
                : 'Comment, sent to whoever asked (optional)'
            }
            rows={1}
            maxLength={2000}
            className="block min-h-8 resize-y sm:h-8"
          />
        </div>
        <Button
          look="dangerPlain"
          disabled={mustReadWhole || pending !== null}
          busy={pending === 'deny'}
          onClick={() => onDecide('deny')}
          icon={<Ban aria-hidden="true" />}
          className={classNames(
            'h-12 flex-1 text-large sm:h-8 sm:flex-none sm:text-body',
            armed === 'deny' && 'outline-2 outline-deny',
          )}
        >
          Deny
          <span className="hidden lg:inline">
            <Key>d</Key>
          </span>
        </Button>
        <Button
          look="primary"
          disabled={mustReadWhole || pending !== null || !approval.mayDecide.yes}
          busy={pending === 'approve'}
          onClick={() => onDecide('approve')}
          icon={<Check aria-hidden="true" />}
          className={classNames(
            'h-12 flex-1 text-large sm:h-8 sm:flex-none sm:text-body',
            armed === 'approve' && 'outline-2 outline-accent outline-offset-2',
          )}
        >
          Approve
          <span className="hidden lg:inline">
            <Key>a</Key>
          </span>
        </Button>
      </div>
    </>
  );
}
