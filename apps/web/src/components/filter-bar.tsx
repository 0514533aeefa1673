'use client';

import { useRouter, useSearchParams } from 'next/navigation';
import { type ReactNode, useDeferredValue, useState } from 'react';
import { useIdentities } from '../client/identities.ts';
import { Button } from './button.tsx';
import { type Choice, SearchInput, Select } from './form.tsx';

/** Stands for no choice: a select cannot hold an empty value. */
export const anyValue = 'any';

/** Filters that live in the address, so that what somebody found can be passed on. What else stands there (a tab) stays. */
export interface AddressFilters {
  readonly search: string;
  readonly setSearch: (search: string) => void;
  /** The search as it is asked for: it follows the typing when there is time. */
  readonly asked: string;
  /** What was chosen, or `anyValue`. */
  readonly value: (name: string) => string;
  /** What was chosen, or undefined. */
  readonly chosen: (name: string) => string | undefined;
  readonly set: (name: string, value: string) => void;
  readonly clear: () => void;
  readonly any: boolean;
}

const searchName = 'search';

/** `names` are the filters of this list; setting one drops those of `dropped`. */
export function useAddressFilters(names: readonly string[], dropped: readonly string[] = []): AddressFilters {
  const params = useSearchParams();
  const router = useRouter();
  const [search, setSearch] = useState(params.get(searchName) ?? '');
  const asked = useDeferredValue(search.trim());
  const chosen = (name: string) => params.get(name) || undefined;
  const change = (gone: readonly string[], name?: string, value?: string) => {
    const changed = new URLSearchParams(params);
    for (const one of gone) changed.delete(one);
    if (name !== undefined && value !== undefined) changed.set(name, value);
    router.replace(`?${changed}`, { scroll: false });
  };
  return {
    search,
    setSearch,
    asked,
    value: (name) => chosen(name) ?? anyValue,
    chosen,
    set: (name, next) => {
      if (next === anyValue || next === '') change([...dropped, name]);
      else change(dropped, name, next);
    },
    clear: () => {
      setSearch('');
      change([...names, searchName]);
    },
    any: search !== '' || names.some((name) => params.has(name)),
  };
}

/** A search, the choices beside it, and a way to have none of them. */
export function FilterBar({
  label,
  filters,
  children,
}: {
  /** Of the search. */
  readonly label: string;
  readonly filters: AddressFilters;
  readonly children: ReactNode;
}) {
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <SearchInput label={label} value={filters.search} onValue={filters.setSearch} className="w-full sm:w-60" />
      {children}
      {filters.any ? (
        <Button look="quiet" onClick={filters.clear}>
          Clear
        </Button>
      ) : null}
    </div>
  );
}

/** One choice; two stand side by side on a phone. */
export function FilterSelect({
  name,
  label,
  any,
  choices,
  filters,
  className = 'w-[calc(50%-4px)] sm:w-44',
}: {
  readonly name: string;
  readonly label: string;
  /** What no choice is called: `Any state`. */
  readonly any: string;
  readonly choices: readonly Choice<string>[];
  readonly filters: AddressFilters;
  readonly className?: string;
}) {
  return (
    <Select
      label={label}
      className={className}
      value={filters.value(name)}
      onValue={(value) => filters.set(name, value)}
      choices={[{ value: anyValue, label: any }, ...choices]}
    />
  );
}

/** Whose work it is: an agent is told with its owner. */
export function ActorFilter({ label, filters }: { readonly label: string; readonly filters: AddressFilters }) {
  const { people, agents } = useIdentities();
  return (
    <FilterSelect
      name="actor"
      label={label}
      any="Anyone"
      filters={filters}
      choices={[
        ...agents.map((agent) => ({ value: agent.id, label: agent.name, detail: `agent of ${agent.owner.name}` })),
        ...people.map((person) => ({ value: person.id, label: person.name, detail: person.role })),
      ]}
    />
  );
}
