'use client';

import type { ChannelsView, ChannelView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Hash, type LucideIcon, Mail, Plus, RadioTower, Webhook } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { CopyBlock } from '../../components/copy.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { Panel } from '../../components/layout.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { EmptyState } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { ChannelDialog, type ChannelKind } from './channel-dialog.tsx';
import { ChannelTest } from './channel-test.tsx';
import { FailedDeliveries } from './failed-deliveries.tsx';

const kinds: readonly {
  readonly kind: ChannelKind;
  readonly icon: LucideIcon;
  readonly name: string;
  readonly lead: string;
}[] = [
  { kind: 'email', icon: Mail, name: 'Mail server', lead: 'Messages to people, to the address of their account.' },
  { kind: 'slack', icon: Hash, name: 'Slack app', lead: 'Messages to people, with buttons that decide.' },
  { kind: 'webhook', icon: Webhook, name: 'Webhook', lead: 'Every event, signed, to a program of yours.' },
];

interface Editing {
  readonly kind: ChannelKind;
  readonly channel: ChannelView | null;
}

/** Where people and programs are told of what happens. */
export function ChannelsTab() {
  const trpc = useTRPC();
  const query = useQuery(trpc.notifications.listChannels.queryOptions());
  const [editing, setEditing] = useState<Editing | null>(null);
  const [removing, setRemoving] = useState<ChannelView | null>(null);
  return (
    <Loaded query={query}>
      {(view) => (
        <div className="max-w-4xl space-y-4">
          {kinds.map(({ kind, icon, name, lead }) => {
            const channels = view.channels.filter((channel) => channel.kind === kind);
            const add = () => setEditing({ kind, channel: null });
            return (
              <Panel
                key={kind}
                flush
                title={`${name}${kind === 'webhook' ? 's' : ''}`}
                aside={
                  channels.length === 0 || kind === 'webhook' ? (
                    <Button size="small" icon={<Plus aria-hidden="true" />} onClick={add}>
                      Add a {name.toLowerCase().replace('slack', 'Slack')}
                    </Button>
                  ) : undefined
                }
              >
                {channels.length === 0 ? (
                  <EmptyState icon={icon} title="None yet" className="py-7">
                    {lead} Statements in messages are masked as they are here.
                  </EmptyState>
                ) : (
                  <ul className="divide-y divide-line">
                    {channels.map((channel) => (
                      <ChannelItem
                        key={channel.id}
                        channel={channel}
                        onEdit={() => setEditing({ kind, channel })}
                        onRemove={() => setRemoving(channel)}
                      />
                    ))}
                  </ul>
                )}
                {kind === 'slack' ? <SlackAddress view={view} /> : null}
              </Panel>
            );
          })}
          <Panel flush title="Could not be delivered">
            <FailedDeliveries deliveries={view.failed} />
          </Panel>
          {editing === null ? null : <ChannelDialog {...editing} onClose={() => setEditing(null)} />}
          {removing === null ? null : <RemoveChannel channel={removing} onClose={() => setRemoving(null)} />}
        </div>
      )}
    </Loaded>
  );
}

function ChannelItem({
  channel,
  onEdit,
  onRemove,
}: {
  readonly channel: ChannelView;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}) {
  return (
    <li className="space-y-2 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-60">
          <p className="flex flex-wrap items-center gap-2">
            <span className="font-medium [overflow-wrap:anywhere]">{channel.name}</span>
            <ChannelState channel={channel} />
          </p>
          <p className="font-mono text-ink-soft text-small [overflow-wrap:anywhere]">{whereTo(channel)}</p>
        </div>
        <ChannelTest channel={channel} />
        <Button size="small" look="quiet" onClick={onEdit} aria-label={`Edit ${channel.name}`}>
          Edit
        </Button>
        <Button size="small" look="quiet" onClick={onRemove} aria-label={`Remove ${channel.name}`}>
          Remove
        </Button>
      </div>
      {channel.lastError === null ? null : (
        <p className="text-deny [overflow-wrap:anywhere]">
          {channel.lastErrorAt === null ? null : (
            <>
              <RelativeTime at={channel.lastErrorAt} />:{' '}
            </>
          )}
          {channel.lastError}
        </p>
      )}
    </li>
  );
}

function ChannelState({ channel }: { readonly channel: ChannelView }) {
  if (!channel.enabled) return <Badge tone="neutral">switched off</Badge>;
  if (channel.lastError !== null) return <Badge tone="deny">failing</Badge>;
  if (channel.lastSuccessAt === null) return <Badge tone="hold">never used</Badge>;
  return (
    <>
      <Badge tone="allow">works</Badge>
      <span className="text-ink-faint text-small">
        last sent <RelativeTime at={channel.lastSuccessAt} />
      </span>
    </>
  );
}

function whereTo({ kind, settings }: ChannelView): string {
  switch (kind) {
    case 'email':
      return `${settings.host}:${settings.port} · ${tlsText(settings.tls)} · from ${settings.from}`;
    case 'slack':
      return String(settings.apiUrl);
    case 'webhook':
      return String(settings.url);
  }
}

/** How the way to a mail server is kept secret, for the line that names the server. */
function tlsText(tls: unknown): string {
  return tls === 'none' ? 'in the clear' : tls === 'starttls' ? 'STARTTLS' : 'TLS';
}

function SlackAddress({ view }: { readonly view: ChannelsView }) {
  return (
    <div className="space-y-1 border-line border-t px-4 py-3">
      <p className="flex items-center gap-1.5 text-ink-soft">
        <RadioTower aria-hidden="true" className="size-4 shrink-0" />
        <span>
          The app’s interactivity and the command <code className="font-mono">/sluice</code> go to:
        </span>
      </p>
      <CopyBlock text={view.slackUrl} label="Copy the address" />
    </div>
  );
}

function RemoveChannel({ channel, onClose }: { readonly channel: ChannelView; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.notifications.removeChannel.mutationOptions({
      onSuccess: () => {
        toast.success(`Removed ${channel.name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.notifications.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpen={onClose}
      title={`Remove ${channel.name}?`}
      confirmLabel="Remove"
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: channel.id })}
    >
      <p>
        {channel.kind === 'webhook'
          ? 'Its program is told nothing any more, and its secret is forgotten.'
          : 'Nobody is told by it any more, and its password is forgotten. What people chose stays, for the next one.'}
      </p>
    </ConfirmDialog>
  );
}
