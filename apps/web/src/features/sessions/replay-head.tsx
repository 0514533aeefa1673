'use client';

import type { SessionDetail } from '@sluice/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ArrowLeft, Download, EllipsisVertical, Link2, Link2Off, ShieldCheck, Unplug } from 'lucide-react';
import { type RefObject, useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay, useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { ClockTime } from '../../components/clock.tsx';
import { CopyId, useCopy } from '../../components/copy.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { SearchInput } from '../../components/form.tsx';
import { Link } from '../../components/link.tsx';
import { countText } from '../../components/measures.ts';
import { Menu, MenuItem } from '../../components/menu.tsx';
import { RunLink } from '../../components/run-link.tsx';
import { Callout } from '../../components/states.tsx';
import { Tooltip } from '../../components/tooltip.tsx';
import { Badge } from '../../components/verdict.tsx';
import { SessionNotes } from './session-notes.tsx';
import { SessionStateBadge } from './session-state.tsx';
import { sessionCounts } from './sessions-page.tsx';

export function ReplayHead({
  session,
  search,
  onSearch,
  searchRef,
}: {
  readonly session: SessionDetail;
  readonly search: string;
  readonly onSearch: (search: string) => void;
  readonly searchRef: RefObject<HTMLInputElement | null>;
}) {
  const [terminating, setTerminating] = useState(false);
  const me = useMe();
  const mayTerminateAny = useMay('sessions.terminate');
  const mayTerminateOwn = useMay('sessions.terminate.own');
  const isOwn = me !== undefined && [session.actor.id, session.actor.owner?.id].includes(me.person.id);
  const mayTerminate = mayTerminateAny || (mayTerminateOwn && isOwn);
  return (
    <header className="border-line border-b bg-surface px-4 pt-4 pb-3 sm:px-6">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Button asChild look="quiet" size="iconSmall">
          <Link href="/sessions" aria-label="All sessions">
            <ArrowLeft aria-hidden="true" />
          </Link>
        </Button>
        <h1 className="flex min-w-0 flex-wrap items-center gap-x-2 font-semibold text-large">
          <ActorName actor={session.actor} strong />
          <span className="font-normal text-ink-faint">on</span>
          <Link href={`/connections/${session.connection.id}`} className="underline-offset-2 hover:underline">
            {session.connection.name}
          </Link>
        </h1>
        <SessionStateBadge state={session.state} />
        <ChainBadge session={session} />
        <div className="ml-auto flex w-full items-center gap-2 sm:w-auto">
          <SearchInput
            label="Search in session"
            value={search}
            onValue={onSearch}
            ref={searchRef}
            className="min-w-0 flex-1 sm:w-52"
          />
          <HeadMenu session={session} onTerminate={() => setTerminating(true)} mayTerminate={mayTerminate} />
        </div>
      </div>
      <p className="mt-1.5 flex flex-wrap items-center gap-x-2 gap-y-0.5 text-ink-soft">
        <span>
          <ClockTime at={session.startedAt} />
          {session.endedAt === null ? null : (
            <>
              –<ClockTime at={session.endedAt} />
            </>
          )}
        </span>
        <Dot />
        <span>{sessionCounts(session)}</span>
        <Dot />
        <span>
          {session.clientSoftware ?? 'unknown client'} from {session.clientAddress}
        </span>
        <Dot />
        <span>
          gateway{' '}
          <Link href="/gateways" className="underline-offset-2 hover:underline">
            {session.gateway.name}
          </Link>
          , policy version {session.policyVersion}
        </span>
        {session.run === null ? null : (
          <>
            <Dot />
            <RunLink run={session.run} className="max-w-80" />
          </>
        )}
        <CopyId id={session.id} />
      </p>
      <SessionNotes sessionId={session.id} />
      {session.endReason === null || session.state === 'live' ? null : (
        <p className="mt-0.5 text-ink-faint">{asSentence(session.endReason)}</p>
      )}
      {session.chain.ok ? null : (
        <Callout tone="deny" icon={Link2Off} className="mt-2">
          <p className="font-medium">This recording is damaged.</p>
          <ul>
            {session.chain.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Callout>
      )}
      <TerminateDialog session={session} open={terminating} onOpen={setTerminating} />
    </header>
  );
}

/** The gateway's words, as a sentence: `the client said goodbye` → `The client said goodbye.` */
function asSentence(words: string): string {
  const begun = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

function Dot() {
  return (
    <span aria-hidden="true" className="hidden text-ink-faint sm:inline">
      ·
    </span>
  );
}

function ChainBadge({ session }: { readonly session: SessionDetail }) {
  const { chain } = session;
  if (!chain.ok) {
    return (
      <Badge tone="deny" icon={Link2Off}>
        chain broken
      </Badge>
    );
  }
  const text = `${countText(chain.chunks, 'chunk')}, each carrying the hash of the one before${chain.sealed ? '; the gateway signed the end' : '; the end is signed when the session closes'}.`;
  return (
    <Tooltip text={text} side="bottom">
      <button type="button" className="rounded-small">
        <Badge tone="allow" icon={ShieldCheck}>
          {chain.sealed ? 'chain verified' : 'chain intact so far'}
        </Badge>
      </button>
    </Tooltip>
  );
}

function HeadMenu({
  session,
  onTerminate,
  mayTerminate,
}: {
  readonly session: SessionDetail;
  readonly onTerminate: () => void;
  readonly mayTerminate: boolean;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { copy } = useCopy();
  const mayExport = useMay('recordings.read');
  const verify = useMutation({
    mutationFn: () =>
      queryClient.fetchQuery(trpc.sessions.verifySession.queryOptions({ id: session.id }, { staleTime: 0 })),
    onSuccess: (chain) => {
      if (chain.ok) toast.success(`Verified: ${countText(chain.chunks, 'chunk')} intact.`);
      else toast.error('The recording is damaged.');
      void queryClient.invalidateQueries({ queryKey: trpc.sessions.showSession.queryKey({ id: session.id }) });
    },
    onError: (error) => toast.error(errorSentence(error)),
  });
  return (
    <>
      {mayExport ? (
        <Button asChild>
          <a href={`/api/sessions/${session.id}/recording`} download>
            <Download aria-hidden="true" />
            Export
          </a>
        </Button>
      ) : null}
      <Menu
        trigger={
          <Button size="icon" aria-label="More for this session">
            <EllipsisVertical aria-hidden="true" />
          </Button>
        }
      >
        <MenuItem icon={<ShieldCheck aria-hidden="true" />} onSelect={() => verify.mutate()}>
          Verify the chain again
        </MenuItem>
        <MenuItem icon={<Link2 aria-hidden="true" />} onSelect={() => copy(window.location.href)}>
          Copy a link to this moment
        </MenuItem>
        {session.state === 'live' && mayTerminate ? (
          <MenuItem danger icon={<Unplug aria-hidden="true" />} onSelect={onTerminate}>
            Terminate…
          </MenuItem>
        ) : null}
      </Menu>
    </>
  );
}

function TerminateDialog({
  session,
  open,
  onOpen,
}: {
  readonly session: SessionDetail;
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const terminate = useMutation(
    trpc.sessions.terminateSession.mutationOptions({
      onSuccess: () => {
        onOpen(false);
        toast.success('Told the gateway to end the session.');
        void queryClient.invalidateQueries({ queryKey: trpc.sessions.pathKey() });
      },
    }),
  );
  return (
    <ConfirmDialog
      open={open}
      onOpen={onOpen}
      title="Terminate this session?"
      confirmLabel="Terminate"
      busy={terminate.isPending}
      error={terminate.error}
      onConfirm={() => terminate.mutate({ id: session.id })}
    >
      <p>
        This stops {session.actor.name}’s work on {session.connection.name} within two seconds: the running statement is
        cancelled, a waiting approval is cancelled, an open transaction is rolled back, and the client loses its
        connection.
      </p>
      <p>It may connect again. To keep it out, revoke its token or change the policy.</p>
    </ConfirmDialog>
  );
}
