import type { Database, Db, InstallationKeyRow, InstallationRow, Tx } from '@sluice/database';
import {
  advisoryLock,
  bumpBundleVersion,
  createInstallation,
  listChannels,
  listEventStreams,
  readInstallation,
  resealChannel,
  resealEventStream,
  updateInstallationKeys,
} from '@sluice/database';
import { type Secret, SluiceError } from '@sluice/domain';
import type { SigningKeys } from '@sluice/keys';
import {
  channelSecretContext,
  generateSigningKeys,
  keyIdOf,
  openAtRest,
  sealAtRest,
  signingKeysOf,
  streamSecretContext,
} from '@sluice/keys';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  openCertificateAuthority,
} from './certificate-authority.ts';

const signingContext = 'Installation.signingKey';
const authorityContext = 'Installation.caKey';
const sshAuthorityContext = 'Installation.sshCaKey';

/** The installation's keys that are changed by a rotation in two steps. */
export type RotatedKey = 'signing' | 'ca' | 'ssh-ca';

/** The authority of SSH certificates at one moment. */
export interface SshAuthority {
  readonly keys: SigningKeys;
  /** Public keys (base64url raw) whose certificates count: the one in force first, then the next one, while a rotation is under way. */
  readonly trusted: readonly string[];
}

export interface InstallationKeys {
  /** Signs bundles and tickets; gateways pin its public half when they enrol. */
  readonly signing: SigningKeys;
  readonly authority: CertificateAuthority;
  /** Read for each certificate, so that a rotation needs no restart; the master key that opens it stays here. */
  readonly sshAuthority: (db: Db) => Promise<SshAuthority>;
  /** Makes the next key of a kind; the master key that seals it stays here. */
  readonly beginRotation: (tx: Tx, kind: RotatedKey, now: Date) => Promise<void>;
}

/**
 * Opens the installation's keys, making them at the first start. Nodes that start together agree on one set. With `oldMasterKey`, keys
 * that it sealed are sealed to `masterKey`, so that the old one may go once every node has both. Throws SluiceError `internal` when
 * neither is the one that this database was set up with.
 */
export async function openInstallation(
  database: Database,
  masterKey: Secret,
  now: Date,
  oldMasterKey: Secret | null = null,
): Promise<InstallationKeys> {
  if ((await readInstallation(database.db)) === null) await setUp(database, masterKey, now);
  if (oldMasterKey !== null) await changeMasterKey(database, oldMasterKey, masterKey);
  await makeSshAuthority(database, masterKey, now);
  const row = await readInstallation(database.db);
  if (row === null) throw new Error('the installation was not set up');
  const signing = signingKeysOf(openAtRest(masterKey, row.signingKeySealed, signingContext));
  const current = await openCertificateAuthority({
    certificate: row.caCertificate,
    privateKey: openAtRest(masterKey, row.caKeySealed, authorityContext),
  });
  // Clients learn the next root beside the one in force, which still issues.
  const root = row.nextCaCertificate === null ? current.root : `${current.root.trimEnd()}\n${row.nextCaCertificate}`;
  return {
    signing,
    authority: { ...current, root },
    sshAuthority: (db) => readSshAuthority(db, masterKey),
    beginRotation: (tx, kind, at) => beginKeyRotation(tx, masterKey, kind, at),
  };
}

const sealedColumns = [
  ['signingKeySealed', signingContext],
  ['caKeySealed', authorityContext],
  ['nextSigningKeySealed', signingContext],
  ['nextCaKeySealed', authorityContext],
  ['sshCaKeySealed', sshAuthorityContext],
  ['nextSshCaKeySealed', sshAuthorityContext],
] as const;

/** Made once, also for an installation that was set up before there was one; nodes that start together agree on it. */
async function makeSshAuthority(database: Database, masterKey: Secret, now: Date): Promise<void> {
  if ((await readInstallation(database.db))?.sshCaKeySealed != null) return;
  await database.transaction(async (tx) => {
    await advisoryLock(tx, 'installation');
    const row = await readInstallation(tx);
    if (row === null || row.sshCaKeySealed !== null) return;
    // Only the master key that this database was set up with may seal something new for it.
    openAtRest(masterKey, row.signingKeySealed, signingContext);
    const { publicKey, privateKey } = generateSigningKeys();
    const sealed = sealAtRest(masterKey, privateKey, sshAuthorityContext);
    await updateInstallationKeys(tx, { sshCaPublicKey: publicKey, sshCaKeySealed: sealed, sshCaSince: now });
  });
}

async function readSshAuthority(db: Db, masterKey: Secret): Promise<SshAuthority> {
  const row = await readInstallation(db);
  if (row === null || row.sshCaKeySealed === null) throw new Error('the installation has no SSH authority');
  const keys = signingKeysOf(openAtRest(masterKey, row.sshCaKeySealed, sshAuthorityContext));
  // The sealed key is the truth: a public key that somebody wrote beside it into the row certifies nothing.
  const next =
    row.nextSshCaKeySealed === null
      ? []
      : [signingKeysOf(openAtRest(masterKey, row.nextSshCaKeySealed, sshAuthorityContext)).publicKey];
  return { keys, trusted: [keys.publicKey, ...next] };
}

async function changeMasterKey(database: Database, from: Secret, to: Secret): Promise<void> {
  await database.transaction(async (tx) => {
    await advisoryLock(tx, 'installation');
    const row = await readInstallation(tx);
    if (row === null) return;
    const changed = sealedColumns.flatMap(([column, context]) => {
      const sealed = row[column];
      if (sealed === null || opens(to, sealed, context)) return [];
      return [[column, sealAtRest(to, openAtRest(from, sealed, context), context)]];
    });
    if (changed.length > 0)
      await updateInstallationKeys(tx, Object.fromEntries(changed) as Partial<InstallationKeyRow>);
    await resealSecrets(tx, from, to);
  });
}

/**
 * The secrets of notification channels and event streams. One that neither key opens stays as it is: it was of no use before, and is no
 * reason to keep the control plane from starting; whoever sends with it says so.
 */
async function resealSecrets(tx: Tx, from: Secret, to: Secret): Promise<void> {
  const again = (sealed: string, context: string) =>
    opens(to, sealed, context) || !opens(from, sealed, context)
      ? null
      : sealAtRest(to, openAtRest(from, sealed, context), context);
  for (const { id, secretSealed } of await listChannels(tx)) {
    const sealed = again(secretSealed, channelSecretContext(id));
    if (sealed !== null) await resealChannel(tx, id, secretSealed, sealed);
  }
  for (const { id, secretSealed } of await listEventStreams(tx)) {
    const sealed = secretSealed === null ? null : again(secretSealed, streamSecretContext(id));
    if (secretSealed !== null && sealed !== null) await resealEventStream(tx, id, secretSealed, sealed);
  }
}

function opens(masterKey: Secret, sealed: string, context: string): boolean {
  try {
    openAtRest(masterKey, sealed, context);
    return true;
  } catch {
    return false;
  }
}

/** Makes the next key of a kind and publishes it beside the one in force. Throws SluiceError `conflict` when one is on its way. */
async function beginKeyRotation(tx: Tx, masterKey: Secret, kind: RotatedKey, now: Date): Promise<void> {
  await advisoryLock(tx, 'installation');
  const row = await readInstallation(tx);
  if (row === null) throw new Error('the installation was not set up');
  if (nextOf(row, kind) !== null)
    throw rotationFault('A rotation of this key is under way already.', 'Finish it first.');
  if (kind === 'signing') {
    const next = generateSigningKeys();
    await updateInstallationKeys(tx, {
      nextSigningPublicKey: next.publicKey,
      nextSigningKeySealed: sealAtRest(masterKey, next.privateKey, signingContext),
      nextSigningSince: await bumpBundleVersion(tx),
    });
    return;
  }
  if (kind === 'ssh-ca') {
    const next = generateSigningKeys();
    await updateInstallationKeys(tx, {
      nextSshCaPublicKey: next.publicKey,
      nextSshCaKeySealed: sealAtRest(masterKey, next.privateKey, sshAuthorityContext),
    });
    // Gateways ask whose certificates count when their bundle moves.
    await bumpBundleVersion(tx);
    return;
  }
  const next = await createCertificateAuthority(now);
  await updateInstallationKeys(tx, {
    nextCaCertificate: next.certificate,
    nextCaKeySealed: sealAtRest(masterKey, next.privateKey, authorityContext),
  });
}

function nextOf(row: InstallationRow, kind: RotatedKey): string | null {
  if (kind === 'signing') return row.nextSigningPublicKey;
  return kind === 'ca' ? row.nextCaCertificate : row.nextSshCaPublicKey;
}

/** Puts the next key in the place of the one in force; every node uses it from its next start, the SSH authority's at once. Throws SluiceError `conflict` without one. */
export async function finishKeyRotation(tx: Tx, kind: RotatedKey): Promise<void> {
  await advisoryLock(tx, 'installation');
  const row = await readInstallation(tx);
  if (kind === 'signing') {
    const [publicKey, sealed] = [row?.nextSigningPublicKey, row?.nextSigningKeySealed];
    if (row === null || !publicKey || !sealed)
      throw rotationFault('No rotation of this key is under way.', 'Begin one first.');
    const none = { nextSigningPublicKey: null, nextSigningKeySealed: null, nextSigningSince: null };
    const key = { signingKeyId: keyIdOf(publicKey), signingPublicKey: publicKey, signingKeySealed: sealed };
    const inForce = { ...key, signingKeySince: new Date() };
    const formerSigningKeys = [...row.formerSigningKeys, row.signingPublicKey];
    await updateInstallationKeys(tx, { ...inForce, ...none, formerSigningKeys });
    await bumpBundleVersion(tx);
    return;
  }
  if (kind === 'ssh-ca') {
    const [publicKey, sealed] = [row?.nextSshCaPublicKey, row?.nextSshCaKeySealed];
    if (!publicKey || !sealed) throw rotationFault('No rotation of this key is under way.', 'Begin one first.');
    const inForce = { sshCaPublicKey: publicKey, sshCaKeySealed: sealed, sshCaSince: new Date() };
    await updateInstallationKeys(tx, { ...inForce, nextSshCaPublicKey: null, nextSshCaKeySealed: null });
    await bumpBundleVersion(tx);
    return;
  }
  const [certificate, sealed] = [row?.nextCaCertificate, row?.nextCaKeySealed];
  if (!certificate || !sealed) throw rotationFault('No rotation of this key is under way.', 'Begin one first.');
  const inForce = { caCertificate: certificate, caKeySealed: sealed };
  await updateInstallationKeys(tx, { ...inForce, nextCaCertificate: null, nextCaKeySealed: null });
}

function rotationFault(message: string, hint: string): SluiceError {
  return new SluiceError('conflict', message, { audience: 'person', hint });
}

async function setUp(database: Database, masterKey: Secret, now: Date): Promise<void> {
  await database.transaction(async (tx) => {
    await advisoryLock(tx, 'installation');
    if ((await readInstallation(tx)) !== null) return;
    const signing = generateSigningKeys();
    const authority = await createCertificateAuthority(now);
    await createInstallation(tx, {
      signingKeyId: signing.keyId,
      signingPublicKey: signing.publicKey,
      signingKeySealed: sealAtRest(masterKey, signing.privateKey, signingContext),
      caCertificate: authority.certificate,
      caKeySealed: sealAtRest(masterKey, authority.privateKey, authorityContext),
    });
  });
}
