'use client';

import type { ConnectionDetail } from '@sluice/api';
import { targetTlsModes } from '@sluice/domain';
import { manifestByName } from '@sluice/protocols/manifests';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleAlert, KeyRound } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { describeError, errorSentence } from '../../client/describe-error.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox } from '../../components/form.tsx';
import { Panel } from '../../components/layout.tsx';
import { Callout } from '../../components/states.tsx';
import { type ConnectionDraft, type DraftErrors, draftOf, readDraft, sameAddress } from './connection-draft.ts';
import { AddressFields, BehaviourFields, type FieldsProps, GatewayField, NameFields } from './connection-fields.tsx';
import { CredentialFields, ReaderCredentialFields, readerErrors, writerErrors } from './credential-fields.tsx';
import { groupsOf } from './gateway-groups.ts';
import { useCredentials } from './use-seal.ts';

/** Changes a connection. Another address or gateway asks for the credential again, because the old envelope opens for nothing else. */
export function EditPanel({
  connection,
  onSaved,
  title,
}: {
  readonly connection: ConnectionDetail;
  readonly onSaved: (connection: ConnectionDetail) => void;
  readonly title: string;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const mayWrite = useMay('connections.write');
  const gateways = useQuery(trpc.gateways.listGateways.queryOptions(undefined, { enabled: mayWrite })).data ?? [];
  const [draft, setDraft] = useState<ConnectionDraft>(() => draftOf(connection));
  const [errors, setErrors] = useState<DraftErrors>({});
  const [replace, setReplace] = useState(false);
  const [removeReader, setRemoveReader] = useState(false);
  const credentials = useCredentials();
  const update = useMutation(trpc.connections.updateConnection.mutationOptions());
  const manifest = manifestByName(draft.protocol);
  const fields = {
    draft,
    errors,
    change: (part: Partial<ConnectionDraft>) => setDraft((before) => ({ ...before, ...part })),
  };
  const read = readDraft(draft, manifest);
  const moved =
    read.value !== null &&
    (!sameAddress(read.value.address, addressOf(connection)) || read.value.groupId !== connection.group?.id);
  const referred = draft.passwordIn === 'gateway';
  const has = connection.credential === (referred ? 'referenced' : 'sealed');
  const needsCredential = (moved && !referred) || replace || !has;

  const save = useMutation({
    mutationFn: async () => {
      const { value } = readDraft(draft, manifest);
      if (value === null) throw new Error('Some fields need a look.');
      const place = { groupId: value.groupId, connectionId: connection.id, address: value.address };
      const reader = !removeReader && draft.readerUsername !== '';
      const given = await credentials(place, draft, { writer: needsCredential, reader });
      return update.mutateAsync({
        id: connection.id,
        revision: connection.revision,
        name: value.name,
        host: value.address.host,
        port: value.address.port,
        tls: value.address.tls,
        options: value.options,
        labels: value.labels,
        groupId: value.groupId,
        offlineLeaseSeconds: value.offlineLeaseSeconds,
        defaultAction: draft.defaultAction,
        holdBehaviour: draft.holdBehaviour,
        rehearsal: draft.rehearsal,
        undo: draft.undo,
        stepUp: draft.stepUp,
        ...given,
        ...(removeReader ? { readerCredential: null } : {}),
        durability: draft.durability,
        recordedRows: value.recordedRows,
        recordedBytes: value.recordedBytes,
      });
    },
    onSuccess: (saved) => {
      toast.success('Saved. The gateway has it within two seconds.');
      setReplace(false);
      setRemoveReader(false);
      setDraft(draftOf(saved));
      void queryClient.invalidateQueries({ queryKey: trpc.connections.pathKey() });
      onSaved(saved);
    },
  });

  return (
    <Panel title={title}>
      <form
        noValidate
        className="space-y-5"
        onSubmit={(event) => {
          event.preventDefault();
          const found: DraftErrors = { ...read.errors };
          if (needsCredential) Object.assign(found, writerErrors(draft));
          Object.assign(found, removeReader ? {} : readerErrors(draft));
          if (
            moved &&
            !referred &&
            connection.readerCredential !== 'missing' &&
            !removeReader &&
            draft.readerUsername === ''
          )
            found.readerUsername = 'Enter the reader’s account again for the new address, or remove it.';
          setErrors(found);
          if (Object.keys(found).length === 0) save.mutate();
        }}
      >
        <fieldset disabled={!mayWrite} className="min-w-0 space-y-5">
          <NameFields {...fields} />
          <AddressFields {...fields} manifest={manifest} />
          <div>
            <p className="mb-1 font-medium">Gateway</p>
            <GatewayField {...fields} groups={groupsOf(gateways)} />
          </div>
          <BehaviourFields {...fields} />
          {needsCredential ? (
            <div className="space-y-3">
              <Callout tone="hold" icon={KeyRound}>
                {credentialReason(moved, connection.credential)}
              </Callout>
              <CredentialFields {...fields} groupId={draft.groupId} />
            </div>
          ) : (
            <Checkbox
              label="Replace the credential"
              checked={replace}
              onChecked={setReplace}
              help={
                connection.references.writer === undefined
                  ? 'The one in use is sealed; nobody can read it back.'
                  : `In use: ${connection.references.writer.username}, password in ${connection.references.writer.password}.`
              }
            />
          )}
          <ReaderSection
            {...fields}
            state={connection.readerCredential}
            remove={removeReader}
            onRemove={setRemoveReader}
          />
        </fieldset>
        {save.error === null ? null : (
          <div role="alert">
            <Callout tone="deny" icon={CircleAlert}>
              {describeError(save.error).kind === 'conflict'
                ? `${errorSentence(save.error)} Reload the page to see what changed.`
                : errorSentence(save.error)}
            </Callout>
          </div>
        )}
        {mayWrite ? (
          <div className="flex justify-end">
            <Button type="submit" look="primary" busy={save.isPending}>
              Save
            </Button>
          </div>
        ) : (
          <p className="text-ink-faint">Changing a connection needs an admin.</p>
        )}
      </form>
    </Panel>
  );
}

/** Shows whether agents have a reader's account of their own, and sets, replaces or removes it. */
function ReaderSection({
  state,
  remove,
  onRemove,
  ...fields
}: FieldsProps & {
  readonly state: ConnectionDetail['readerCredential'];
  readonly remove: boolean;
  readonly onRemove: (remove: boolean) => void;
}) {
  return (
    <div className="space-y-3">
      {remove ? null : <ReaderCredentialFields {...fields} />}
      <p className="text-ink-soft" role="status">
        {readerStates[state]}
      </p>
      {state === 'missing' ? null : (
        <Checkbox
          label="Remove the reader credential"
          checked={remove}
          onChecked={onRemove}
          help="Agents then open as the writer, and only the gateway stands between them and a write."
        />
      )}
    </div>
  );
}

const readerStates: Readonly<Record<ConnectionDetail['readerCredential'], string>> = {
  sealed: 'A reader credential is set: agents open with it. Fill in the fields to replace it.',
  stale: 'The reader credential no longer opens, so agents are refused: enter it again or remove it.',
  referenced: 'The reader’s password stands at the gateway: agents open with it. Fill in the fields to replace it.',
  missing: 'No reader credential is set: agents open as the writer.',
};

function credentialReason(moved: boolean, credential: ConnectionDetail['credential']): string {
  if (moved)
    return 'The address or the gateway changes, and the stored credential opens only for the old one. Enter it again.';
  if (credential === 'missing') return 'There is no credential yet. Enter the account that Sluice uses at the target.';
  if (credential === 'stale')
    return 'The stored credential was sealed for another address or key and no longer opens. Enter it again.';
  return 'The new credential replaces the sealed one as soon as you save.';
}

function addressOf(connection: ConnectionDetail) {
  const mode = targetTlsModes.find((known) => known === connection.tlsMode) ?? 'verify-full';
  return {
    protocol: connection.protocol,
    host: connection.host,
    port: connection.port,
    tls: { mode, ca: connection.tlsCa },
  };
}
