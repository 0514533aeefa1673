'use client';

import type { RunView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowLeft, CircleStop } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { CopyId } from '../../components/copy.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { Fact, Facts, Page, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { countText } from '../../components/measures.ts';
import { Badge } from '../../components/verdict.tsx';
import { RunApprovals } from './run-approvals.tsx';
import { RunSessions } from './run-sessions.tsx';
import { RunStatements } from './run-statements.tsx';

/** One run: what was said to be its task, and everything that was done in it. */
export function RunPage({ id }: { readonly id: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.runs.showRun.queryOptions({ id }));
  const run = query.data;
  return (
    <Page
      title={
        <span className="flex flex-wrap items-center gap-2">
          <Button asChild look="quiet" size="iconSmall">
            <Link href="/runs" aria-label="All runs">
              <ArrowLeft aria-hidden="true" />
            </Link>
          </Button>
          <span className="min-w-0 [overflow-wrap:anywhere]">{run?.purpose ?? 'Run'}</span>
          {run === undefined ? null : (
            <Badge tone={run.endedAt === null ? 'info' : 'neutral'}>{run.endedAt === null ? 'open' : 'ended'}</Badge>
          )}
        </span>
      }
      actions={run === undefined ? undefined : <EndRun run={run} />}
    >
      <Loaded query={query}>
        {(view) => (
          <div className="space-y-4">
            <Panel>
              <RunFacts run={view} />
            </Panel>
            <Panel flush title="Approvals">
              <RunApprovals runId={view.id} />
            </Panel>
            <Panel flush title="Sessions">
              <RunSessions runId={view.id} />
            </Panel>
            <Panel flush title="Statements">
              <RunStatements runId={view.id} />
            </Panel>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function RunFacts({ run }: { readonly run: RunView }) {
  return (
    <>
      <Facts>
        <Fact name="Declared by">
          <ActorName actor={run.actor} />
        </Fact>
        {run.taskId === null ? null : (
          <Fact name="Task">
            <span className="font-mono">{run.taskId}</span>
          </Fact>
        )}
        {run.software === null ? null : <Fact name="Software">{run.software}</Fact>}
        <Fact name="Time">
          started <RelativeTime at={run.startedAt} />
          {run.endedAt === null ? null : (
            <>
              , ended <RelativeTime at={run.endedAt} />
            </>
          )}
        </Fact>
        <Fact name="Done in it">
          {countText(run.sessions, 'session')}, {countText(run.statements, 'statement')}
          {run.held === 0 ? null : (
            <Badge tone="hold" bare className="ml-2">
              {run.held} held
            </Badge>
          )}
          {run.denied === 0 ? null : (
            <Badge tone="deny" bare className="ml-2">
              {run.denied} denied
            </Badge>
          )}
        </Fact>
        <Fact name="Id">
          <CopyId id={run.id} />
        </Fact>
      </Facts>
      <p className="mt-3 text-ink-faint text-small">
        Task, purpose and software are the words of whoever declared the run. They give no rights.
      </p>
    </>
  );
}

/** Whoever declared it ends it, and the owner of the agent that did. */
function EndRun({ run }: { readonly run: RunView }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const me = useMe();
  const mayDeclare = useMay('runs.declare');
  const [asking, setAsking] = useState(false);
  const end = useMutation(
    trpc.runs.endRun.mutationOptions({
      onSuccess: () => {
        toast.success('Ended. Tokens and secrets that were issued for it work no more.');
        setAsking(false);
        void queryClient.invalidateQueries({ queryKey: trpc.runs.pathKey() });
      },
    }),
  );
  const owners = [run.actor.id, run.actor.owner?.id];
  const isOwn = me !== undefined && [me.person.id, ...me.groups].some((id) => owners.includes(id));
  if (run.endedAt !== null || !mayDeclare || !isOwn) return null;
  return (
    <>
      <Button icon={<CircleStop aria-hidden="true" />} onClick={() => setAsking(true)}>
        End the run…
      </Button>
      <ConfirmDialog
        open={asking}
        onOpen={setAsking}
        title="End this run?"
        confirmLabel="End the run"
        busy={end.isPending}
        error={end.error}
        onConfirm={() => end.mutate({ id: run.id })}
      >
        <p>
          Tokens and secrets that were issued for it are refused from now on, and sessions that they opened end within
          two seconds. What was done in it stays on record.
        </p>
      </ConfirmDialog>
    </>
  );
}
