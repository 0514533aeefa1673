'use client';

import { useState } from 'react';
import { Field, Input, Select } from './form.tsx';

const dayMs = 86_400_000;
const lengths = { never: null, day: dayMs, week: 7 * dayMs, month: 30 * dayMs, quarter: 90 * dayMs } as const;
type Length = keyof typeof lengths;

const choices: readonly { readonly value: Length | 'date'; readonly label: string }[] = [
  { value: 'never', label: 'Until it is taken back' },
  { value: 'day', label: 'For a day' },
  { value: 'week', label: 'For a week' },
  { value: 'month', label: 'For 30 days' },
  { value: 'quarter', label: 'For 90 days' },
  { value: 'date', label: 'Until a date…' },
];

/** When something ends by itself. Null: never. */
export function EndField({
  label = 'Lasts',
  value,
  onValue,
  never = 'Until it is taken back',
}: {
  readonly label?: string;
  readonly value: Date | null;
  readonly onValue: (end: Date | null) => void;
  readonly never?: string;
}) {
  const [choice, setChoice] = useState<Length | 'date'>(value === null ? 'never' : 'date');
  return (
    <Field label={label}>
      {(control) => (
        <span className="flex flex-wrap gap-2">
          <Select
            id={control.id}
            className="min-w-0 flex-1 basis-40"
            value={choice}
            onValue={(next) => {
              setChoice(next);
              if (next === 'date') onValue(value ?? new Date(Date.now() + 7 * dayMs));
              else onValue(lengths[next] === null ? null : new Date(Date.now() + lengths[next]));
            }}
            choices={choices.map((one) => (one.value === 'never' ? { ...one, label: never } : one))}
          />
          {choice === 'date' && value !== null ? (
            <Input
              type="datetime-local"
              aria-label={`${label}: date and time`}
              className="min-w-0 flex-1 basis-48"
              value={localText(value)}
              onChange={(event) => {
                const at = new Date(event.target.value);
                if (!Number.isNaN(at.getTime())) onValue(at);
              }}
            />
          ) : null}
        </span>
      )}
    </Field>
  );
}

/** `2026-11-23T14:02`, in the reader's own time zone, as the browser's field wants it. */
function localText(at: Date): string {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
