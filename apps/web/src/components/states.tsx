'use client';

import { CircleAlert, LockKeyhole, type LucideIcon, RotateCw, SearchX, Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import { describeError } from '../client/describe-error.ts';
import { Button } from './button.tsx';
import { classNames } from './class-names.ts';
import { Link } from './link.tsx';

/** An empty list says what it is for and how to fill it. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  action,
  className,
}: {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  readonly className?: string;
}) {
  return (
    <div className={classNames('flex flex-col items-center px-6 py-14 text-center', className)}>
      <span className="mb-3 inline-flex size-10 items-center justify-center rounded-box border border-line bg-sunken text-ink-faint">
        <Icon aria-hidden="true" className="size-5" />
      </span>
      <p className="font-medium text-ink text-large">{title}</p>
      {children === undefined ? null : <div className="mt-1 max-w-md text-ink-soft">{children}</div>}
      {action === undefined ? null : <div className="mt-4">{action}</div>}
    </div>
  );
}

/** What went wrong, what to do, and a way to try again; without permission it says so instead of pretending that nothing is there. */
export function ErrorState({
  error,
  onRetry,
  wayBack,
  className,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
  /** Where to go from something that is not there, or not to be seen. */
  readonly wayBack?: { readonly href: string; readonly label: string };
  readonly className?: string;
}) {
  const { kind, message, hint } = describeError(error);
  const picture = {
    'no-permission': LockKeyhole,
    'not-found': SearchX,
    offline: Unplug,
    conflict: CircleAlert,
    'signed-out': LockKeyhole,
    other: CircleAlert,
  }[kind];
  const title = {
    'no-permission': 'You may not see this',
    'not-found': 'Nothing here',
    offline: 'No answer',
    conflict: 'Changed meanwhile',
    'signed-out': 'Signed out',
    other: 'This did not load',
  }[kind];
  const canRetry = onRetry !== undefined && kind !== 'no-permission' && kind !== 'not-found';
  return (
    <div role="alert" className={className}>
      <EmptyState
        icon={picture}
        title={title}
        action={
          canRetry ? (
            <Button onClick={onRetry} icon={<RotateCw aria-hidden="true" />}>
              Try again
            </Button>
          ) : wayBack === undefined ? undefined : (
            <Button asChild>
              <Link href={wayBack.href}>{wayBack.label}</Link>
            </Button>
          )
        }
      >
        <p>{message}</p>
        {hint === null ? null : <p className="mt-1">{hint}</p>}
      </EmptyState>
    </div>
  );
}

export function Skeleton({ className }: { readonly className?: string }) {
  return <span aria-hidden="true" className={classNames('skeleton block h-4', className)} />;
}

/** Rows of a list that has not come yet, in the height of real ones. */
export function SkeletonRows({ rows = 6, className }: { readonly rows?: number; readonly className?: string }) {
  return (
    <div role="status" className={classNames('divide-y divide-line', className)}>
      <span className="sr-only">Loading…</span>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move.
        <div key={index} className="flex items-center gap-4 px-4 py-3">
          <Skeleton className="w-2/5" />
          <Skeleton className="w-1/5" />
          <Skeleton className="ml-auto w-16" />
        </div>
      ))}
    </div>
  );
}

/** A thin bar across the top of its box while work over a second goes on. */
export function ProgressBar({ active, label }: { readonly active: boolean; readonly label: string }) {
  if (!active) return null;
  return (
    <div
      role="progressbar"
      aria-label={label}
      className="absolute inset-x-0 top-0 h-0.5 overflow-hidden bg-accent-tint"
    >
      <div className="progress-run h-full w-1/3 bg-accent" />
    </div>
  );
}

/** A sentence that must not be missed, beside the thing it is about. */
export function Callout({
  tone,
  icon: Icon,
  children,
  action,
  className,
}: {
  readonly tone: 'info' | 'hold' | 'deny' | 'allow' | 'mask';
  readonly icon: LucideIcon;
  readonly children: ReactNode;
  readonly action?: ReactNode;
  readonly className?: string;
}) {
  const tones = {
    info: 'bg-info-tint text-info',
    hold: 'bg-hold-tint text-hold',
    deny: 'bg-deny-tint text-deny',
    allow: 'bg-allow-tint text-allow',
    mask: 'bg-mask-tint text-mask',
  };
  return (
    <div className={classNames('flex flex-wrap items-start gap-2 rounded-box px-3 py-2', tones[tone], className)}>
      {/* The sentence keeps a readable width: what can be done goes below it where the screen is too narrow for both. */}
      <div className="flex min-w-0 flex-1 basis-48 items-start gap-2">
        <Icon aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
        <div className="min-w-0 flex-1">{children}</div>
      </div>
      {action}
    </div>
  );
}
