'use client';

import type { OverviewView } from '@sluice/api';
import { countText } from '../../components/measures.ts';

type Hour = OverviewView['statementsByVerdict'][number];

const parts = [
  { key: 'deny', className: 'bg-bar-deny' },
  { key: 'hold', className: 'bg-bar-hold' },
  { key: 'allow', className: 'bg-bar-allow' },
] as const;

/** One stacked bar per hour; the table beneath says the same to those who do not see it. */
export function VerdictChart({ hours }: { readonly hours: readonly Hour[] }) {
  const top = Math.max(1, ...hours.map(totalOf));
  return (
    <figure>
      <div aria-hidden="true" className="relative">
        <div className="absolute inset-x-0 top-0 flex items-center gap-2 text-ink-faint text-tiny">
          <span>{top.toLocaleString('en')}</span>
          <span className="flex-1 border-line border-t border-dashed" />
        </div>
        <div className="flex h-40 items-end gap-[3px] border-line-strong border-b pt-5">
          {hours.map((hour) => (
            <div
              key={hour.hour.getTime()}
              title={`${hourText(hour.hour)}: ${hour.allow} allow, ${hour.hold} hold, ${hour.deny} deny`}
              className="flex h-full min-w-0 flex-1 flex-col justify-end hover:bg-hover"
            >
              {parts.map(({ key, className }) =>
                hour[key] === 0 ? null : (
                  <span
                    key={key}
                    className={`block min-h-[3px] first:rounded-t-[2px] ${className}`}
                    style={{ height: `${(hour[key] / top) * 100}%` }}
                  />
                ),
              )}
            </div>
          ))}
        </div>
        <div className="mt-1 flex justify-between text-ink-faint text-tiny">
          {hours
            .filter((_, index) => index % 6 === 0)
            .map((hour) => (
              <span key={hour.hour.getTime()} suppressHydrationWarning>
                {hourText(hour.hour)}
              </span>
            ))}
          <span>now</span>
        </div>
      </div>
      <figcaption className="sr-only">
        {countText(
          hours.reduce((sum, hour) => sum + totalOf(hour), 0),
          'statement',
        )}{' '}
        in 24 hours. By hour:{' '}
        {hours
          .map((hour) => `${hourText(hour.hour)} ${hour.allow} allow, ${hour.hold} hold, ${hour.deny} deny`)
          .join('; ')}
      </figcaption>
    </figure>
  );
}

function totalOf(hour: Hour): number {
  return hour.allow + hour.hold + hour.deny;
}

function hourText(hour: Date): string {
  return `${String(hour.getHours()).padStart(2, '0')}:00`;
}
