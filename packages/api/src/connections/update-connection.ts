import type { ConnectionRow } from '@sluice/database';
import {
  bumpBundleVersion,
  findConnection,
  findGateway,
  replaceCredential,
  updateConnection as updateRow,
} from '@sluice/database';
import { labelsSchema, SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { checkedOptions, connectionFields, envelope } from './connection-input.ts';
import { optionsOf, toConnectionDetail } from './connection-views.ts';

const { offlineLeaseSeconds, defaultAction, holdBehaviour, ...required } = connectionFields.shape;
const changes = z
  .strictObject({
    ...required,
    // Without their defaults: what is not given stays as it is.
    offlineLeaseSeconds: offlineLeaseSeconds.unwrap(),
    defaultAction: defaultAction.unwrap(),
    holdBehaviour: holdBehaviour.unwrap(),
  })
  .partial();

export const updateConnection = mutation({
  permission: 'connections.write',
  input: changes.extend({ id, revision: z.int().min(1), credential: envelope.optional() }),
  run: async ({ input, tx, services, now }) => {
    const before = await findConnection(tx, { id: input.id });
    if (before === null) throw notFound('connection');
    const old = fieldsOf(before);
    const { id: connectionId, revision, credential, tls, ...changed } = input;
    const fields = {
      ...old,
      ...withoutUndefined(changed),
      ...(tls === undefined ? {} : { tlsMode: tls.mode, tlsCa: tls.ca }),
    };
    fields.options = checkedOptions(fields.protocol, fields.options);
    if (fields.gatewayId !== old.gatewayId) await demandGateway(tx, fields.gatewayId);
    if (before.credentials.length > 0 && credential === undefined && isElsewhere(old, fields))
      throw new SluiceError('credential-address', 'The credential is sealed for the address as it was.', {
        audience: 'person',
        hint: 'Enter the credential again together with the new address or gateway.',
      });
    if ((await updateRow(tx, connectionId, revision, fields)) === null) throw changedMeanwhile();
    if (credential !== undefined && fields.gatewayId !== null)
      await replaceCredential(tx, {
        id: newId<'SealedCredential'>(),
        connectionId,
        gatewayId: fields.gatewayId,
        envelope: credential,
      });
    await bumpBundleVersion(tx);
    const row = await findConnection(tx, { id: connectionId });
    if (row === null) throw notFound('connection');
    return {
      output: await toConnectionDetail(row, { db: tx, services, now }),
      audit: {
        sentence: `changed connection ${row.name}`,
        subject: { type: 'connection', id: row.id, name: row.name },
        before: old,
        after: { ...fields, credential: credential === undefined ? 'kept' : 'sealed anew' },
      },
    };
  },
});

type Fields = ReturnType<typeof fieldsOf>;

function fieldsOf(row: ConnectionRow) {
  const { name, protocol, host, port, tlsMode, tlsCa, gatewayId, offlineLeaseSeconds, defaultAction, holdBehaviour } =
    row;
  return {
    name,
    protocol,
    host,
    port,
    tlsMode,
    tlsCa,
    gatewayId,
    offlineLeaseSeconds,
    defaultAction,
    holdBehaviour,
    options: optionsOf(row),
    labels: labelsSchema.parse(row.labels),
  };
}

/** Whether the credential's envelope would not open any more: it binds all of the address, and is sealed to one gateway. */
function isElsewhere(old: Fields, fields: Fields): boolean {
  return (['protocol', 'host', 'port', 'tlsMode', 'tlsCa', 'gatewayId'] as const).some(
    (key) => old[key] !== fields[key],
  );
}

async function demandGateway(tx: Parameters<typeof findGateway>[0], gatewayId: string | null): Promise<void> {
  const gateway = gatewayId === null ? null : await findGateway(tx, gatewayId);
  if (gateway === null || gateway.revokedAt !== null) throw notFound('gateway');
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<T>;
}

function changedMeanwhile(): SluiceError {
  return new SluiceError('conflict', 'Somebody changed this connection since you opened it.', {
    audience: 'person',
    hint: 'Reload it, look at the change, then save yours again.',
  });
}
