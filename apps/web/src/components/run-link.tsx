import type { RunRef } from '@sluice/api';
import { ListChecks } from 'lucide-react';
import { classNames } from './class-names.ts';
import { Link } from './link.tsx';

/** The run that something was done in: its own words, and the way to all that was done in it. */
export function RunLink({ run, className }: { readonly run: RunRef | null; readonly className?: string }) {
  if (run === null) return null;
  return (
    <Link
      href={`/runs/${run.id}`}
      title={`Run: ${run.purpose}`}
      className={classNames(
        'relative z-10 inline-flex min-w-0 max-w-full items-center gap-1 text-accent underline-offset-2 hover:underline',
        className,
      )}
    >
      <ListChecks aria-hidden="true" className="size-3.5 shrink-0" />
      <span className="sr-only">run </span>
      <span className="min-w-0 truncate">
        {run.taskId === null ? '' : `${run.taskId} · `}
        {run.purpose}
      </span>
    </Link>
  );
}
