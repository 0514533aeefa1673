import {
  bumpBundleVersion,
  connectionIdIsTaken,
  countConnections,
  createConnection as createRow,
  findConnection,
  findGatewayGroup,
  maxConnections,
} from '@sluice/database';
import { credentialReferenceSchema } from '@sluice/domain';
import { placeOf } from '@sluice/identity';
import { notFound, refusedInput } from '../errors.ts';
import { id } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { allocatePorts } from './allocate-ports.ts';
import { checkedOptions, connectionFields, envelope } from './connection-input.ts';
import { toConnectionDetail } from './connection-views.ts';
import { keepCredentials } from './keep-credential.ts';
import { notForLabels } from './writable-connection.ts';

/** A gateway binds where its own environment says; this is what pages show until then. */
const defaultListenerHost = '127.0.0.1';

export const createConnection = mutation({
  permission: 'connections.write',
  input: connectionFields.extend({
    id,
    credential: envelope.optional(),
    readerCredential: envelope.optional(),
    credentialReference: credentialReferenceSchema.optional(),
    readerCredentialReference: credentialReferenceSchema.optional(),
  }),
  run: async ({ input, tx, services, mayOn, now }) => {
    if (!mayOn('connections.write', placeOf(input))) throw notForLabels();
    if (await connectionIdIsTaken(tx, input.id))
      throw refusedInput('This id was given to a connection before.', 'Reload the page and try again.');
    if ((await countConnections(tx)) >= maxConnections)
      throw refusedInput(`An installation has at most ${maxConnections} connections.`, 'Delete some that nobody uses.');
    const group = await findGatewayGroup(tx, input.groupId);
    if (group === null || group.gateways.length === 0) throw notFound('gateway group');
    const { tls, credential, readerCredential, credentialReference, readerCredentialReference, ...columns } = input;
    await createRow(tx, {
      ...columns,
      options: checkedOptions(input.protocol, input),
      tlsMode: tls.mode,
      tlsCa: tls.ca,
      listenerHost: defaultListenerHost,
      ...(await allocatePorts(tx, services)),
    });
    const given = {
      writer: { envelope: credential, reference: credentialReference },
      reader: { envelope: readerCredential, reference: readerCredentialReference },
    };
    await keepCredentials(tx, { connectionId: input.id, members: group.gateways }, given, {});
    await bumpBundleVersion(tx);
    const row = await findConnection(tx, { id: input.id });
    if (row === null) throw new Error('the connection was just made');
    return {
      output: await toConnectionDetail(row, { db: tx, services, now }),
      audit: {
        sentence: `created connection ${input.name}`,
        subject: { type: 'connection', id: input.id, name: input.name },
        after: {
          ...columns,
          tls,
          credential: credentialReference?.password ?? (credential === undefined ? 'none' : 'sealed'),
          readerCredential: readerCredentialReference?.password ?? (readerCredential === undefined ? 'none' : 'sealed'),
        },
      },
    };
  },
});
