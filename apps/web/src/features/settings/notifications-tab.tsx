'use client';

import type { PreferencesView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { BellOff, MailX } from 'lucide-react';
import { toast } from 'sonner';
import { errorSentence } from '../../client/describe-error.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Countdown } from '../../components/clock.tsx';
import { Checkbox } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { Callout } from '../../components/states.tsx';
import { SlackLink } from './slack-link.tsx';

type Way = 'email' | 'slack';
const ways: readonly { readonly way: Way; readonly label: string }[] = [
  { way: 'email', label: 'E-mail' },
  { way: 'slack', label: 'Slack' },
];
const pauses = [
  { label: '1 hour', ms: 3_600_000 },
  { label: '8 hours', ms: 8 * 3_600_000 },
  { label: '3 days', ms: 3 * 86_400_000 },
  { label: '2 weeks', ms: 14 * 86_400_000 },
] as const;

/** What the signed-in person is told of, and by which way. Each choice is kept at once. */
export function NotificationsTab() {
  const trpc = useTRPC();
  const query = useQuery(trpc.notifications.showPreferences.queryOptions());
  return (
    <div className="max-w-4xl space-y-4">
      <Loaded query={query} rows={8}>
        {(view) => (
          <>
            <Ways view={view} />
            <Preferences view={view} />
            {view.slack ? <SlackLink linkedAt={view.slackLinkedAt} /> : null}
          </>
        )}
      </Loaded>
    </div>
  );
}

function Ways({ view }: { readonly view: PreferencesView }) {
  const mayMake = useMay('notifications.write');
  if (view.email || view.slack) return null;
  return (
    <Callout tone="info" icon={MailX}>
      {mayMake
        ? 'There is no mail server and no Slack yet, so nobody is told anything outside of this page. Add one under Channels.'
        : 'No admin has set up mail or Slack yet. What waits for you stands on the Approvals page; your choices below count from the day there is one.'}
    </Callout>
  );
}

function Preferences({ view }: { readonly view: PreferencesView }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const key = trpc.notifications.showPreferences.queryKey();
  const save = useMutation(
    trpc.notifications.savePreferences.mutationOptions({
      onMutate: (wish) => {
        // Drawn at once; what the server has is fetched afterwards, also when it refused.
        const { muted, pausedUntil } = wish;
        queryClient.setQueryData<PreferencesView>(key, (before) =>
          before === undefined ? before : { ...before, muted: muted as PreferencesView['muted'], pausedUntil },
        );
      },
      onError: (error) => toast.error(errorSentence(error)),
      onSettled: () => void queryClient.invalidateQueries({ queryKey: key }),
    }),
  );
  const keep = (part: { muted?: PreferencesView['muted']; pausedUntil?: Date | null }) => {
    const { muted, pausedUntil } = { muted: view.muted, pausedUntil: view.pausedUntil, ...part };
    const plain = Object.fromEntries(Object.entries(muted).map(([kind, list]) => [kind, [...list]]));
    save.mutate({ muted: plain, pausedUntil });
  };
  const toggle = (kind: string, way: Way, told: boolean) => {
    const without = (view.muted[kind] ?? []).filter((one) => one !== way);
    keep({ muted: { ...view.muted, [kind]: told ? without : [...without, way] } });
  };
  return (
    <>
      <Panel title="Pause">
        <Pause until={view.pausedUntil} busy={save.isPending} onPause={(pausedUntil) => keep({ pausedUntil })} />
      </Panel>
      <Panel flush title="What I am told of">
        <ul className="divide-y divide-line">
          {view.kinds.map(({ kind, label, urgent }) => (
            <li key={kind} className="flex flex-wrap items-center gap-x-6 gap-y-2 px-4 py-2.5">
              <span className="min-w-0 flex-1 basis-60">
                {label}
                {urgent ? <span className="block text-ink-faint text-small">told also while paused</span> : null}
              </span>
              <span className="flex gap-5">
                {ways.map(({ way, label: name }) => (
                  <Checkbox
                    key={way}
                    label={
                      <>
                        {name}
                        <span className="sr-only">: {label}</span>
                      </>
                    }
                    checked={view.muted[kind]?.includes(way) !== true}
                    disabled={!view[way]}
                    onChecked={(told) => toggle(kind, way, told)}
                  />
                ))}
              </span>
            </li>
          ))}
        </ul>
      </Panel>
    </>
  );
}

function Pause({
  until,
  busy,
  onPause,
}: {
  readonly until: Date | null;
  readonly busy: boolean;
  readonly onPause: (until: Date | null) => void;
}) {
  const paused = until !== null && until.getTime() > Date.now();
  return (
    <div className="flex flex-wrap items-center gap-2">
      <p className="min-w-0 flex-1 basis-72 text-ink-soft">
        {paused ? (
          <span className="inline-flex items-center gap-1.5 text-hold">
            <BellOff aria-hidden="true" className="size-4" />
            <span>
              Paused: only what is urgent is told. Ends in <Countdown until={until} />.
            </span>
          </span>
        ) : (
          'Quiet for a while, but for what is urgent. To have somebody else decide meanwhile, delegate on the Approvals page.'
        )}
      </p>
      {paused ? (
        <Button onClick={() => onPause(null)} busy={busy}>
          Go on now
        </Button>
      ) : (
        pauses.map(({ label, ms }) => (
          <Button
            key={label}
            size="small"
            disabled={busy}
            onClick={() => onPause(new Date(Date.now() + ms))}
            aria-label={`Pause for ${label}`}
          >
            {label}
          </Button>
        ))
      )}
    </div>
  );
}
