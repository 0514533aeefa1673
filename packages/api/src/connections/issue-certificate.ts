import {
  type ConnectionRow,
  createToken,
  findConnection,
  findServiceIdentity,
  findToken,
  type Tx,
} from '@sluice/database';
import { type Actor, agentScopesSchema, certificateProofBytes, SluiceError } from '@sluice/domain';
import { accessOf, admit, type Caller, placeOf, sooner } from '@sluice/identity';
import {
  maxPublicKeyLineCharacters,
  newId,
  readPublicKeyLine,
  type SshCertificate,
  sha256,
  signSshCertificate,
  sshKeyLine,
} from '@sluice/keys';
import { manifestByName } from '@sluice/protocols/manifests';
import { z } from 'zod';
import { notFound, refusedInput } from '../errors.ts';
import { id, slug } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { openRunOf } from '../runs/visible-run.ts';
import { optionsOf } from './connection-views.ts';
import { serverNameOf } from './server-names.ts';

/** A certificate is for signing in, not for staying: what it opened goes on by its owner's rights. In ms. */
export const certificateLifeMs = 10 * 60_000;

const publicKey = z.string().max(maxPublicKeyLineCharacters);
const more = { publicKey, runId: id.optional() };

/**
 * Certifies a key of who calls with an API token, for one connection and a few minutes. The certificate alone lets nobody in: its number
 * stands among the tokens, below the API token, and gateways ask about it each time.
 */
export const issueCertificate = mutation({
  permission: 'connections.connect',
  input: z.union([z.strictObject({ id, ...more }), z.strictObject({ name: slug, ...more })]),
  run: async ({ input, tx, services, caller, mayOn, now, address }) => {
    const row = await findConnection(tx, 'id' in input ? { id: input.id } : { name: input.name });
    if (row === null || !mayOn('connections.read', placeOf(row))) throw notFound('connection');
    const manifest = manifestByName(row.protocol);
    if (manifest?.clientCertificates === undefined)
      throw refusedInput(
        `${row.name} takes no certificates.`,
        'Sign in with a native secret, or use `sluice connect`.',
      );
    const parent = caller.by === 'api-token' ? await findToken(tx, { id: caller.credentialId }) : null;
    if (parent === null)
      throw refusedInput(
        'Only a program with an API token gets a certificate.',
        'Use `sluice ssh` after `sluice login`.',
      );
    const actor = await admitted(tx, row, caller, { clientAddress: address, now });
    const run = input.runId === undefined ? null : await openRunOf(tx, input.runId, caller);
    if (run !== null && actor.runId !== null && actor.runId !== run.id)
      throw refusedInput('Your token was issued for another run.', 'Leave the run out, or use a token of this run.');
    const runId = run?.id ?? actor.runId;
    const { ed25519 } = readPublicKeyLine(input.publicKey);
    if (ed25519 === null)
      throw refusedInput('Certificates are made for Ed25519 keys only.', 'Make one: ssh-keygen -t ed25519.');
    const expiresAt = sooner(new Date(now.getTime() + certificateLifeMs), caller.expiresAt) ?? now;
    const { keys, trusted } = await services.sshAuthority(tx);
    const networks = await networksOf(tx, actor);
    const certificate = signSshCertificate(keys, {
      kind: 'user',
      publicKey: ed25519,
      keyId: `${actor.kind} ${actor.name} ${actor.id}${runId === null ? '' : ` run ${runId}`}`,
      principals: [row.name],
      now,
      expiresAt,
      ...(networks.length === 0 ? {} : { criticalOptions: { 'source-address': networks.join(',') } }),
      extensions: manifest.clientCertificates.extensions(optionsOf(row), actor.kind),
    });
    await keep(tx, { certificate, actor, row, parentId: parent.id, runId, expiresAt });
    return {
      output: {
        certificate: certificate.line,
        serial: certificate.serial,
        expiresAt,
        /** The name that the gateway's own certificates hold for, and whose certificates those are. */
        hostName: serverNameOf(row.name),
        authorities: trusted.map(sshKeyLine),
      },
      audit: {
        sentence: `got a certificate for connection ${row.name}`,
        subject: { type: 'connection', id: row.id, name: row.name },
        after: {
          serial: certificate.serial,
          key: certificate.fingerprint,
          authority: certificate.authority,
          networks,
          run: runId,
          expiresAt,
        },
      },
    };
  },
});

/** Who may not connect now gets none. Throws SluiceError `forbidden`. */
async function admitted(
  tx: Tx,
  row: ConnectionRow,
  caller: Caller,
  at: { readonly clientAddress: string | null; readonly now: Date },
): Promise<Actor> {
  const found = admit(caller, placeOf(row));
  if ('refused' in found)
    throw new SluiceError('forbidden', `You may not connect to ${row.name}: ${found.refused}.`, {
      audience: 'person',
      hint: 'Ask who may assign roles.',
    });
  const { answer, message, hint } = await accessOf(tx, found.actor, row, at);
  if (!answer.open) throw new SluiceError('forbidden', message, { audience: 'person', hint });
  return found.actor;
}

/** Networks that an agent works from; a person works from anywhere that the access rules allow. */
async function networksOf(tx: Tx, actor: Actor): Promise<readonly string[]> {
  if (actor.kind === 'person') return [];
  const identity = await findServiceIdentity(tx, { id: actor.id });
  return agentScopesSchema.parse(identity?.scopes ?? {}).networks;
}

async function keep(
  tx: Tx,
  {
    certificate,
    actor,
    row,
    parentId,
    runId,
    expiresAt,
  }: {
    readonly certificate: SshCertificate;
    readonly actor: Actor;
    readonly row: ConnectionRow;
    readonly parentId: string;
    readonly runId: string | null;
    readonly expiresAt: Date;
  },
): Promise<void> {
  await createToken(tx, {
    id: newId<'Token'>(),
    type: 'certificate',
    owner: { kind: actor.kind, id: actor.id },
    label: `certificate ${certificate.serial}`,
    display: certificate.fingerprint,
    hash: sha256(certificateProofBytes(certificate)),
    expiresAt,
    connectionIds: [row.id],
    parentId,
    runId,
  });
}
