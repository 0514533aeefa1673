import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

/** A page: its title, what it counts, what one may do, and the rest. */
export function Page({
  title,
  lead,
  actions,
  children,
  className,
}: {
  readonly title: ReactNode;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  return (
    <div className={classNames('mx-auto w-full max-w-[1400px] px-4 py-5 sm:px-6', className)}>
      <header className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-60">
          <h1 className="font-semibold text-heading tracking-tight">{title}</h1>
          {lead === undefined ? null : <div className="mt-0.5 text-ink-soft">{lead}</div>}
        </div>
        {actions === undefined ? null : <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A box with a hairline border. */
export function Panel({
  title,
  aside,
  children,
  className,
  flush = false,
}: {
  readonly title?: ReactNode;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
  /** Content reaches the border: lists and tables. */
  readonly flush?: boolean;
}) {
  return (
    <section
      className={classNames('relative min-w-0 overflow-hidden rounded-box border border-line bg-surface', className)}
    >
      {title === undefined ? null : (
        <div className="flex min-h-10 flex-wrap items-center gap-2 border-line border-b px-4 py-1.5">
          <h2 className="min-w-0 flex-1 basis-40 font-medium text-body">{title}</h2>
          {aside}
        </div>
      )}
      <div className={flush ? undefined : 'p-4'}>{children}</div>
    </section>
  );
}

/** Names and values, one under the other on a phone. */
export function Facts({ children, className }: { readonly children: ReactNode; readonly className?: string }) {
  return (
    <dl className={classNames('grid gap-x-6 gap-y-2 sm:grid-cols-[max-content_minmax(0,1fr)]', className)}>
      {children}
    </dl>
  );
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-faint">{name}</dt>
      <dd className="-mt-2 min-w-0 sm:mt-0">{children}</dd>
    </>
  );
}

export function Labels({ labels }: { readonly labels: Record<string, string> }) {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return null;
  return (
    <span className="inline-flex flex-wrap gap-1">
      {pairs.map(([name, value]) => (
        <span
          key={name}
          className="rounded-small border border-line px-1.5 font-mono text-ink-soft text-tiny leading-[18px]"
        >
          {name}={value}
        </span>
      ))}
    </span>
  );
}

export function Key({ children }: { readonly children: ReactNode }) {
  return (
    <kbd className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-small border border-current/25 px-1 font-mono text-tiny">
      {children}
    </kbd>
  );
}
