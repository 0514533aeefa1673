'use client';

import type { AccessEntryView, ConnectionAccessView } from '@sluice/api';
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleSlash, KeyRound, Siren } from 'lucide-react';
import { useState } from 'react';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { Countdown } from '../../components/clock.tsx';
import { Panel } from '../../components/layout.tsx';
import { RecordList } from '../../components/record-list.tsx';
import { Callout, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { GlassDialog, RequestDialog } from './access-forms.tsx';
import { GrantsList } from './grants-list.tsx';
import { RequestsList } from './requests-list.tsx';
import { RuleDialog } from './rule-dialog.tsx';
import { RulesList } from './rules-list.tsx';

/** The Access tab of a connection: may I, who can and why, what is granted for a time, who asks. */
export function AccessTab({ connection }: { readonly connection: { readonly id: string; readonly name: string } }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.access.showConnectionAccess.queryOptions({ connectionId: connection.id }));
  const mayWrite = useMay('access.write');
  const [adding, setAdding] = useState(false);
  if (query.data === undefined)
    return query.error === null ? (
      <Panel flush>
        <SkeletonRows rows={4} />
      </Panel>
    ) : (
      <ErrorState error={query.error} onRetry={() => void query.refetch()} />
    );
  const { mine, everybody } = query.data;
  return (
    <div className="space-y-4">
      <Mine connection={connection} mine={mine} />
      {everybody === null ? null : (
        <>
          <Panel flush title="Who can connect now, and why">
            <Entries entries={everybody.entries} />
          </Panel>
          <Panel
            flush
            title="Rules that choose this connection"
            aside={
              mayWrite ? (
                <Button size="small" onClick={() => setAdding(true)}>
                  Add a rule…
                </Button>
              ) : null
            }
          >
            <RulesList rules={everybody.rules} />
          </Panel>
        </>
      )}
      <Panel flush title="Granted for a time">
        <GrantsList connectionId={connection.id} />
      </Panel>
      <Panel flush title="Requests">
        <RequestsList connectionId={connection.id} />
      </Panel>
      {mayWrite ? <RuleDialog open={adding} onOpen={setAdding} connection={connection} /> : null}
    </div>
  );
}

function Mine({
  connection,
  mine,
}: {
  readonly connection: { readonly id: string; readonly name: string };
  readonly mine: ConnectionAccessView['mine'];
}) {
  const [asking, setAsking] = useState(false);
  const [breaking, setBreaking] = useState(false);
  const mayAsk = useMay('access.request');
  const mayBreak = useMay('access.break-glass');
  return (
    <>
      <Callout
        tone={mine.open ? 'allow' : 'hold'}
        icon={mine.open ? CircleCheck : CircleSlash}
        action={
          <span className="flex flex-wrap gap-2">
            {mine.mayRequest !== null && mayAsk ? (
              <Button size="small" icon={<KeyRound aria-hidden="true" />} onClick={() => setAsking(true)}>
                Request access…
              </Button>
            ) : null}
            {mine.mayBreakGlass === null || !mayBreak ? null : (
              <Button
                size="small"
                look="dangerPlain"
                icon={<Siren aria-hidden="true" />}
                onClick={() => setBreaking(true)}
              >
                Break the glass…
              </Button>
            )}
          </span>
        }
      >
        {mine.open ? 'You may connect.' : mine.message}
        {mine.until === null ? null : (
          <>
            {' '}
            It ends in <Countdown until={mine.until} />.
          </>
        )}
      </Callout>
      {mine.mayRequest === null ? null : (
        <RequestDialog
          connection={connection}
          terms={mine.mayRequest}
          mayConnect={mine.open}
          open={asking}
          onOpen={setAsking}
        />
      )}
      {mine.mayBreakGlass === null ? null : (
        <GlassDialog connection={connection} open={breaking} onOpen={setBreaking} />
      )}
    </>
  );
}

function Entries({ entries }: { readonly entries: readonly AccessEntryView[] }) {
  const sorted = entries.toSorted(
    (a, b) => Number(b.open) - Number(a.open) || a.actor.name.localeCompare(b.actor.name),
  );
  return (
    <RecordList
      caption="Who can connect"
      rows={sorted}
      rowKey={({ actor }) => actor.id}
      columns={[
        {
          name: 'Who',
          card: 'title',
          cell: ({ actor }) => (
            <ActorName actor={{ ...actor, owner: actor.owner === null ? null : { id: '', name: actor.owner } }} />
          ),
        },
        {
          name: 'May connect',
          card: 'title',
          cell: ({ open, until }) =>
            open ? (
              <span className="inline-flex items-center gap-1.5 text-allow">
                <CircleCheck aria-hidden="true" className="size-4" />
                {until === null ? (
                  'yes'
                ) : (
                  <>
                    yes, for <Countdown until={until} />
                  </>
                )}
              </span>
            ) : (
              <span className="inline-flex items-center gap-1.5 text-ink-faint">
                <CircleSlash aria-hidden="true" className="size-4" />
                no
              </span>
            ),
        },
        { name: 'Because', cell: ({ because }) => <Reasons because={because} /> },
      ]}
    />
  );
}

function Reasons({ because }: { readonly because: readonly string[] }) {
  return (
    <ul className="text-ink-soft">
      {because.map((reason) => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
  );
}
