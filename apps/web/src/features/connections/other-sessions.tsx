'use client';

import type { ConnectionDetail, ConnectionSummary } from '@sluice/api';
import { ShieldAlert } from 'lucide-react';
import { RelativeTime } from '../../components/clock.tsx';
import { Panel } from '../../components/layout.tsx';
import { countText } from '../../components/measures.ts';
import { Callout } from '../../components/states.tsx';

/** In a sentence, how many sessions are at the target that nobody can account for; null when there is none. */
export function otherSessionsWarning({ otherSessions }: Pick<ConnectionSummary, 'otherSessions'>): string | null {
  const unproven = (otherSessions?.total ?? 0) - (otherSessions?.claiming ?? 0);
  return unproven <= 0 ? null : `${countText(unproven, 'session')} at the target did not come through Sluice.`;
}

/** Who else is logged in at the target as this connection's accounts, by the gateway's last look. */
export function OtherSessions({ connection }: { readonly connection: ConnectionDetail }) {
  const check = connection.otherSessions;
  if (check === null) return null;
  const found = connection.otherSessionsFound;
  return (
    <Panel
      title={
        <>
          Other sessions at the target
          <span className="ml-2 font-normal text-ink-faint">
            looked <RelativeTime at={check.checkedAt} />
          </span>
        </>
      }
    >
      {check.problem === null ? null : (
        <Callout tone="hold" icon={ShieldAlert} className="mb-3">
          The last look failed: {check.problem}
        </Callout>
      )}
      {found.length === 0 ? (
        <p className="text-ink-soft">
          Every session of this connection’s accounts came through its gateway. The gateway looks every few minutes.
        </p>
      ) : (
        <>
          <p className="mb-2 text-ink-soft">
            Logged in as this connection’s accounts, but not by its gateway. Rotate the credential and close the other
            roads (Settings, Test).
          </p>
          <div className="overflow-x-auto">
            <table className="w-full text-left">
              <thead className="text-ink-faint text-small">
                <tr>
                  {['Account', 'From', 'Program', 'Since', 'Says it is Sluice'].map((title) => (
                    <th key={title} scope="col" className="py-1 pr-4 font-normal">
                      {title}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody className="divide-y divide-line">
                {found.map((session) => (
                  <tr key={`${session.id} ${session.since}`}>
                    <td className="py-1 pr-4">{session.account}</td>
                    <td className="py-1 pr-4 font-mono text-small">{session.address ?? 'the target’s own machine'}</td>
                    <td className="py-1 pr-4 [overflow-wrap:anywhere]">{session.application ?? ''}</td>
                    <td className="py-1 pr-4">
                      {session.since === null ? '' : <RelativeTime at={new Date(session.since)} />}
                    </td>
                    <td className="py-1">{session.claims ? 'yes, unproven: another gateway’s perhaps' : 'no'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {check.total > found.length ? (
            <p className="mt-2 text-ink-faint">… and {check.total - found.length} more.</p>
          ) : null}
        </>
      )}
    </Panel>
  );
}
