'use client';

import { Tooltip as RadixTooltip } from 'radix-ui';
import type { ReactNode } from 'react';

export function Tooltip({
  text,
  children,
  side = 'top',
}: {
  readonly text: ReactNode;
  readonly children: ReactNode;
  readonly side?: 'top' | 'right' | 'bottom';
}) {
  return (
    <RadixTooltip.Root>
      <RadixTooltip.Trigger asChild>{children}</RadixTooltip.Trigger>
      <RadixTooltip.Portal>
        <RadixTooltip.Content
          side={side}
          sideOffset={6}
          className="z-50 max-w-72 rounded-small border border-line-strong bg-raised px-2 py-1 text-ink text-small"
        >
          {text}
        </RadixTooltip.Content>
      </RadixTooltip.Portal>
    </RadixTooltip.Root>
  );
}
