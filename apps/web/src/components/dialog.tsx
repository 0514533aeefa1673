'use client';

import { X } from 'lucide-react';
import { Dialog as RadixDialog } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { errorSentence } from '../client/describe-error.ts';
import { Button } from './button.tsx';
import { classNames } from './class-names.ts';
import { Field, Input } from './form.tsx';

export function Dialog({
  open,
  onOpen,
  title,
  description,
  children,
  wide = false,
}: {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly title: string;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  readonly wide?: boolean;
}) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpen}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="data-[state=open]:fade-in-0 fixed inset-0 z-40 bg-scrim duration-100 data-[state=open]:animate-in" />
        <RadixDialog.Content
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
          className={classNames(
            'fixed top-1/2 left-1/2 z-50 flex max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-box border border-line-strong bg-raised',
            wide ? 'max-w-2xl' : 'max-w-md',
          )}
        >
          <div className="flex items-start gap-3 border-line border-b px-4 py-3">
            <div className="min-w-0 flex-1">
              <RadixDialog.Title className="font-semibold text-large">{title}</RadixDialog.Title>
              {description === undefined ? null : (
                <RadixDialog.Description asChild>
                  <div className="mt-0.5 text-ink-soft">{description}</div>
                </RadixDialog.Description>
              )}
            </div>
            <RadixDialog.Close asChild>
              <Button look="quiet" size="iconSmall" aria-label="Close">
                <X aria-hidden="true" />
              </Button>
            </RadixDialog.Close>
          </div>
          <div className="min-h-0 overflow-y-auto px-4 py-4">{children}</div>
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

export function DialogButtons({ children }: { readonly children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>;
}

/** A panel from the side: the menu of a phone. */
export function Drawer({
  open,
  onOpen,
  title,
  children,
}: {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly title: string;
  readonly children: ReactNode;
}) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpen}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 bg-scrim" />
        <RadixDialog.Content
          aria-describedby={undefined}
          className="slide-in-from-bottom-4 fixed inset-x-0 bottom-0 z-50 max-h-[85dvh] overflow-y-auto rounded-t-box border-line-strong border-t bg-raised pb-safe duration-100 data-[state=open]:animate-in"
        >
          <div className="flex items-center justify-between border-line border-b px-4 py-2">
            <RadixDialog.Title className="font-semibold text-large">{title}</RadixDialog.Title>
            <RadixDialog.Close asChild>
              <Button look="quiet" size="icon" aria-label="Close">
                <X aria-hidden="true" />
              </Button>
            </RadixDialog.Close>
          </div>
          {children}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

/** Asks before something that cannot be taken back, and says what it will stop. With `typed`, that word has to be typed first. */
export function ConfirmDialog({
  open,
  onOpen,
  title,
  children,
  confirmLabel,
  onConfirm,
  busy = false,
  error,
  typed,
}: {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly title: string;
  readonly children: ReactNode;
  readonly confirmLabel: string;
  readonly onConfirm: () => void;
  readonly busy?: boolean;
  readonly error?: unknown;
  readonly typed?: string;
}) {
  const [text, setText] = useState('');
  const ready = typed === undefined || text === typed;
  return (
    <Dialog
      open={open}
      onOpen={(next) => {
        setText('');
        onOpen(next);
      }}
      title={title}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onConfirm();
        }}
      >
        <div className="space-y-2 text-ink-soft">{children}</div>
        {typed === undefined ? null : (
          <Field label={`Type ${typed} to confirm`} className="mt-4">
            {(control) => (
              <Input
                {...control}
                value={text}
                onChange={(event) => setText(event.target.value)}
                autoComplete="off"
                className="font-mono"
              />
            )}
          </Field>
        )}
        {error === undefined || error === null ? null : (
          <p role="alert" className="mt-3 text-deny">
            {errorSentence(error)}
          </p>
        )}
        <DialogButtons>
          <Button onClick={() => onOpen(false)}>Keep it</Button>
          <Button look="danger" type="submit" disabled={!ready} busy={busy}>
            {confirmLabel}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
