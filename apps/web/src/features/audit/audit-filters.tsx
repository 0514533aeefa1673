'use client';

import { useState } from 'react';
import {
  ActorFilter,
  type AddressFilters,
  anyValue,
  FilterBar,
  FilterSelect,
  useAddressFilters,
} from '../../components/filter-bar.tsx';
import { Input } from '../../components/form.tsx';
import { resourceNames } from './resources.ts';

const spans = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000 } as const;
type Span = keyof typeof spans;
const spanNames: Readonly<Record<Span, string>> = {
  hour: 'The last hour',
  day: 'The last day',
  week: 'The last 7 days',
  month: 'The last 30 days',
};

export type AuditFilters = AddressFilters & {
  /** The one entry that the address names; null: all. */
  readonly entry: number | null;
  readonly input: {
    readonly search?: string;
    readonly actorId?: string;
    readonly action?: string;
    readonly subjectId?: string;
    readonly index?: number;
    readonly from?: Date;
    readonly to?: Date;
  };
};

export function useAuditFilters(): AuditFilters {
  const filters = useAddressFilters(['actor', 'action', 'subject', 'entry', 'time', 'from', 'to'], ['entry']);
  // A span's beginning is fixed when it is chosen: a query whose input moves with the clock would never rest.
  const [openedAt] = useState(() => Date.now());
  const { asked, chosen } = filters;
  const [actorId, action, subjectId] = [chosen('actor'), chosen('action'), chosen('subject')];
  const index = Number(chosen('entry'));
  const entry = Number.isInteger(index) && index > 0 ? index : null;
  const span = (Object.keys(spans) as Span[]).find((one) => one === chosen('time'));
  const from = span === undefined ? dateOf(chosen('from')) : new Date(openedAt - spans[span]);
  const to = span === undefined ? dateOf(chosen('to')) : undefined;
  return {
    ...filters,
    entry,
    input: {
      ...(asked === '' ? {} : { search: asked }),
      ...(actorId === undefined ? {} : { actorId }),
      ...(action === undefined ? {} : { action }),
      ...(subjectId === undefined ? {} : { subjectId }),
      ...(entry === null ? {} : { index: entry }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    },
  };
}

/** `2026-11-23T14:02` as the reader's own time; undefined for none and for what is no time. */
function dateOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

export function AuditFilterBar({ filters }: { readonly filters: AuditFilters }) {
  const time = filters.value('time');
  const action = filters.value('action');
  const resources = [...resourceNames];
  // A link may name one action alone, which the list of resources does not have.
  if (action !== anyValue && !resources.some(([resource]) => resource === action)) resources.unshift([action, action]);
  return (
    <FilterBar label="Search the audit" filters={filters}>
      <ActorFilter label="Who" filters={filters} />
      <FilterSelect
        name="action"
        label="What"
        any="Anything"
        filters={filters}
        choices={resources.map(([resource, label]) => ({ value: resource, label }))}
      />
      <FilterSelect
        name="time"
        label="When"
        any="Any time"
        filters={filters}
        className="w-full sm:w-40"
        choices={[
          ...(Object.keys(spans) as Span[]).map((span) => ({ value: span as string, label: spanNames[span] })),
          { value: 'between', label: 'Between…' },
        ]}
      />
      {time === 'between' ? (
        <span className="flex w-full flex-wrap gap-2 sm:w-auto">
          {(['from', 'to'] as const).map((name) => (
            <Input
              key={name}
              type="datetime-local"
              aria-label={name === 'from' ? 'From' : 'Until'}
              className="min-w-0 flex-1 sm:w-52"
              value={filters.chosen(name) ?? ''}
              onChange={(event) => filters.set(name, event.target.value)}
            />
          ))}
        </span>
      ) : null}
    </FilterBar>
  );
}
