'use client';

import { Tabs as RadixTabs } from 'radix-ui';
import type { ReactNode } from 'react';

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
  return (
    <RadixTabs.Root value={value} onValueChange={onValue}>
      <RadixTabs.List
        aria-label={label}
        className="-mx-4 mb-4 flex gap-1 overflow-x-auto border-line border-b px-4 sm:-mx-6 sm:px-6"
      >
        {tabs.map((tab) => (
          <RadixTabs.Trigger
            key={tab.value}
            value={tab.value}
            data-inset-focus=""
            className="-mb-px inline-flex h-9 shrink-0 items-center gap-1.5 border-transparent border-b-2 px-2 font-medium text-ink-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.label}
          </RadixTabs.Trigger>
        ))}
      </RadixTabs.List>
      {tabs.map((tab) => (
        <RadixTabs.Content key={tab.value} value={tab.value} className="outline-none" tabIndex={-1}>
          {tab.content}
        </RadixTabs.Content>
      ))}
    </RadixTabs.Root>
  );
}
