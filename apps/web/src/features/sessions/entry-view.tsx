'use client';

import type { TimelineEntry } from '@sluice/api';
import { CircleX, Cog, Eye, MessageSquare, Pause } from 'lucide-react';
import { ClockTime } from '../../components/clock.tsx';
import { CopyButton, CopyId } from '../../components/copy.tsx';
import { Link } from '../../components/link.tsx';
import { countText, durationText } from '../../components/measures.ts';
import { StatementText } from '../../components/statement-text.tsx';
import { Callout } from '../../components/states.tsx';
import { Badge, VerdictBadge } from '../../components/verdict.tsx';
import { Findings, overlaysOf } from '../approvals/marked-statement.tsx';
import { monitorNotes } from './monitored.ts';
import { OutputBlock } from './output-block.tsx';
import { ResultGrid } from './result-grid.tsx';

/** One statement of the story: what was sent, what policy said, what came back. */
export function EntryView({ entry, language }: { readonly entry: TimelineEntry; readonly language: string }) {
  const rows = entry.results.reduce<number | null>(
    (sum, result) => (result.rowCount === null ? sum : (sum ?? 0) + result.rowCount),
    null,
  );
  return (
    <article aria-label="Statement" className="space-y-4 px-4 py-4 sm:px-6">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <VerdictBadge action={entry.verdict} />
        {entry.origin === 'gateway' ? (
          <Badge tone="neutral" icon={Cog}>
            asked by the gateway
          </Badge>
        ) : null}
        <span className="text-ink-soft">
          {[
            entry.durationMs === null ? null : durationText(entry.durationMs),
            rows === null ? null : countText(rows, 'row'),
            entry.asWriter ? 'ran as the writer' : null,
          ]
            .filter((part) => part !== null)
            .join(' · ')}
        </span>
        <span className="ml-auto inline-flex items-center gap-1 text-ink-faint">
          <ClockTime at={entry.at} />
          <CopyId id={entry.id} />
        </span>
      </div>
      <div className="relative rounded-box border border-line bg-surface py-2.5 pr-10 pl-3">
        <StatementText text={entry.text} language={language} overlays={overlaysOf(entry.text)} />
        <Findings text={entry.text} />
        <CopyButton text={entry.text} label="Copy the statement" className="absolute top-1 right-1" />
      </div>
      {entry.binds.length === 0 ? null : (
        <dl className="flex flex-wrap gap-x-4 gap-y-1 font-mono text-small">
          {entry.binds.map((value, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a bound value is its position.
            <div key={index} className="flex min-w-0 gap-1.5">
              <dt className="text-ink-faint">${index + 1}</dt>
              <dd className="min-w-0 [overflow-wrap:anywhere]">
                {value ?? <span className="text-ink-faint italic">NULL</span>}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <p className="text-ink-soft">
        {entry.reason}{' '}
        {entry.rule === null ? (
          <span className="text-ink-faint">(the connection’s default)</span>
        ) : (
          <Link
            href={`/policies?rule=${encodeURIComponent(entry.rule)}`}
            className="font-mono text-accent underline-offset-2 hover:underline"
          >
            {entry.rule}
          </Link>
        )}
      </p>
      {monitorNotes(entry).map(({ rule, sentence }) => (
        <Callout key={rule} tone="info" icon={Eye}>
          Monitored: this statement {sentence}{' '}
          <Link
            href={`/policies?rule=${encodeURIComponent(rule)}`}
            className="font-mono underline underline-offset-2 [overflow-wrap:anywhere]"
          >
            {rule}
          </Link>
          . Nothing was changed.
        </Callout>
      ))}
      {entry.held === null ? null : <Held held={entry.held} />}
      {entry.error === null ? null : (
        <Callout tone="deny" icon={CircleX}>
          <span className="font-mono font-semibold">{entry.error.code}</span>{' '}
          <span className="[overflow-wrap:anywhere]">{entry.error.message}</span>
        </Callout>
      )}
      {entry.outputs.map((output, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: outputs never move.
        <OutputBlock key={index} output={output} />
      ))}
      {entry.results.map((result, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: results never move.
        <ResultGrid key={index} result={result} />
      ))}
    </article>
  );
}

function Held({ held }: { readonly held: NonNullable<TimelineEntry['held']> }) {
  const by = held.by.length === 0 ? '' : ` by ${held.by.join(' and ')}`;
  const waited = held.waitedMs === null ? '' : ` after ${durationText(held.waitedMs)}`;
  return (
    <Callout
      tone="hold"
      icon={Pause}
      action={
        <Link href={`/approvals/${held.approvalId}`} className="shrink-0 font-medium underline underline-offset-2">
          Approval
        </Link>
      }
    >
      <p>{held.outcome === null ? 'Waiting for a person.' : `Held, then ${held.outcome}${by}${waited}.`}</p>
      {held.comment === null ? null : (
        <p className="mt-0.5 flex items-start gap-1">
          <MessageSquare aria-hidden="true" className="mt-1 size-3.5 shrink-0" />
          <q className="min-w-0 [overflow-wrap:anywhere]">{held.comment}</q>
        </p>
      )}
    </Callout>
  );
}
