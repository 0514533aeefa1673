import { X509Certificate } from 'node:crypto';
import type { Db } from '@sluice/database';
import { listGateways, listKeysInUse, readInstallation } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { finishKeyRotation, type RotatedKey } from '@sluice/identity';
import { fingerprint, keyIdOf, sha256, sshFingerprint } from '@sluice/keys';
import { z } from 'zod';
import { nothing } from '../inputs.ts';
import { mutation, query } from '../procedure.ts';

const kind = z.enum(['signing', 'ca', 'ssh-ca']);
const names: Readonly<Record<RotatedKey, string>> = {
  signing: 'the bundle-signing key',
  ca: 'the certificate authority',
  'ssh-ca': 'the SSH certificate authority',
};

/** One of the installation's keys, by what tells it apart. */
export interface InstallationKeyView {
  readonly kind: RotatedKey | 'master' | 'cookie';
  /** Of a key outside of the database a mark that only its installation can compute. */
  readonly fingerprint: string;
  /** In use for at least as long; null: no node has said so yet. */
  readonly since: Date | null;
  /** When it ends by itself; null: never. */
  readonly expiresAt: Date | null;
  /** The one that takes its place once the rotation is finished. */
  readonly next: string | null;
  /** Gateways that have not pinned the next one yet. */
  readonly waitingFor: readonly string[];
  /** Whether the node that answers still takes the one before. */
  readonly oldTaken: boolean;
}

/** The installation's keys by what tells them apart, how old they are, and who has not heard of the next one yet. */
export const listKeys = query({
  permission: 'gateways.read',
  input: nothing,
  run: async ({ db, services }): Promise<readonly InstallationKeyView[]> => {
    const row = await readInstallation(db);
    if (row === null) throw new Error('the installation is set up before anything is served');
    const next = row.nextSigningPublicKey;
    const root = new X509Certificate(row.caCertificate);
    const outside = await listKeysInUse(db);
    const none = { expiresAt: null, next: null, waitingFor: [], oldTaken: false };
    return [
      {
        ...none,
        kind: 'signing',
        fingerprint: fingerprint(row.signingPublicKey),
        since: row.signingKeySince,
        next: next === null ? null : fingerprint(next),
        waitingFor: await gatewaysWithoutNextKey(db),
      },
      {
        ...none,
        kind: 'ca',
        fingerprint: `SHA256:${sha256(row.caCertificate)}`,
        since: new Date(root.validFrom),
        expiresAt: new Date(root.validTo),
        next: row.nextCaCertificate === null ? null : `SHA256:${sha256(row.nextCaCertificate)}`,
      },
      {
        ...none,
        kind: 'ssh-ca',
        fingerprint: row.sshCaPublicKey === null ? '' : sshFingerprint(row.sshCaPublicKey),
        since: row.sshCaSince,
        next: row.nextSshCaPublicKey === null ? null : sshFingerprint(row.nextSshCaPublicKey),
      },
      ...(['master', 'cookie'] as const).map((kind) => {
        const seen = outside.find((key) => key.kind === kind);
        const oldTaken = services.oldKeysTaken[kind];
        return { ...none, kind, fingerprint: seen?.mark ?? '', since: seen?.since ?? null, oldTaken };
      }),
    ];
  },
});

/** Makes the next key and publishes it beside the one in force. */
export const rotateKey = mutation({
  permission: 'gateways.write',
  input: z.strictObject({ kind }),
  run: async ({ input, tx, services, now }) => {
    await services.beginKeyRotation(tx, input.kind, now);
    return {
      output: { ok: true as const },
      audit: { sentence: `began a rotation of ${names[input.kind]}`, subject: null },
    };
  },
});

/** Puts the next key in force. Without `force` it waits until every trusted gateway has pinned the next signing key. */
export const finishRotation = mutation({
  permission: 'gateways.write',
  input: z.strictObject({ kind, force: z.boolean().default(false) }),
  run: async ({ input, tx }) => {
    const waiting = input.kind === 'signing' ? await gatewaysWithoutNextKey(tx) : [];
    if (waiting.length > 0 && !input.force)
      throw new SluiceError('conflict', `These gateways have not pinned the next key yet: ${waiting.join(', ')}.`, {
        audience: 'person',
        hint: 'Start them, or revoke them. With force they have to be enrolled anew.',
      });
    await finishKeyRotation(tx, input.kind);
    return {
      output: { ok: true as const },
      audit: {
        sentence: `put the next key of ${names[input.kind]} in force`,
        subject: null,
        after: { leftBehind: waiting },
      },
    };
  },
});

async function gatewaysWithoutNextKey(db: Db): Promise<string[]> {
  const row = await readInstallation(db);
  const since = row?.nextSigningSince ?? null;
  if (since === null) return [];
  return (await listGateways(db)).filter(({ bundleVersion }) => (bundleVersion ?? 0) < since).map(({ name }) => name);
}

/**
 * What a bundle that `signingKey` signs says of the key that signs after it; null: none is under way. A node that has not been started
 * again since a rotation was finished names the key in force: a gateway that takes such a bundle would else forget the key that every
 * later one is signed by.
 */
export async function nextBundleKey(
  db: Db,
  signingKey: string,
): Promise<{ readonly keyId: string; readonly publicKey: string } | null> {
  const row = await readInstallation(db);
  const inForce = row?.signingPublicKey ?? signingKey;
  const publicKey = inForce === signingKey ? (row?.nextSigningPublicKey ?? null) : inForce;
  return publicKey === null ? null : { keyId: keyIdOf(publicKey), publicKey };
}
