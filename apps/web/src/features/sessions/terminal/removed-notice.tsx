import type { RemovedCounts } from '@sluice/terminal';
import { ShieldAlert } from 'lucide-react';
import { countText } from '../../../components/measures.ts';

/** What this output tried to do to the terminal that shows it. Titles are everybody's habit, and questions every program's. */
export function RemovedNotice({ removed }: { readonly removed: RemovedCounts }) {
  const told = [
    removed.clipboard === 0
      ? null
      : countText(removed.clipboard, 'attempt to set the clipboard', 'attempts to set the clipboard'),
    removed.links === 0 ? null : countText(removed.links, 'hidden link'),
    removed.windows === 0 ? null : countText(removed.windows, 'window command'),
    removed.strings === 0 ? null : countText(removed.strings, 'device string or image', 'device strings or images'),
    removed.directions === 0
      ? null
      : countText(
          removed.directions,
          'character that turns the text’s direction',
          'characters that turn the text’s direction',
        ),
  ].filter((part) => part !== null);
  if (told.length === 0) return null;
  return (
    <p className="flex items-start gap-1.5 border-line border-t bg-surface px-4 py-1.5 text-ink-soft text-small sm:px-6">
      <ShieldAlert aria-hidden="true" className="mt-px size-3.5 shrink-0 text-hold" />
      <span>Left out of what is shown: {told.join(', ')}. The recording holds the output as it was.</span>
    </p>
  );
}
