'use client';

import type { ConnectionDetail } from '@sluice/api';
import { manifestByName } from '@sluice/protocols/manifests';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Download, KeyRound, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { errorSentence } from '../../client/describe-error.ts';
import { useIdentities } from '../../client/identities.ts';
import { useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { CopyBlock } from '../../components/copy.tsx';
import { Field, Segmented, Select } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { Callout } from '../../components/states.tsx';

const secretPlaceholder = 'YOUR-SECRET';
const caFile = 'sluice-ca.pem';
/** A fresh secret's life, in days: long enough for a project, short enough to be forgotten safely. */
const secretDays = 30;

type Way = 'gateway' | 'relay';

/** Copy-paste ways in, filled in with this connection's place and, when just minted, a fresh secret that is shown once. */
export function ConnectTab({ connection }: { readonly connection: ConnectionDetail }) {
  const [way, setWay] = useState<Way>(connection.listener === null ? 'relay' : 'gateway');
  const [minted, setMinted] = useState<{ readonly name: string; readonly secret: string } | null>(null);
  const manifest = manifestByName(connection.protocol);
  const place = way === 'gateway' && connection.listener !== null ? connection.listener : connection.relay;
  const me = useMe();
  const hints =
    manifest?.connectHints({
      name: connection.name,
      host: place.host,
      port: place.port,
      caFile,
      username: minted?.name ?? me?.person.name ?? 'you',
      secret: minted?.secret ?? secretPlaceholder,
      options: connection.options,
    }) ?? [];
  return (
    <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <Panel
        title="Connect"
        aside={
          connection.listener === null ? null : (
            <Segmented
              label="Which way"
              value={way}
              onValue={setWay}
              choices={[
                { value: 'gateway', label: 'Gateway’s port' },
                { value: 'relay', label: 'Through the relay' },
              ]}
            />
          )
        }
      >
        <p className="mb-4 text-ink-soft">
          {way === 'gateway'
            ? 'Straight to the gateway: the shortest way, where its host can be reached.'
            : 'Through the control plane, which carries bytes it cannot read: for when the gateway’s host cannot be reached.'}
        </p>
        <div className="space-y-4">
          {hints.map((hint) => (
            <div key={hint.title} className="min-w-0">
              <h3 className="mb-1 font-medium">{hint.title}</h3>
              <CopyBlock
                text={hint.text}
                label={`Copy: ${hint.title}`}
                wrap={hint.language === 'shell' || hint.language === 'url'}
              />
            </div>
          ))}
        </div>
      </Panel>
      <div className="space-y-4">
        <SecretPanel connection={connection} minted={minted} onMinted={setMinted} />
        <Panel title="Certificate authority">
          <p className="mb-3 text-ink-soft">
            The gateway’s certificate is signed by Sluice’s own authority. Save it as {caFile} beside your client.
          </p>
          <Button asChild>
            <a href="/api/ca" download={caFile}>
              <Download aria-hidden="true" />
              Download {caFile}
            </a>
          </Button>
        </Panel>
      </div>
    </div>
  );
}

function SecretPanel({
  connection,
  minted,
  onMinted,
}: {
  readonly connection: ConnectionDetail;
  readonly minted: { readonly name: string; readonly secret: string } | null;
  readonly onMinted: (minted: { name: string; secret: string }) => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const me = useMe();
  const { agents, ready } = useIdentities();
  const mine = agents.filter(
    (agent) => !agent.disabled && (agent.owner.id === me?.person.id || me?.person.role === 'admin'),
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const identityId = chosen ?? mine[0]?.id ?? me?.person.id ?? '';
  const nameOf = (id: string) => mine.find((agent) => agent.id === id)?.name ?? me?.person.name ?? '';
  const mint = useMutation(
    trpc.identities.createToken.mutationOptions({
      onSuccess: ({ secret }, { identityId: id }) => {
        onMinted({ name: nameOf(id), secret });
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
      },
    }),
  );
  return (
    <Panel title="Native secret">
      {minted === null ? (
        <>
          <p className="mb-3 text-ink-soft">
            It goes into the password field of a plain client and says who connects. It opens this connection only, for{' '}
            {secretDays} days.
          </p>
          <Field label="For">
            {(control) => (
              <Select
                id={control.id}
                value={identityId}
                onValue={setChosen}
                choices={[
                  ...mine.map((agent) => ({
                    value: agent.id,
                    label: agent.name,
                    detail: `agent of ${agent.owner.name}`,
                  })),
                  ...(me === undefined ? [] : [{ value: me.person.id, label: me.person.name, detail: 'you' }]),
                ]}
              />
            )}
          </Field>
          <Button
            className="mt-3 w-full"
            look="primary"
            busy={mint.isPending}
            disabled={identityId === '' || !ready}
            icon={<KeyRound aria-hidden="true" />}
            onClick={() =>
              mint.mutate({
                identityId,
                type: 'native',
                label: `${connection.name}, made on its connect page`,
                connectionIds: [connection.id],
                expiresInDays: secretDays,
              })
            }
          >
            Make a secret
          </Button>
          {mint.error === null ? null : (
            <p role="alert" className="mt-2 text-deny">
              {errorSentence(mint.error)}
            </p>
          )}
        </>
      ) : (
        <div aria-live="polite" className="space-y-3">
          <Callout tone="allow" icon={ShieldCheck}>
            Made for {minted.name}. It is filled in on this page and shown this once: copy it now.
          </Callout>
          <CopyBlock text={minted.secret} label="Copy the secret" wrap />
        </div>
      )}
    </Panel>
  );
}
