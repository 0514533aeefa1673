'use client';

import type { ConnectionDetail } from '@sluice/api';
import { manifestByName, manifests } from '@sluice/protocols/manifests';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowRight, CircleAlert, CircleCheck, LockKeyhole, Network } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { errorSentence } from '../../client/describe-error.ts';
import { useMe } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Page, Panel } from '../../components/layout.tsx';
import { Link } from '../../components/link.tsx';
import { Callout, EmptyState, ErrorState, SkeletonRows } from '../../components/states.tsx';
import { type ConnectionDraft, type DraftErrors, emptyDraft, readDraft } from './connection-draft.ts';
import { AddressFields, BehaviourFields, GatewayField, NameFields, ProtocolField } from './connection-fields.tsx';
import { CredentialFields, ReaderCredentialFields, readerErrors, writerErrors } from './credential-fields.tsx';
import { EditPanel } from './edit-panel.tsx';
import { groupsOf } from './gateway-groups.ts';
import { newConnectionId } from './new-id.ts';
import { useTestConnection } from './test-panel.tsx';
import { TestSteps } from './test-result.tsx';
import { useCredentials } from './use-seal.ts';

/** Protocol, address, gateway, credential; then it is tested where it will run, and only then handed out. */
export function NewConnectionPage() {
  const [created, setCreated] = useState<ConnectionDetail | null>(null);
  const me = useMe();
  if (me !== undefined && !me.permissions.includes('connections.write')) return <NotAllowed />;
  return (
    <Page
      title="New connection"
      lead={
        created === null
          ? 'Where the target is, who reaches it, and with which account.'
          : `${created.name} was created.`
      }
      className="max-w-4xl"
    >
      {created === null ? <CreateForm onCreated={setCreated} /> : <TryIt connection={created} onChanged={setCreated} />}
    </Page>
  );
}

function NotAllowed() {
  return (
    <Page title="New connection" className="max-w-4xl">
      <Panel>
        <EmptyState icon={LockKeyhole} title="Only an admin adds connections">
          Ask one for the connection that you need; they will want its host, its database and who should use it.
        </EmptyState>
      </Panel>
    </Page>
  );
}

function CreateForm({ onCreated }: { readonly onCreated: (connection: ConnectionDetail) => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const gateways = useQuery(trpc.gateways.listGateways.queryOptions());
  const [draft, setDraft] = useState<ConnectionDraft>(() => emptyDraft(manifests[0]));
  const [errors, setErrors] = useState<DraftErrors>({});
  const [id] = useState(newConnectionId);
  const form = useRef<HTMLFormElement>(null);
  const credentials = useCredentials();
  const createMutation = useMutation(trpc.connections.createConnection.mutationOptions());
  const create = useMutation({ mutationFn: submit, onSuccess: onCreated });
  const manifest = manifestByName(draft.protocol);
  const fields = {
    draft,
    errors,
    change: (part: Partial<ConnectionDraft>) => setDraft((before) => ({ ...before, ...part })),
  };
  useOnlyGateway(
    groupsOf(gateways.data ?? []).map((group) => group.id),
    draft.groupId,
    (groupId) => fields.change({ groupId }),
  );

  async function submit(): Promise<ConnectionDetail> {
    const { value } = readDraft(draft, manifest);
    if (value === null) throw new Error('Some fields need a look.');
    const place = { groupId: value.groupId, connectionId: id, address: value.address };
    const given = await credentials(place, draft, { writer: true, reader: draft.readerUsername !== '' });
    const connection = await createMutation.mutateAsync({
      id,
      name: value.name,
      protocol: value.address.protocol,
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
      durability: draft.durability,
      recordedRows: value.recordedRows,
      recordedBytes: value.recordedBytes,
    });
    await queryClient.invalidateQueries({ queryKey: trpc.connections.pathKey() });
    return connection;
  }

  if (gateways.error !== null && gateways.data === undefined)
    return <ErrorState error={gateways.error} onRetry={() => void gateways.refetch()} />;
  if (gateways.data === undefined) return <SkeletonRows />;
  if (gateways.data.length === 0) return <GatewayFirst />;
  return (
    <form
      ref={form}
      noValidate
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        const found: DraftErrors = { ...readDraft(draft, manifest).errors, ...readerErrors(draft) };
        Object.assign(found, writerErrors(draft));
        setErrors(found);
        if (Object.keys(found).length === 0) create.mutate();
        else focusFirstError(form.current);
      }}
    >
      <Step number={1} title="Protocol">
        <ProtocolField {...fields} />
      </Step>
      <Step number={2} title="Name and address">
        <div className="space-y-4">
          <NameFields {...fields} />
          <AddressFields {...fields} manifest={manifest} />
        </div>
      </Step>
      <Step number={3} title="Gateway" lead="The process near the target that enforces and records.">
        <GatewayField {...fields} groups={groupsOf(gateways.data)} />
      </Step>
      <Step number={4} title="Credential">
        <div className="space-y-5">
          <CredentialFields {...fields} groupId={draft.groupId} />
          <ReaderCredentialFields {...fields} />
        </div>
      </Step>
      <Step number={5} title="Behaviour">
        <BehaviourFields {...fields} />
      </Step>
      {create.error === null ? null : (
        <div role="alert">
          <Callout tone="deny" icon={CircleAlert}>
            {errorSentence(create.error)}
          </Callout>
        </div>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button asChild>
          <Link href="/connections">Cancel</Link>
        </Button>
        <Button type="submit" look="primary" busy={create.isPending}>
          Seal, create and test
        </Button>
      </div>
    </form>
  );
}

function Step({
  number,
  title,
  lead,
  children,
}: {
  readonly number: number;
  readonly title: string;
  readonly lead?: string;
  readonly children: ReactNode;
}) {
  return (
    <Panel
      title={
        <span className="flex items-center gap-2">
          <span
            aria-hidden="true"
            className="inline-flex size-5 items-center justify-center rounded-full bg-sunken text-ink-soft text-small"
          >
            {number}
          </span>
          {title}
          {lead === undefined ? null : <span className="hidden font-normal text-ink-faint sm:inline">{lead}</span>}
        </span>
      }
    >
      {children}
    </Panel>
  );
}

/** With one gateway there is nothing to choose. */
function useOnlyGateway(ids: readonly string[], chosen: string, choose: (id: string) => void): void {
  const only = ids.length === 1 ? ids[0] : undefined;
  const chooseRef = useRef(choose);
  chooseRef.current = choose;
  useEffect(() => {
    if (only !== undefined && chosen === '') chooseRef.current(only);
  }, [only, chosen]);
}

function focusFirstError(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => {
    const field =
      form?.querySelector<HTMLElement>('[aria-invalid=true]') ?? form?.querySelector<HTMLElement>('[role=alert]');
    field?.scrollIntoView({ block: 'center' });
    field?.focus();
  });
}

function GatewayFirst() {
  return (
    <Panel>
      <EmptyState
        icon={Network}
        title="Enrol a gateway first"
        action={
          <Button asChild look="primary">
            <Link href="/gateways?enrol=1">Enrol a gateway</Link>
          </Button>
        }
      >
        A connection runs through a gateway near its target. The credential is sealed to that gateway’s key, so the
        gateway has to exist before the connection.
      </EmptyState>
    </Panel>
  );
}

/** Step 5: the test, by itself; when it fails the same page mends it. */
function TryIt({
  connection,
  onChanged,
}: {
  readonly connection: ConnectionDetail;
  readonly onChanged: (connection: ConnectionDetail) => void;
}) {
  const test = useTestConnection();
  const { mutate } = test;
  const tested = useRef<number | null>(null);
  useEffect(() => {
    if (tested.current === connection.revision) return;
    tested.current = connection.revision;
    mutate({ id: connection.id });
  }, [mutate, connection.id, connection.revision]);
  const failed = test.isError || test.data?.ok === false;
  return (
    <div className="space-y-4">
      {test.data?.ok === true ? (
        <Callout tone="allow" icon={CircleCheck}>
          The connection works. Next: connect a client.
        </Callout>
      ) : null}
      <div className="flex flex-wrap justify-end gap-2">
        {failed ? <Button onClick={() => mutate({ id: connection.id })}>Test again</Button> : null}
        <Button asChild look={test.data?.ok === true ? 'primary' : 'plain'}>
          <Link href={`/connections/${connection.id}`}>
            How to connect
            <ArrowRight aria-hidden="true" />
          </Link>
        </Button>
      </div>
      <Panel title={`Test in ${connection.group?.name ?? 'the gateway'}`}>
        {test.isPending || test.isIdle ? (
          <p role="status" className="text-ink-soft">
            The gateway is reaching {connection.host}:{connection.port}…
          </p>
        ) : test.error !== null ? (
          <Callout tone="deny" icon={CircleAlert}>
            {errorSentence(test.error)}
          </Callout>
        ) : (
          <TestSteps result={test.data} />
        )}
      </Panel>
      {failed ? <EditPanel connection={connection} onSaved={onChanged} title="Mend it" /> : null}
    </div>
  );
}
