'use client';

import type { ConnectionDetail } from '@sluice/api';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../../client/trpc.ts';
import { Fact, Facts, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { bytesText, countText } from '../../components/measures.ts';
import { ErrorState, SkeletonRows } from '../../components/states.tsx';
import { VerdictBadge } from '../../components/verdict.tsx';
import { RuleList } from '../policies/rule-list.tsx';

/** What is kept of one result or stream. */
function recordedWords({ recordedRows, recordedBytes }: ConnectionDetail): string {
  if (recordedBytes === 0) return 'counts and digests of what statements answer, none of the answers';
  const streams = `${bytesText(recordedBytes)} of a stream`;
  return recordedRows === 0
    ? `no rows, only their count and digest; ${streams}`
    : `the first ${countText(recordedRows, 'row')} of a result, ${bytesText(recordedBytes)} at most, and ${streams}; the rest is counted and digested`;
}

const actionSentences = {
  allow: 'the statement passes',
  hold: 'the statement is held for a person',
  deny: 'the statement is refused',
};

export function PolicyTab({ connection }: { readonly connection: ConnectionDetail }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.policies.showActivePolicy.queryOptions());
  return (
    <div className="space-y-4">
      <Panel title="This connection’s own terms">
        <Facts>
          <Fact name="When no rule matches">
            <VerdictBadge action={connection.defaultAction} />{' '}
            <span className="text-ink-soft">{actionSentences[connection.defaultAction]}</span>
          </Fact>
          <Fact name="A held statement">
            {connection.holdBehaviour === 'wait'
              ? 'waits on the wire until a person answers'
              : 'is refused with the approval’s id; the same effect passes once afterwards'}
          </Fact>
          <Fact name="Before a statement runs">
            {connection.durability === 'synced'
              ? 'its record is on the gateway’s disk and survives a power cut'
              : 'its record is written and survives a killed gateway, not a power cut'}
          </Fact>
          <Fact name="Recordings keep">{recordedWords(connection)}</Fact>
          <Fact name="Without the control plane">
            the gateway enforces its last policy for {connection.offlineLeaseSeconds} s, then refuses new statements
          </Fact>
        </Facts>
      </Panel>
      <Panel
        flush
        title={query.data === undefined ? 'Rules' : `Rules of policy version ${query.data.version.version}`}
        aside={
          <span className="flex flex-wrap gap-x-4">
            <Link
              href={`/policies?tab=explain&connection=${encodeURIComponent(connection.id)}`}
              className="font-medium text-accent underline-offset-2 hover:underline"
            >
              Try a statement
            </Link>
            <Link href="/policies" className="font-medium text-accent underline-offset-2 hover:underline">
              Open the policy
            </Link>
          </span>
        }
      >
        {query.error !== null && query.data === undefined ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : query.data === undefined ? (
          <SkeletonRows rows={4} />
        ) : (
          <RuleList rules={query.data.rules} />
        )}
      </Panel>
    </div>
  );
}
