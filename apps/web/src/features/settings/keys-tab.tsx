'use client';

import type { InstallationKeyView } from '@sluice/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Clock, FileKey2, KeyRound, ShieldCheck, Terminal, Ticket } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { toast } from 'sonner';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { RelativeTime } from '../../components/clock.tsx';
import { CopyBlock, CopyButton } from '../../components/copy.tsx';
import { ConfirmDialog } from '../../components/dialog.tsx';
import { Checkbox } from '../../components/form.tsx';
import { Fact, Facts, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { Loaded } from '../../components/loaded.tsx';
import { Callout } from '../../components/states.tsx';
import { Badge } from '../../components/verdict.tsx';
import { keyTexts } from './key-texts.ts';

const icons = { signing: ShieldCheck, ca: FileKey2, 'ssh-ca': Terminal, master: KeyRound, cookie: Ticket };

type RotatedKind = Exclude<InstallationKeyView['kind'], 'master' | 'cookie'>;

/** Changed here, in two steps; the others on the machines. */
function isRotated(kind: InstallationKeyView['kind']): kind is RotatedKind {
  return kind !== 'master' && kind !== 'cookie';
}

/** The installation's keys: which, how old, and what changing each does. */
export function KeysTab() {
  const trpc = useTRPC();
  const query = useQuery(trpc.keys.listKeys.queryOptions());
  return (
    <div className="max-w-4xl space-y-4">
      <Loaded query={query}>{(keys) => keys.map((key) => <KeyPanel key={key.kind} view={key} />)}</Loaded>
      <Panel title="Gateways’ keys">
        <p className="text-ink-soft">
          Each gateway has keys of its own, which never leave its machine; their fingerprints stand on the{' '}
          <Link href="/gateways" className="text-accent underline">
            Gateways page
          </Link>
          . They are changed by putting another gateway in its place: enrol one into the same group, confirm it, then
          revoke the old one.
        </p>
      </Panel>
    </div>
  );
}

function KeyPanel({ view }: { readonly view: InstallationKeyView }) {
  const { title, what, rotating, commands } = keyTexts[view.kind];
  const Icon = icons[view.kind];
  return (
    <Panel
      title={
        <span className="inline-flex items-center gap-2">
          <Icon aria-hidden="true" className="size-4 text-ink-faint" />
          {title}
        </span>
      }
      aside={<KeyState view={view} />}
    >
      <div className="space-y-3">
        <p className="text-ink-soft">{what}</p>
        <Facts>
          <Fact name={isRotated(view.kind) ? 'Fingerprint' : 'Mark'}>
            <Print text={view.fingerprint} />
          </Fact>
          <Fact name="In use">
            {view.since === null ? (
              'from the next start'
            ) : (
              <>
                begun <RelativeTime at={view.since} />
              </>
            )}
            {view.expiresAt === null ? null : (
              <>
                , ends <RelativeTime at={view.expiresAt} />
              </>
            )}
          </Fact>
          {view.next === null ? null : (
            <Fact name="Next">
              <Print text={view.next} />
            </Fact>
          )}
        </Facts>
        <div>
          <p className="font-medium">What changing it does</p>
          <p className="text-ink-soft">{rotating}</p>
        </div>
        {isRotated(view.kind) ? <Rotation view={view} kind={view.kind} /> : null}
        {commands === null ? null : <CopyBlock text={commands} label="Copy the commands" wrap />}
      </div>
    </Panel>
  );
}

function KeyState({ view }: { readonly view: InstallationKeyView }) {
  if (view.next !== null) return <Badge tone="hold">rotation under way</Badge>;
  if (view.oldTaken) return <Badge tone="hold">the one before is still taken</Badge>;
  return <Badge tone="allow">in force</Badge>;
}

function Print({ text }: { readonly text: string }): ReactNode {
  if (text === '') return <span className="text-ink-faint">not known yet</span>;
  return (
    <span className="inline-flex min-w-0 items-start gap-1">
      <code className="min-w-0 font-mono text-small leading-7 [overflow-wrap:anywhere]">{text}</code>
      <CopyButton text={text} label="Copy it" />
    </span>
  );
}

/** The two steps of a rotation, of which the second waits for gateways. */
function Rotation({ view, kind }: { readonly view: InstallationKeyView; readonly kind: RotatedKind }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const mayWrite = useMay('gateways.write');
  const [asking, setAsking] = useState<'begin' | 'finish' | null>(null);
  const [force, setForce] = useState(false);
  const { title, beginning, finishing } = keyTexts[kind];
  const onSuccess = () => {
    toast.success(
      asking === 'begin' ? 'The next key is published beside the one in force.' : 'The next key is in force.',
    );
    setAsking(null);
    void queryClient.invalidateQueries({ queryKey: trpc.keys.pathKey() });
  };
  const begin = useMutation(trpc.keys.rotateKey.mutationOptions({ onSuccess }));
  const finish = useMutation(trpc.keys.finishRotation.mutationOptions({ onSuccess }));
  const behind = view.waitingFor;
  if (!mayWrite) return null;
  return (
    <>
      {behind.length === 0 ? null : (
        <Callout tone="hold" icon={Clock}>
          Not pinned yet by {behind.join(', ')}. A gateway pins it with its next bundle.
        </Callout>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {view.next === null ? (
          <Button onClick={() => setAsking('begin')}>Begin a rotation…</Button>
        ) : (
          <Button look="primary" onClick={() => setAsking('finish')}>
            Put the next one in force…
          </Button>
        )}
      </div>
      <ConfirmDialog
        open={asking === 'begin'}
        onOpen={() => setAsking(null)}
        title={`Rotate: ${title}`}
        confirmLabel="Begin"
        busy={begin.isPending}
        error={begin.error}
        onConfirm={() => begin.mutate({ kind })}
      >
        <p>{beginning}</p>
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === 'finish'}
        onOpen={() => setAsking(null)}
        title={`Put the next one in force: ${title}`}
        confirmLabel="Put in force"
        busy={finish.isPending}
        error={finish.error}
        onConfirm={() => finish.mutate({ kind, force })}
      >
        <p>{finishing}</p>
        {behind.length === 0 ? null : (
          <Checkbox
            label={`Leave ${behind.join(', ')} behind`}
            checked={force}
            onChecked={setForce}
            help="They take no bundle any more and have to be enrolled anew."
          />
        )}
      </ConfirmDialog>
    </>
  );
}
