'use client';

import { useQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { askedAlone, useTRPC } from '../../client/trpc.ts';
import { ClockTime } from '../../components/clock.tsx';
import { countText } from '../../components/measures.ts';

/** What the gateway noted about the session as a whole: grants that came and ended, and the like. Nothing while there is none. */
export function SessionNotes({ sessionId }: { readonly sessionId: string }) {
  const trpc = useTRPC();
  const notes = useQuery(trpc.sessions.listNotes.queryOptions({ id: sessionId }, askedAlone)).data ?? [];
  if (notes.length === 0) return null;
  return (
    <details className="mt-1">
      <summary className="inline-flex cursor-pointer items-center gap-1.5 text-ink-soft hover:text-ink">
        <KeyRound aria-hidden="true" className="size-3.5" />
        {countText(notes.length, 'note')} of the gateway: grants and what else concerned the whole session
      </summary>
      <ul className="mt-1 max-h-48 space-y-0.5 overflow-y-auto">
        {notes.map(({ at, text }) => (
          <li key={`${at.getTime()} ${text}`} className="flex gap-2">
            <ClockTime at={at} className="shrink-0 text-ink-faint" />
            <span className="min-w-0 [overflow-wrap:anywhere]">{text}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
