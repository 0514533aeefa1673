'use client';

import { useRouter, useSearchParams } from 'next/navigation';
import { useDeferredValue, useState } from 'react';
import { useIdentities } from '../../client/identities.ts';
import { Button } from '../../components/button.tsx';
import { Input, SearchInput, Select } from '../../components/form.tsx';
import { resourceNames } from './resources.ts';

export const anything = 'any';
const spans = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000 } as const;
type Span = keyof typeof spans;
const spanNames: Readonly<Record<Span, string>> = {
  hour: 'The last hour',
  day: 'The last day',
  week: 'The last 7 days',
  month: 'The last 30 days',
};

/** The filters live in the address, so that what somebody found can be passed on. */
export interface AuditFilters {
  readonly search: string;
  readonly setSearch: (search: string) => void;
  readonly value: (name: string) => string;
  readonly set: (name: string, value: string) => void;
  readonly clear: () => void;
  readonly any: boolean;
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
}

export function useAuditFilters(): AuditFilters {
  const params = useSearchParams();
  const router = useRouter();
  const [search, setSearch] = useState(params.get('search') ?? '');
  // A span's beginning is fixed when it is chosen: a query whose input moves with the clock would never rest.
  const [openedAt] = useState(() => Date.now());
  const deferred = useDeferredValue(search.trim());
  const value = (name: string) => params.get(name) ?? anything;
  const set = (name: string, next: string) => {
    const changed = new URLSearchParams(params);
    changed.delete('entry');
    if (next === anything || next === '') changed.delete(name);
    else changed.set(name, next);
    router.replace(`?${changed}`, { scroll: false });
  };
  const named = (name: string) => {
    const given = params.get(name);
    return given === null || given === '' ? undefined : given;
  };
  const [actorId, action, subjectId] = [named('actor'), named('action'), named('subject')];
  const index = Number(params.get('entry'));
  const entry = Number.isInteger(index) && index > 0 ? index : null;
  const span = (Object.keys(spans) as Span[]).find((one) => one === params.get('time'));
  const from = span === undefined ? dateOf(params.get('from')) : new Date(openedAt - spans[span]);
  const to = span === undefined ? dateOf(params.get('to')) : undefined;
  return {
    search,
    setSearch,
    value,
    set,
    clear: () => {
      setSearch('');
      router.replace('?', { scroll: false });
    },
    any: search !== '' || params.size > 0,
    entry,
    input: {
      ...(deferred === '' ? {} : { search: deferred }),
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
function dateOf(text: string | null): Date | undefined {
  if (text === null) return undefined;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

export function AuditFilterBar({ filters }: { readonly filters: AuditFilters }) {
  const { people, agents } = useIdentities();
  const time = filters.value('time');
  const action = filters.value('action');
  const resources = [...resourceNames];
  // A link may name one action alone, which the list of resources does not have.
  if (action !== anything && !resources.some(([resource]) => resource === action)) resources.unshift([action, action]);
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <SearchInput
        label="Search the audit"
        value={filters.search}
        onValue={filters.setSearch}
        className="w-full sm:w-60"
      />
      <Select
        label="Who"
        className="w-[calc(50%-4px)] sm:w-44"
        value={filters.value('actor')}
        onValue={(next) => filters.set('actor', next)}
        choices={[
          { value: anything, label: 'Anyone' },
          ...people.map((person) => ({ value: person.id, label: person.name, detail: person.role })),
          ...agents.map((agent) => ({ value: agent.id, label: agent.name, detail: `agent of ${agent.owner.name}` })),
        ]}
      />
      <Select
        label="What"
        className="w-[calc(50%-4px)] sm:w-44"
        value={action}
        onValue={(next) => filters.set('action', next)}
        choices={[
          { value: anything, label: 'Anything' },
          ...resources.map(([resource, label]) => ({ value: resource, label })),
        ]}
      />
      <Select
        label="When"
        className="w-full sm:w-40"
        value={time}
        onValue={(next) => filters.set('time', next)}
        choices={[
          { value: anything, label: 'Any time' },
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
              value={filters.value(name) === anything ? '' : filters.value(name)}
              onChange={(event) => filters.set(name, event.target.value)}
            />
          ))}
        </span>
      ) : null}
      {filters.any ? (
        <Button look="quiet" onClick={filters.clear}>
          Clear
        </Button>
      ) : null}
    </div>
  );
}
