'use client';

import type { PolicyVersionView } from '@sluice/api';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { ActorName } from '../../components/actor.tsx';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Field, Input } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { LoadMore } from '../../components/record-list.tsx';
import { ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import type { ActivePolicy } from './active-policy.ts';
import { DiffView } from './diff-view.tsx';

/** Every version there was; the chosen one is compared with the one before it. */
export function VersionsTab({ active }: { readonly active: ActivePolicy }) {
  const trpc = useTRPC();
  const query = useInfiniteQuery(
    trpc.policies.listVersions.infiniteQueryOptions({}, { getNextPageParam: (page) => page.nextCursor ?? undefined }),
  );
  const [chosen, setChosen] = useState<number | null>(null);
  const versions = query.data?.pages.flatMap((page) => page.items) ?? [];
  if (query.error !== null && query.data === undefined)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonRows />;
  const shown = versions.find((version) => version.version === (chosen ?? active.version.version)) ?? versions[0];
  return (
    <div className="grid gap-4 lg:grid-cols-[20rem_minmax(0,1fr)]">
      <Panel flush className="lg:max-h-[75dvh] lg:overflow-y-auto">
        <ul aria-label="Versions" className="divide-y divide-line">
          {versions.map((version) => (
            <li key={version.id}>
              <button
                type="button"
                data-inset-focus=""
                aria-current={version.version === shown?.version ? 'true' : undefined}
                onClick={() => setChosen(version.version)}
                className={classNames(
                  'block w-full px-4 py-2.5 text-left',
                  version.version === shown?.version ? 'bg-chosen' : 'hover:bg-hover',
                )}
              >
                <span className="flex items-center gap-2">
                  <span className="font-medium">Version {version.version}</span>
                  {version.active ? (
                    <Badge tone="allow" icon={CircleCheck}>
                      in force
                    </Badge>
                  ) : null}
                  <RelativeTime at={version.createdAt} className="ml-auto text-ink-faint text-small" />
                </span>
                <span className="block text-ink-soft [overflow-wrap:anywhere]">{noteOf(version)}</span>
                <span className="text-ink-faint text-small">{version.author.name}</span>
              </button>
            </li>
          ))}
        </ul>
        <LoadMore
          hasMore={query.hasNextPage}
          busy={query.isFetchingNextPage}
          onMore={() => void query.fetchNextPage()}
        />
      </Panel>
      {shown === undefined ? null : <VersionPanel version={shown} active={active} />}
    </div>
  );
}

function VersionPanel({ version, active }: { readonly version: PolicyVersionView; readonly active: ActivePolicy }) {
  const trpc = useTRPC();
  const mayWrite = useMay('policies.write');
  const [rollingBack, setRollingBack] = useState(false);
  const isFirst = version.version <= 1;
  const own = useQuery(trpc.policies.showVersion.queryOptions({ version: version.version }));
  const before = useQuery(
    trpc.policies.showVersion.queryOptions({ version: version.version - 1 }, { enabled: !isFirst }),
  );
  const ready = own.data !== undefined && (isFirst || before.data !== undefined);
  return (
    <Panel
      flush
      title={
        <span className="flex flex-wrap items-center gap-x-2 font-normal">
          <span className="font-medium">Version {version.version}</span>
          <span className="text-ink-faint">by</span> <ActorName actor={version.author} />
        </span>
      }
      aside={
        mayWrite && !version.active ? (
          <Button size="small" onClick={() => setRollingBack(true)} icon={<Undo2 aria-hidden="true" />}>
            Roll back to this…
          </Button>
        ) : null
      }
    >
      {own.error !== null || before.error !== null ? (
        <ErrorState
          error={own.error ?? before.error}
          onRetry={() => {
            void own.refetch();
            void before.refetch();
          }}
        />
      ) : ready ? (
        <DiffView
          older={isFirst ? '' : (before.data?.source ?? '')}
          newer={own.data.source}
          olderName={isFirst ? 'Nothing before it' : `Version ${version.version - 1}`}
          newerName={`Version ${version.version}`}
        />
      ) : (
        <SkeletonRows rows={8} />
      )}
      <RollBackDialog
        open={rollingBack}
        onOpen={setRollingBack}
        version={version}
        source={own.data?.source ?? null}
        active={active}
      />
    </Panel>
  );
}

function RollBackDialog({
  open,
  onOpen,
  version,
  source,
  active,
}: {
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly version: PolicyVersionView;
  readonly source: string | null;
  readonly active: ActivePolicy;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [note, setNote] = useState('');
  const rollBack = useMutation(
    trpc.policies.rollBack.mutationOptions({
      onSuccess: (published) => {
        onOpen(false);
        toast.success(`Version ${published.version} is in force: the text of version ${version.version}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.policies.pathKey() });
      },
    }),
  );
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      wide
      title={`Roll back to version ${version.version}?`}
      description={`Its text is published as a new version after ${active.version.version}; versions never go down.`}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rollBack.mutate({ to: version.version, note: note.trim() });
        }}
      >
        {source === null ? null : (
          <div className="mb-4 max-h-[45dvh] overflow-y-auto rounded-box border border-line">
            <DiffView
              older={active.source}
              newer={source}
              olderName={`Version ${active.version.version}`}
              newerName="After the roll-back"
            />
          </div>
        )}
        <Field label="Why">
          {(control) => (
            <Input
              {...control}
              value={note}
              maxLength={500}
              onChange={(event) => setNote(event.target.value)}
              required
            />
          )}
        </Field>
        {rollBack.error === null ? null : (
          <p role="alert" className="mt-3 text-deny">
            {errorSentence(rollBack.error)}
          </p>
        )}
        <DialogButtons>
          <Button onClick={() => onOpen(false)}>Cancel</Button>
          <Button type="submit" look="primary" busy={rollBack.isPending} disabled={note.trim() === ''}>
            Roll back
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

function noteOf(version: PolicyVersionView): string {
  if (version.note !== '') return version.note;
  return version.rollbackOf === null ? 'No note' : `Roll-back to version ${version.rollbackOf}`;
}
