'use client';

import type { ConnectionDetail } from '@sluice/api';
import { isId } from '@sluice/domain';
import { manifestByName } from '@sluice/protocols/manifests';
import { useQuery } from '@tanstack/react-query';
import { ArrowLeft, ShieldAlert, SquareTerminal, TriangleAlert } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { CopyId } from '../../components/copy.tsx';
import { GatewayHealthBadge } from '../../components/gateway-health.tsx';
import { Labels, Page } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { Callout, ErrorState, Skeleton, SkeletonRows } from '../../components/states.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { AccessTab } from '../access/access-tab.tsx';
import { SessionsList } from '../sessions/sessions-page.tsx';
import { ConnectTab } from './connect-tab.tsx';
import { DeletePanel } from './delete-panel.tsx';
import { EditPanel } from './edit-panel.tsx';
import { OtherSessions, otherSessionsWarning } from './other-sessions.tsx';
import { PolicyTab } from './policy-tab.tsx';
import { RotatePanel } from './rotate-panel.tsx';
import { TestPanel } from './test-panel.tsx';

/** `id` may also be the connection's name, as in links that people write by hand. */
export function ConnectionPage({ id }: { readonly id: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.connections.showConnection.queryOptions(isId(id) ? { id } : { name: id }));
  if (query.data === undefined) {
    if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
    return (
      <Page title={<Skeleton className="h-6 w-64" />}>
        <SkeletonRows />
      </Page>
    );
  }
  return <Connection connection={query.data} />;
}

function Connection({ connection }: { readonly connection: ConnectionDetail }) {
  const params = useSearchParams();
  const router = useRouter();
  const tab = params.get('tab') ?? 'connect';
  const otherWarning = otherSessionsWarning(connection);
  return (
    <Page
      title={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Button asChild look="quiet" size="iconSmall">
            <Link href="/connections" aria-label="All connections">
              <ArrowLeft aria-hidden="true" />
            </Link>
          </Button>
          {connection.name}
          <Labels labels={connection.labels} />
        </span>
      }
      lead={
        <span className="flex flex-wrap items-center gap-x-2">
          {manifestByName(connection.protocol)?.label ?? connection.protocol}
          <span className="font-mono text-small [overflow-wrap:anywhere]">
            {connection.host}:{connection.port}
          </span>
          {connection.group === null ? (
            <span className="text-hold">no gateway</span>
          ) : (
            <>
              <span>through {connection.group.name}</span>
              <GatewayHealthBadge health={connection.group.health} bare />
            </>
          )}
          <CopyId id={connection.id} />
        </span>
      }
      actions={<OpenTerminal connection={connection} />}
    >
      {connection.problem === null ? null : (
        <Callout tone="hold" icon={TriangleAlert} className="mb-4">
          {connection.problem}
        </Callout>
      )}
      {otherWarning === null ? null : (
        <Callout tone="hold" icon={ShieldAlert} className="mb-4">
          {otherWarning} They are listed in the Sessions tab.
        </Callout>
      )}
      <Tabs
        label="Connection"
        value={tab}
        onValue={(next) => router.replace(`?tab=${next}`, { scroll: false })}
        tabs={[
          { value: 'connect', label: 'Connect', content: <ConnectTab connection={connection} /> },
          { value: 'policy', label: 'Policy', content: <PolicyTab connection={connection} /> },
          { value: 'access', label: 'Access', content: <AccessTab connection={connection} /> },
          {
            value: 'sessions',
            label: 'Sessions',
            content: (
              <div className="space-y-4">
                <OtherSessions connection={connection} />
                <SessionsList connectionId={connection.id} />
              </div>
            ),
          },
          {
            value: 'settings',
            label: 'Settings',
            content: (
              <div className="max-w-4xl space-y-4">
                <TestPanel connection={connection} />
                <RotatePanel connection={connection} />
                <EditPanel
                  key={connection.revision}
                  connection={connection}
                  onSaved={() => undefined}
                  title="Settings"
                />
                <DeletePanel connection={connection} />
              </div>
            ),
          },
        ]}
      />
    </Page>
  );
}

/** For who may connect, where the protocol has terminals; the gateway judges whether this person gets one here. */
function OpenTerminal({ connection }: { readonly connection: ConnectionDetail }) {
  const mayConnect = useMay('connections.connect');
  if (!mayConnect || manifestByName(connection.protocol)?.webTerminal !== true) return null;
  return (
    <Button asChild look="primary">
      <Link href={`/connections/${connection.id}/terminal`}>
        <SquareTerminal aria-hidden="true" />
        Open terminal
      </Link>
    </Button>
  );
}
