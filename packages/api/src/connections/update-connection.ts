import type { ConnectionRow } from '@sluice/database';
import {
  bumpBundleVersion,
  bumpRevocationEpoch,
  findConnection,
  findGatewayGroup,
  updateConnection as updateRow,
} from '@sluice/database';
import type { CredentialPurpose } from '@sluice/domain';
import { credentialReferenceSchema, labelsSchema, SluiceError } from '@sluice/domain';
import { placeOf } from '@sluice/identity';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { checkedOptions, connectionFields, envelope } from './connection-input.ts';
import { optionsOf, toConnectionDetail } from './connection-views.ts';
import { type GivenCredential, keepCredentials, referencesOf } from './keep-credential.ts';
import { notForLabels, writableConnection } from './writable-connection.ts';

const { offlineLeaseSeconds, defaultAction, holdBehaviour, stepUp, durability, rehearsal, undo, ...others } =
  connectionFields.shape;
const { recordedRows, recordedBytes, ...required } = others;
const changes = z
  .strictObject({
    ...required,
    // Without their defaults: what is not given stays as it is.
    offlineLeaseSeconds: offlineLeaseSeconds.unwrap(),
    defaultAction: defaultAction.unwrap(),
    holdBehaviour: holdBehaviour.unwrap(),
    stepUp: stepUp.unwrap(),
    rehearsal: rehearsal.unwrap(),
    undo: undo.unwrap(),
    durability: durability.unwrap(),
    recordedRows: recordedRows.unwrap(),
    recordedBytes: recordedBytes.unwrap(),
  })
  .partial();

export const updateConnection = mutation({
  permission: 'connections.write',
  input: changes.extend({
    id,
    revision: z.int().min(1),
    credential: envelope.optional(),
    /** null takes it away: agents then open with the writer's. */
    readerCredential: envelope.nullable().optional(),
    credentialReference: credentialReferenceSchema.optional(),
    readerCredentialReference: credentialReferenceSchema.optional(),
  }),
  run: async ({ input, tx, services, mayOn, now }) => {
    const before = await writableConnection(tx, input.id, mayOn);
    const old = fieldsOf(before);
    const { id: connectionId, revision, credential, readerCredential, tls, ...rest } = input;
    const { credentialReference, readerCredentialReference, ...changed } = rest;
    const fields = {
      ...old,
      ...withoutUndefined(changed),
      ...(tls === undefined ? {} : { tlsMode: tls.mode, tlsCa: tls.ca }),
    };
    fields.options = checkedOptions(fields.protocol, fields);
    if (!mayOn('connections.write', placeOf({ id: before.id, labels: fields.labels }))) throw notForLabels();
    const group = fields.groupId === null ? null : await findGatewayGroup(tx, fields.groupId);
    if (fields.groupId !== old.groupId && (group?.gateways ?? []).length === 0) throw notFound('gateway group');
    const given = {
      writer: { envelope: credential, reference: credentialReference },
      reader: { envelope: readerCredential, reference: readerCredentialReference },
    };
    const left = before.credentials.some(({ purpose }) => {
      const { envelope, reference } = given[purposeOf(purpose)];
      return envelope === undefined && reference === undefined;
    });
    if (left && isElsewhere(old, fields))
      throw new SluiceError('credential-address', 'The credential is sealed for the address as it was.', {
        audience: 'person',
        hint: 'Enter the credentials again together with the new address or gateway.',
      });
    if ((await updateRow(tx, connectionId, revision, fields)) === null) throw changedMeanwhile();
    if (group !== null)
      await keepCredentials(tx, { connectionId, members: group.gateways }, given, referencesOf(before));
    await bumpBundleVersion(tx);
    // Gateways remember who may do what under the labels as they were.
    if (JSON.stringify(fields.labels) !== JSON.stringify(old.labels)) await bumpRevocationEpoch(tx);
    const row = await findConnection(tx, { id: connectionId });
    if (row === null) throw notFound('connection');
    return {
      output: await toConnectionDetail(row, { db: tx, services, now }),
      audit: {
        sentence: `changed connection ${row.name}`,
        subject: { type: 'connection', id: row.id, name: row.name },
        before: old,
        after: { ...fields, credential: change(given.writer), readerCredential: change(given.reader) },
      },
    };
  },
});

function change({ envelope, reference }: GivenCredential): string {
  if (reference !== undefined && reference !== null) return reference.password;
  if (envelope === undefined) return 'kept';
  return envelope === null ? 'removed' : 'sealed anew';
}

function purposeOf(text: string): CredentialPurpose {
  return text === 'reader' ? 'reader' : 'writer';
}

type Fields = ReturnType<typeof fieldsOf>;

function fieldsOf(row: ConnectionRow) {
  const { name, protocol, host, port, tlsMode, tlsCa, groupId, offlineLeaseSeconds, defaultAction } = row;
  const { holdBehaviour, stepUp, durability, recordedRows, recordedBytes, rehearsal, undo } = row;
  return {
    name,
    protocol,
    host,
    port,
    tlsMode,
    tlsCa,
    groupId,
    offlineLeaseSeconds,
    defaultAction,
    holdBehaviour,
    stepUp,
    rehearsal,
    undo,
    durability,
    recordedRows,
    recordedBytes,
    options: optionsOf(row),
    labels: labelsSchema.parse(row.labels),
  };
}

/** Whether the credential's envelope would not open any more: it binds all of the address, and is sealed to one gateway. */
function isElsewhere(old: Fields, fields: Fields): boolean {
  return (['protocol', 'host', 'port', 'tlsMode', 'tlsCa', 'groupId'] as const).some((key) => old[key] !== fields[key]);
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
