'use client';

import type { ConnectionDetail } from '@sluice/api';
import { isId } from '@sluice/domain';
import { manifestByName } from '@sluice/protocols/manifests';
import { useQuery } from '@tanstack/react-query';
import {
  ArrowLeft,
  CircleAlert,
  CircleDot,
  CircleStop,
  LockKeyhole,
  Power,
  RotateCw,
  SquareTerminal,
} from 'lucide-react';
import dynamic from 'next/dynamic';
import { useRef, useState } from 'react';
import { useMay } from '../../../client/permissions.ts';
import { useTRPC } from '../../../client/trpc.ts';
import { Button } from '../../../components/button.tsx';
import { Page, Panel } from '../../../components/layout.tsx';
import { Link } from '../../../components/link.tsx';
import { Callout, EmptyState, ErrorState, Skeleton, SkeletonRows } from '../../../components/states.tsx';
import { Badge } from '../../../components/verdict.tsx';
import type { TerminalState } from './terminal-link.ts';

/** The terminal is loaded by those who open one. */
const TerminalPane = dynamic(() => import('./terminal-pane.tsx').then((module) => module.TerminalPane), {
  ssr: false,
  loading: () => <SkeletonRows />,
});

/** `id` may also be the connection's name. */
export function WebTerminalPage({ id }: { readonly id: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.connections.showConnection.queryOptions(isId(id) ? { id } : { name: id }));
  const mayConnect = useMay('connections.connect');
  const connection = query.data;
  if (connection === undefined) {
    if (query.error !== null) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
    return (
      <Page title={<Skeleton className="h-6 w-64" />}>
        <SkeletonRows />
      </Page>
    );
  }
  if (manifestByName(connection.protocol)?.webTerminal !== true || !mayConnect)
    return <NoTerminal connection={connection} mayConnect={mayConnect} />;
  return <OpenTerminal connection={connection} />;
}

function NoTerminal({
  connection,
  mayConnect,
}: {
  readonly connection: ConnectionDetail;
  readonly mayConnect: boolean;
}) {
  return (
    <Page title={`Terminal of ${connection.name}`}>
      <Panel>
        {mayConnect ? (
          <EmptyState icon={SquareTerminal} title="This connection has no terminal">
            The Connect tab of {connection.name} shows how to use it.
          </EmptyState>
        ) : (
          <EmptyState icon={LockKeyhole} title="You may not connect">
            Ask who may assign roles, or ask for access to {connection.name}.
          </EmptyState>
        )}
      </Panel>
    </Page>
  );
}

/** One session at a time; opening again is a new one. */
function OpenTerminal({ connection }: { readonly connection: ConnectionDetail }) {
  const [attempt, setAttempt] = useState(1);
  const [state, setState] = useState<TerminalState>({ is: 'opening' });
  const leave = useRef<HTMLButtonElement>(null);
  const back = `/connections/${connection.id}`;
  const again = () => {
    setState({ is: 'opening' });
    setAttempt(attempt + 1);
  };
  const isOver = state.is === 'refused' || state.is === 'ended';
  return (
    <div className="flex h-[calc(100dvh-3.5rem)] min-h-80 flex-col md:h-dvh">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 border-line border-b bg-surface px-4 py-2 sm:px-6">
        <Button asChild look="quiet" size="iconSmall">
          <Link href={back} aria-label={`Back to ${connection.name}`}>
            <ArrowLeft aria-hidden="true" />
          </Link>
        </Button>
        <h1 className="min-w-0 font-semibold text-large [overflow-wrap:anywhere]">{connection.name}</h1>
        <StateBadge state={state} />
        {isOver ? null : (
          <p className="hidden min-w-0 flex-1 text-ink-faint text-small lg:block">
            Recorded, masked and judged like any session. Shift and Escape leave the terminal.
          </p>
        )}
        <span className="ml-auto flex gap-2">
          <Button asChild size="small">
            <Link href={`${back}?tab=sessions`}>Sessions</Link>
          </Button>
          {isOver ? (
            <Button ref={leave} size="small" look="primary" onClick={again} icon={<RotateCw aria-hidden="true" />}>
              Open again
            </Button>
          ) : (
            <Button
              ref={leave}
              size="small"
              look="dangerPlain"
              onClick={() => setState({ is: 'ended', exitCode: null, message: 'You ended it.' })}
              icon={<Power aria-hidden="true" />}
            >
              End
            </Button>
          )}
        </span>
      </header>
      <Ending state={state} />
      <TerminalPane
        key={attempt}
        connectionId={connection.id}
        name={connection.name}
        onState={setState}
        over={isOver}
        onLeave={() => leave.current?.focus()}
      />
    </div>
  );
}

function StateBadge({ state }: { readonly state: TerminalState }) {
  switch (state.is) {
    case 'opening':
      return <Badge tone="info">opening…</Badge>;
    case 'open':
      return (
        <Badge tone="allow" icon={CircleDot}>
          open
        </Badge>
      );
    case 'refused':
      return (
        <Badge tone="deny" icon={CircleAlert}>
          refused
        </Badge>
      );
    case 'ended':
      return (
        <Badge tone="neutral" icon={CircleStop}>
          {state.exitCode === null ? 'ended' : `ended, status ${state.exitCode}`}
        </Badge>
      );
  }
}

function Ending({ state }: { readonly state: TerminalState }) {
  const words =
    state.is === 'refused'
      ? [state.message, state.hint].flatMap((part) => (part === null ? [] : asSentence(part))).join(' ')
      : state.is === 'ended'
        ? state.message
        : null;
  return (
    <div aria-live="polite">
      {words === null ? null : (
        <Callout
          tone={state.is === 'refused' ? 'deny' : 'info'}
          icon={state.is === 'refused' ? CircleAlert : CircleStop}
          className="m-3"
        >
          {words}
        </Callout>
      )}
    </div>
  );
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
