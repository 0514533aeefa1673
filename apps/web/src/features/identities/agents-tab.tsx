'use client';

import type { AgentView } from '@sluice/api';
import { useQuery } from '@tanstack/react-query';
import { Ban, Bot, Plus } from 'lucide-react';
import { useState } from 'react';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { Panel } from '../../components/layout.tsx';
import { countText } from '../../components/measures.ts';
import { type Column, RecordList } from '../../components/record-list.tsx';
import { EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { selectorText } from '../access/rule-draft.ts';
import { AgentDialog } from './agent-dialog.tsx';
import { TokensDialog } from './tokens-dialog.tsx';

export function AgentsTab({ creating: startCreating }: { readonly creating: boolean }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.identities.listAgents.queryOptions());
  const mayWrite = useMay('identities.write.own');
  const [creating, setCreating] = useState(startCreating);
  const [editing, setEditing] = useState<AgentView | null>(null);
  const [tokensOf, setTokensOf] = useState<AgentView | null>(null);
  const add = mayWrite ? (
    <Button size="small" look="primary" onClick={() => setCreating(true)} icon={<Plus aria-hidden="true" />}>
      New agent
    </Button>
  ) : undefined;
  return (
    <Panel flush title="Agents" aside={add}>
      {query.error !== null && query.data === undefined ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <SkeletonRows />
      ) : query.data.length === 0 ? (
        <EmptyState icon={Bot} title="No agents yet" action={add}>
          An agent is an AI coding agent’s own identity. A person owns it and answers for it; it connects with its own
          secret and never signs in here.
        </EmptyState>
      ) : (
        <RecordList
          caption="Agents"
          rows={query.data}
          columns={agentColumns(mayWrite ? setEditing : null, setTokensOf)}
          rowKey={(row) => row.id}
        />
      )}
      {creating && mayWrite ? (
        <AgentDialog agent={null} onClose={() => setCreating(false)} onCreated={setTokensOf} />
      ) : null}
      {editing === null ? null : (
        <AgentDialog key={editing.id} agent={editing} onClose={() => setEditing(null)} onCreated={setTokensOf} />
      )}
      {tokensOf === null ? null : (
        <TokensDialog
          identity={{ id: tokensOf.id, name: tokensOf.name, kind: 'service' }}
          onClose={() => setTokensOf(null)}
        />
      )}
    </Panel>
  );
}

function agentColumns(
  onEdit: ((agent: AgentView) => void) | null,
  onTokens: (agent: AgentView) => void,
): Column<AgentView>[] {
  return [
    {
      name: 'Agent',
      card: 'title',
      cell: (row) => (
        <span className="flex flex-wrap items-center gap-x-2">
          <ActorName actor={{ id: row.id, kind: 'service', name: row.name, role: 'agent', owner: row.owner }} />
          {row.disabled ? (
            <Badge tone="neutral" icon={Ban}>
              disabled
            </Badge>
          ) : null}
        </span>
      ),
    },
    { name: 'For', from: 'md', cell: (row) => <Scopes agent={row} /> },
    { name: 'Tokens', align: 'right', cell: (row) => row.tokens },
    { name: 'Keys', from: 'md', align: 'right', cell: (row) => row.keys },
    {
      name: 'Created',
      from: 'md',
      align: 'right',
      cell: (row) => <RelativeTime at={row.createdAt} className="text-ink-soft" />,
    },
    {
      name: 'Last use',
      align: 'right',
      cell: (row) =>
        row.lastUsedAt === null ? (
          <span className="text-ink-faint">never</span>
        ) : (
          <RelativeTime at={row.lastUsedAt} className="text-ink-soft" />
        ),
    },
    {
      name: 'Actions',
      silent: true,
      align: 'right',
      cell: (row) => (
        <span className="inline-flex gap-1">
          <Button size="small" look="quiet" onClick={() => onTokens(row)}>
            Tokens
          </Button>
          {onEdit === null ? null : (
            <Button size="small" look="quiet" onClick={() => onEdit(row)} aria-label={`Edit ${row.name}`}>
              Edit
            </Button>
          )}
        </span>
      ),
    },
  ];
}

/** What narrows the agent, in few words; its form has all of them. */
function Scopes({ agent: { scopes, expiresAt } }: { readonly agent: AgentView }) {
  const { connectionIds, selector, kinds, networks } = scopes;
  const parts = [
    connectionIds.length === 0 ? null : countText(connectionIds.length, 'connection'),
    Object.keys(selector).length === 0 ? null : selectorText(selector),
    kinds.length === 0 ? null : kinds.join(', '),
    networks.length === 0 ? null : countText(networks.length, 'network'),
  ].filter((part) => part !== null);
  return (
    <span className="text-ink-soft">
      {parts.length === 0 ? <span className="text-ink-faint">all its owner may</span> : parts.join(' · ')}
      {expiresAt === null ? null : (
        <span className="block text-ink-faint text-small">
          ends <RelativeTime at={expiresAt} />
        </span>
      )}
    </span>
  );
}
