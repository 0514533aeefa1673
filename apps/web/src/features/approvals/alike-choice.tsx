'use client';

import type { ApprovalDetail } from '@sluice/api';
import { type RefObject, useEffect, useState } from 'react';
import { Checkbox, Input } from '../../components/form.tsx';

/** What a decision gives beside its statement. */
export interface AlikeGiven {
  readonly minutes: number;
  readonly rows: number;
}

const usualMinutes = 60;
const usualRows = 10;

/** "The same for an hour": off unless ticked, and then it says what it will cover. `chosen` is read when the decision is sent. */
export function AlikeChoice({
  alike,
  chosen,
}: {
  readonly alike: NonNullable<ApprovalDetail['alike']>;
  readonly chosen: RefObject<AlikeGiven | null>;
}) {
  const most = alike.maxMinutes;
  const [on, setOn] = useState(false);
  const [minutes, setMinutes] = useState(Math.min(usualMinutes, most));
  const [rows, setRows] = useState(usualRows);
  useEffect(() => {
    chosen.current = on ? { minutes, rows } : null;
    return () => {
      chosen.current = null;
    };
  }, [on, minutes, rows, chosen]);
  return (
    <div className="mb-2 text-small">
      <Checkbox
        checked={on}
        onChecked={setOn}
        label={`The same for ${minutes === 60 ? 'an hour' : `${minutes} minutes`}`}
      />
      {on ? (
        <div className="mt-1 space-y-1 pl-6">
          <p className="text-ink-soft [overflow-wrap:anywhere]">
            Also lets run, without asking anybody: {alike.covers}. Nothing that a rule denies, and nothing whose effect
            is not proved.
          </p>
          <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="inline-flex items-center gap-1">
              for
              <Input
                type="number"
                aria-label="Minutes for which others like it may run"
                min={1}
                max={most}
                value={minutes}
                onChange={(event) => setMinutes(within(event.target.valueAsNumber, most))}
                className="w-20"
              />
              minutes,
            </span>
            <span className="inline-flex items-center gap-1">
              each at most
              <Input
                type="number"
                aria-label="Rows that each of them may change"
                min={1}
                max={100_000}
                value={rows}
                onChange={(event) => setRows(within(event.target.valueAsNumber, 100_000))}
                className="w-24"
              />
              rows
            </span>
          </p>
        </div>
      ) : null}
    </div>
  );
}

function within(value: number, most: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 1), most) : 1;
}
