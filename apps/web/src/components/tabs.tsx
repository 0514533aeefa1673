'use client';

import { LockKeyhole } from 'lucide-react';
import { Tabs as RadixTabs } from 'radix-ui';
import { type ReactNode, useEffect, useRef } from 'react';
import { EmptyState } from './states.tsx';

export interface Tab {
  readonly value: string;
  readonly label: ReactNode;
  readonly content: ReactNode;
}

export function Tabs({
  tabs,
  value,
  onValue,
  label,
}: {
  readonly tabs: readonly Tab[];
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly label: string;
}) {
  const list = useTabInSight(`${value} of ${tabs.map((tab) => tab.value).join()}`);
  return (
    <RadixTabs.Root value={value} onValueChange={onValue}>
      <RadixTabs.List
        ref={list}
        aria-label={label}
        className="-mx-4 mb-4 flex gap-1 overflow-x-auto border-line border-b px-4 sm:-mx-6 sm:px-6"
      >
        {tabs.map((tab) => (
          <RadixTabs.Trigger
            key={tab.value}
            value={tab.value}
            data-inset-focus=""
            className="-mb-px inline-flex h-9 max-sm:h-11 shrink-0 items-center gap-1.5 border-transparent border-b-2 px-2 font-medium text-ink-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.label}
          </RadixTabs.Trigger>
        ))}
      </RadixTabs.List>
      {tabs.some((tab) => tab.value === value) ? null : (
        <EmptyState icon={LockKeyhole} title="Nothing to see here">
          There is no such tab, or your role may not open it. Choose one above, or ask an admin for another role.
        </EmptyState>
      )}
      {tabs.map((tab) => (
        <RadixTabs.Content key={tab.value} value={tab.value} className="outline-none" tabIndex={-1}>
          {tab.content}
        </RadixTabs.Content>
      ))}
    </RadixTabs.Root>
  );
}

/** Scrolls the row of tabs, never the page, so that the chosen one can be read whole where the row is wider than the screen. */
function useTabInSight(shown: string) {
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen tab is found in the page, by its state; `shown` changes with the choice and with the tabs, which come as the person’s rights are known.
  useEffect(() => {
    const row = list.current;
    const chosen = row?.querySelector('[data-state=active]');
    if (row === null || chosen === null || chosen === undefined) return;
    const [outer, inner] = [row.getBoundingClientRect(), chosen.getBoundingClientRect()];
    const margin = Number.parseFloat(getComputedStyle(row).paddingRight);
    if (inner.right > outer.right - margin) row.scrollLeft += inner.right - outer.right + margin;
    else if (inner.left < outer.left + margin) row.scrollLeft += inner.left - outer.left - margin;
  }, [shown]);
  return list;
}
