'use client';

import type { EventStreamView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleX, Plus, Send, Waypoints } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { Fact, Facts, Panel } from '../../components/layout.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { countText } from '../../components/measures.ts';
import { EmptyState } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { StreamDialog } from './stream-dialog.tsx';

/** Streams move by themselves and no notice tells of it, so they are looked at this often, in ms. */
const lookEveryMs = 5_000;
/** What waits for less than this is on its way; in ms. */
const onTheWayMs = 30_000;

/** Where audit events and statements are sent as they happen. */
export function StreamsTab() {
  const trpc = useTRPC();
  const query = useQuery(trpc.streams.listStreams.queryOptions(undefined, { refetchInterval: lookEveryMs }));
  const mayWrite = useMay('streams.write');
  const [adding, setAdding] = useState(false);
  const add = mayWrite ? (
    <Button size="small" look="primary" icon={<Plus aria-hidden="true" />} onClick={() => setAdding(true)}>
      Add a stream
    </Button>
  ) : undefined;
  return (
    <div className="max-w-4xl">
      <Panel flush title="Event streams" aside={add}>
        <Loaded query={query}>
          {(streams) =>
            streams.length === 0 ? (
              <EmptyState icon={Waypoints} title="No stream yet" className="py-8">
                A stream sends audit events and statements, masked as they are recorded, to a syslog server, an HTTP
                endpoint or a file: each at least once, in order.
              </EmptyState>
            ) : (
              <ul className="divide-y divide-line">
                {streams.map((stream) => (
                  <StreamItem key={stream.id} stream={stream} mayWrite={mayWrite} />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Panel>
      {adding ? <StreamDialog onClose={() => setAdding(false)} /> : null}
    </div>
  );
}

function StreamItem({ stream, mayWrite }: { readonly stream: EventStreamView; readonly mayWrite: boolean }) {
  const [removing, setRemoving] = useState(false);
  const { behind } = stream;
  const parts = [
    ...(behind.auditEvents === 0 ? [] : [countText(behind.auditEvents, 'audit event')]),
    ...(behind.chunks === 0 ? [] : [countText(behind.chunks, 'part of recordings', 'parts of recordings')]),
  ];
  return (
    <li className="space-y-2 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-60">
          <p className="flex flex-wrap items-center gap-2">
            <span className="font-medium">{stream.name}</span>
            <StreamState stream={stream} />
          </p>
          <p className="font-mono text-ink-soft text-small [overflow-wrap:anywhere]">{whereTo(stream)}</p>
        </div>
        {mayWrite ? (
          <>
            <StreamTest stream={stream} />
            <Button size="small" look="quiet" onClick={() => setRemoving(true)} aria-label={`Remove ${stream.name}`}>
              Remove
            </Button>
          </>
        ) : null}
      </div>
      {stream.lastError === null ? null : (
        <p className="text-deny [overflow-wrap:anywhere]">
          {stream.lastError}
          {stream.nextTryAt === null ? null : (
            <span className="block text-ink-soft">
              Tried again <RelativeTime at={stream.nextTryAt} />.
            </span>
          )}
        </p>
      )}
      <Facts className="text-small">
        <Fact name="Sends">
          {[stream.audit ? 'audit' : '', stream.statements ? 'statements' : ''].filter(Boolean).join(' and ')}
        </Fact>
        <Fact name="Sent">
          {countText(stream.sent, 'event')}
          {stream.lastSentAt === null ? null : (
            <>
              , the last <RelativeTime at={stream.lastSentAt} />
            </>
          )}
        </Fact>
        <Fact name="Behind by">
          {behind.since === null ? (
            'nothing'
          ) : (
            <>
              {parts.join(' and ')}, the oldest <RelativeTime at={behind.since} />
            </>
          )}
        </Fact>
      </Facts>
      {removing ? <RemoveStream stream={stream} onClose={() => setRemoving(false)} /> : null}
    </li>
  );
}

function StreamState({ stream }: { readonly stream: EventStreamView }) {
  if (stream.failures > 0) return <Badge tone="deny">failing, {countText(stream.failures, 'try', 'tries')}</Badge>;
  const { since } = stream.behind;
  if (since !== null && Date.now() - since.getTime() > onTheWayMs) return <Badge tone="hold">behind</Badge>;
  return stream.lastSentAt === null ? (
    <Badge tone="neutral">nothing sent yet</Badge>
  ) : (
    <Badge tone="allow">up to date</Badge>
  );
}

function whereTo({ settings }: EventStreamView): string {
  switch (settings.kind) {
    case 'syslog':
      return `syslog ${settings.host}:${settings.port} over ${settings.transport.toUpperCase()}`;
    case 'endpoint':
      return `POST ${settings.url}`;
    case 'file':
      return `file ${settings.name}.ndjson`;
  }
}

function StreamTest({ stream }: { readonly stream: EventStreamView }) {
  const trpc = useTRPC();
  const test = useMutation(
    trpc.streams.sendTest.mutationOptions({ onError: (error) => toast.error(errorSentence(error)) }),
  );
  return (
    <span className="inline-flex flex-wrap items-center gap-2">
      <span role="status">
        {test.data === undefined ? null : test.data.ok ? (
          <Badge tone="allow" icon={CircleCheck}>
            the test arrived
          </Badge>
        ) : (
          <Badge tone="deny" icon={CircleX} className="whitespace-normal">
            {test.data.error ?? 'failed'}
          </Badge>
        )}
      </span>
      <Button
        size="small"
        icon={<Send aria-hidden="true" />}
        busy={test.isPending}
        onClick={() => test.mutate({ id: stream.id })}
        aria-label={`Send a test to ${stream.name}`}
      >
        Send a test
      </Button>
    </span>
  );
}

function RemoveStream({ stream, onClose }: { readonly stream: EventStreamView; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.streams.deleteStream.mutationOptions({
      onSuccess: () => {
        toast.success(`Removed ${stream.name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.streams.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpen={onClose}
      title={`Remove ${stream.name}?`}
      confirmLabel="Remove"
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: stream.id })}
    >
      <p>Nothing more is sent there. Its place in the events is forgotten: one that is added later begins anew.</p>
      {stream.behind.since === null ? null : <p>What it has not sent yet never gets there.</p>}
    </ConfirmDialog>
  );
}
