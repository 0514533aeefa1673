'use client';

import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button, type ButtonProps } from './button.tsx';
import { classNames } from './class-names.ts';

const confirmMs = 1_500;

/** Copies a text and says so for a moment. */
export function useCopy(): { readonly copied: boolean; readonly copy: (text: string) => void } {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), confirmMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (text: string) => {
    writeClipboard(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return { copied, copy };
}

export function CopyButton({
  text,
  label,
  showLabel = false,
  ...rest
}: {
  readonly text: string /** What is copied, for screen readers: "Copy the id". */;
  readonly label: string;
  readonly showLabel?: boolean;
} & Omit<ButtonProps, 'onClick' | 'children'>) {
  const { copied, copy } = useCopy();
  const mark = copied ? <Check aria-hidden="true" className="text-allow" /> : <Copy aria-hidden="true" />;
  return (
    <Button
      look={showLabel ? 'plain' : 'quiet'}
      size={showLabel ? 'normal' : 'iconSmall'}
      aria-label={copied ? 'Copied' : label}
      title={label}
      {...rest}
      onClick={(event) => {
        event.stopPropagation();
        copy(text);
      }}
    >
      {mark}
      {showLabel ? (copied ? 'Copied' : label) : null}
    </Button>
  );
}

/** An id, shortened to what tells it apart, that copies whole. */
export function CopyId({ id, className }: { readonly id: string; readonly className?: string }) {
  const { copied, copy } = useCopy();
  return (
    <button
      type="button"
      onClick={() => copy(id)}
      title={`${id} (click to copy)`}
      className={classNames(
        'relative inline-flex items-center gap-1 rounded-small px-1 font-mono max-sm:after:absolute max-sm:after:inset-x-0 max-sm:after:-inset-y-3 text-ink-faint text-small hover:bg-hover hover:text-ink',
        className,
      )}
    >
      <span className="sr-only">{copied ? 'Copied id ' : 'Copy id '}</span>
      {id.length > 12 ? `…${id.slice(-8)}` : id}
      {copied ? (
        <Check aria-hidden="true" className="size-3 text-allow" />
      ) : (
        <Copy aria-hidden="true" className="size-3" />
      )}
    </button>
  );
}

/** A command or address to paste elsewhere; scrolls inside itself and never widens the page. */
export function CopyBlock({
  text,
  label,
  wrap = false,
  className,
}: {
  readonly text: string;
  readonly label: string;
  readonly wrap?: boolean;
  readonly className?: string;
}) {
  return (
    <div className={classNames('flex min-w-0 items-start rounded-box border border-line bg-sunken', className)}>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard (axe: scrollable-region-focusable).
        tabIndex={0}
        data-inset-focus=""
        className={classNames(
          'min-w-0 flex-1 overflow-x-auto px-3 py-2 font-mono text-ink text-small leading-5',
          wrap && 'whitespace-pre-wrap [overflow-wrap:anywhere]',
        )}
      >
        {text}
      </pre>
      <CopyButton text={text} label={label} className="m-1" />
    </div>
  );
}

/** The Clipboard API exists only in secure contexts; over plain http from another machine a hidden field does the same. */
async function writeClipboard(text: string): Promise<void> {
  const clipboard = (navigator as { readonly clipboard?: Clipboard }).clipboard;
  if (clipboard !== undefined) {
    await clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  field.style.opacity = '0';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (!done) throw new Error('The browser refused to copy.');
}
