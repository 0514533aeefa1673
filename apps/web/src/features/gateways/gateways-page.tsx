'use client';

import type { GatewayView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { EllipsisVertical, Network, Plus, ShieldQuestion, TriangleAlert, Unplug } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { type ReactNode, useState } from 'react';
import { toast } from 'sonner';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { CopyButton, CopyId } from '../../components/copy.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { GatewayHealthBadge } from '../../components/gateway-health.tsx';
import { Page, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { bytesText, countText, durationText } from '../../components/measures.ts';
import { Menu, MenuItem } from '../../components/menu.tsx';
import { Callout, EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { ConfirmMemberDialog } from './confirm-dialog.tsx';
import { EnrolDialog } from './enrol-dialog.tsx';

export function GatewaysPage() {
  const trpc = useTRPC();
  const query = useQuery(trpc.gateways.listGateways.queryOptions());
  const mayWrite = useMay('gateways.write');
  const params = useSearchParams();
  const router = useRouter();
  const enrolling = params.get('enrol') === '1';
  const setEnrolling = (open: boolean) => router.replace(open ? '?enrol=1' : '?', { scroll: false });
  const enrol = mayWrite ? (
    <Button look="primary" onClick={() => setEnrolling(true)} icon={<Plus aria-hidden="true" />}>
      Enrol a gateway
    </Button>
  ) : undefined;
  return (
    <Page
      title="Gateways"
      lead="The processes near your targets that enforce and record. They dial out; nothing dials in."
      actions={enrol}
    >
      {query.error !== null && query.data === undefined ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <Panel flush>
          <SkeletonRows rows={3} />
        </Panel>
      ) : query.data.length === 0 ? (
        <Panel>
          <EmptyState icon={Network} title="No gateway yet" action={enrol}>
            Start one near your databases: copy one line, paste it there, and watch it appear here. It keeps its own
            keys and needs no open port.
          </EmptyState>
        </Panel>
      ) : (
        <ul className="space-y-4">
          {query.data.map((gateway) => (
            <li key={gateway.id}>
              <GatewayCard gateway={gateway} mayWrite={mayWrite} />
            </li>
          ))}
        </ul>
      )}
      {mayWrite ? <EnrolDialog open={enrolling} onOpen={setEnrolling} known={query.data ?? []} /> : null}
    </Page>
  );
}

/** More than this and recordings' times are doubtful, and tickets may be refused. */
const mostSkewMs = 2_000;

function GatewayCard({ gateway, mayWrite }: { readonly gateway: GatewayView; readonly mayWrite: boolean }) {
  const [revoking, setRevoking] = useState(false);
  const [confirming, setConfirming] = useState(false);
  const problems = problemsOf(gateway);
  return (
    <Panel
      title={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="font-semibold">{gateway.name}</span>
          <GatewayHealthBadge health={gateway.health} />
          <CopyId id={gateway.id} />
        </span>
      }
      aside={
        mayWrite ? (
          <Menu
            trigger={
              <Button look="quiet" size="icon" aria-label={`More for ${gateway.name}`}>
                <EllipsisVertical aria-hidden="true" />
              </Button>
            }
          >
            <MenuItem danger icon={<Unplug aria-hidden="true" />} onSelect={() => setRevoking(true)}>
              Revoke…
            </MenuItem>
          </Menu>
        ) : null
      }
    >
      {gateway.confirmed ? null : (
        <Callout tone="hold" icon={ShieldQuestion} className="mb-4">
          <div className="flex flex-wrap items-center justify-between gap-2">
            <p>Nobody has confirmed its fingerprint yet, so it has no credentials and serves nothing that needs one.</p>
            {mayWrite ? <Button onClick={() => setConfirming(true)}>Confirm the fingerprint…</Button> : null}
          </div>
        </Callout>
      )}
      {problems.length === 0 ? null : (
        <Callout tone="hold" icon={TriangleAlert} className="mb-4">
          <ul>
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Callout>
      )}
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3 lg:grid-cols-6">
        <Figure name="Group">{gateway.group.name}</Figure>
        <Figure name="Version">{gateway.version ?? '—'}</Figure>
        <Figure name="Host">{gateway.hostname ?? '—'}</Figure>
        <Figure name="Last seen">
          {gateway.lastSeenAt === null ? 'never' : <RelativeTime at={gateway.lastSeenAt} />}
        </Figure>
        <Figure name="Open sessions">{gateway.openSessions.toLocaleString('en')}</Figure>
        <Figure name="Load">
          {gateway.cpuPercent === null ? '—' : `${gateway.cpuPercent.toFixed(0)} % CPU`}
          {gateway.memoryBytes === null ? '' : `, ${bytesText(gateway.memoryBytes)}`}
        </Figure>
        <Figure name="Spool">
          {countText(gateway.spoolChunks, 'chunk')}, {bytesText(gateway.spoolBytes)}
        </Figure>
        <Figure name="Policy">{gateway.policyVersion === null ? '—' : `version ${gateway.policyVersion}`}</Figure>
        <Figure name="Bundle">
          {gateway.bundleVersion === null ? '—' : `${gateway.bundleVersion} of ${gateway.wantedBundleVersion}`}
        </Figure>
        <Figure name="Clock skew">
          {gateway.clockSkewMs === null ? '—' : durationText(Math.abs(gateway.clockSkewMs))}
        </Figure>
        <Figure name="Enrolled">
          <RelativeTime at={gateway.enrolledAt} />
        </Figure>
      </dl>
      <div className="mt-4 grid gap-x-6 gap-y-3 border-line border-t pt-3 lg:grid-cols-2">
        <Fingerprint name="Signing key" text={gateway.signingFingerprint} />
        <Fingerprint name="Sealing key" text={gateway.sealingFingerprint} />
      </div>
      {gateway.floor === null ? null : <FloorPart floor={gateway.floor} />}
      {gateway.connections.length === 0 ? null : (
        <p className="mt-3 flex flex-wrap gap-x-3 gap-y-1 border-line border-t pt-3">
          <span className="text-ink-faint">Serves</span>
          {gateway.connections.map((connection) => (
            <Link
              key={connection.id}
              href={`/connections/${connection.id}`}
              className="font-medium text-accent underline-offset-2 hover:underline"
            >
              {connection.name}
            </Link>
          ))}
        </p>
      )}
      <RevokeDialog gateway={gateway} open={revoking} onOpen={setRevoking} />
      <ConfirmMemberDialog gateway={gateway} open={confirming} onOpen={setConfirming} />
    </Panel>
  );
}

/** What its own file closes, whatever policy says. */
function FloorPart({ floor }: { readonly floor: NonNullable<GatewayView['floor']> }) {
  return (
    <details className="mt-3 border-line border-t pt-3">
      <summary className="cursor-pointer">
        <span className="font-medium">Its own floor file</span>{' '}
        <span className="text-ink-faint text-small">
          {countText(floor.summary.length, 'sentence')}, digest{' '}
          <span className="font-mono">{floor.digest.slice(0, 12)}</span>
        </span>
      </summary>
      <ul className="mt-2 list-disc space-y-1 pl-5 text-small [overflow-wrap:anywhere]">
        {floor.summary.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </details>
  );
}

function problemsOf(gateway: GatewayView): string[] {
  const problems = gateway.connections.flatMap((connection) =>
    connection.error === null ? [] : [`${connection.name}: ${connection.error}`],
  );
  if (gateway.health === 'offline')
    problems.unshift(
      'It is not connected: its host, its process or the network between is down. It goes on enforcing its last policy within the offline lease.',
    );
  if (gateway.health === 'never-connected')
    problems.unshift('It enrolled but never opened its tunnel. Look at its log on the host.');
  if (gateway.spoolProblem !== null) problems.push(`It refuses new statements. ${gateway.spoolProblem}`);
  if (gateway.clockSkewMs !== null && Math.abs(gateway.clockSkewMs) > mostSkewMs)
    problems.push(`Its clock is ${durationText(Math.abs(gateway.clockSkewMs))} off. Set the time on its host.`);
  if (
    gateway.health === 'online' &&
    gateway.bundleVersion !== null &&
    gateway.bundleVersion < gateway.wantedBundleVersion
  )
    problems.push('It has not taken the newest bundle yet.');
  return problems;
}

function Figure({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-ink-faint text-small">{name}</dt>
      <dd className="[overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

function Fingerprint({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div className="flex min-w-0 items-start gap-1">
      <div className="min-w-0 flex-1">
        <p className="text-ink-faint text-small">{name}</p>
        <p className="font-mono text-small [overflow-wrap:anywhere]">{text}</p>
      </div>
      <CopyButton text={text} label={`Copy the fingerprint of the ${name.toLowerCase()}`} />
    </div>
  );
}

function RevokeDialog({
  gateway,
  open,
  onOpen,
}: {
  readonly gateway: GatewayView;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const revoke = useMutation(
    trpc.gateways.revokeGateway.mutationOptions({
      onSuccess: () => {
        onOpen(false);
        toast.success(`Revoked ${gateway.name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.gateways.pathKey() });
        void queryClient.invalidateQueries({ queryKey: trpc.connections.pathKey() });
      },
    }),
  );
  const count = gateway.connections.length;
  return (
    <ConfirmDialog
      open={open}
      onOpen={onOpen}
      title={`Revoke ${gateway.name}?`}
      confirmLabel="Revoke gateway"
      typed={gateway.name}
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: gateway.id })}
    >
      <p>
        This ends its {countText(gateway.openSessions, 'open session')} and stops{' '}
        {count === 0 ? 'it from serving anything' : countText(count, 'connection')}: it gets no policy, no credentials
        and no sessions any more.
      </p>
      <p>
        Its keys are never trusted again. To use the host anew, enrol it as a new gateway and enter the credentials
        again.
      </p>
    </ConfirmDialog>
  );
}
