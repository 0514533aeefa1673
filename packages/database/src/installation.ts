import type { Db, Tx } from './client.ts';

export interface InstallationRow {
  readonly bundleVersion: number;
  readonly revocationEpoch: number;
  readonly activePolicyVersion: number | null;
  readonly signingKeyId: string;
  readonly signingPublicKey: string;
  readonly signingKeySealed: string;
  readonly signingKeySince: Date;
  /** base64url raw public keys that were in force before, the newest last. */
  readonly formerSigningKeys: readonly string[];
  readonly caCertificate: string;
  readonly caKeySealed: string;
  readonly nextSigningPublicKey: string | null;
  readonly nextSigningKeySealed: string | null;
  /** The first bundle that names the next signing key. */
  readonly nextSigningSince: number | null;
  readonly nextCaCertificate: string | null;
  readonly nextCaKeySealed: string | null;
  /** The authority of SSH certificates: base64url raw Ed25519; null before a node has made it. */
  readonly sshCaPublicKey: string | null;
  readonly sshCaKeySealed: string | null;
  readonly sshCaSince: Date | null;
  readonly nextSshCaPublicKey: string | null;
  readonly nextSshCaKeySealed: string | null;
}

/** The installation's keys, the private ones sealed. */
export type InstallationKeyRow = Omit<InstallationRow, 'bundleVersion' | 'revocationEpoch' | 'activePolicyVersion'>;
export type NewInstallation = Pick<
  InstallationKeyRow,
  'signingKeyId' | 'signingPublicKey' | 'signingKeySealed' | 'caCertificate' | 'caKeySealed'
>;

export async function updateInstallationKeys(tx: Tx, keys: Partial<InstallationKeyRow>): Promise<void> {
  const { formerSigningKeys, ...others } = keys;
  const former = formerSigningKeys === undefined ? {} : { formerSigningKeys: [...formerSigningKeys] };
  await tx.installation.update({ where: { id: 1 }, data: { ...others, ...former } });
}

/** The installation's row, or null before its first start. */
export function readInstallation(db: Db): Promise<InstallationRow | null> {
  return db.installation.findUnique({ where: { id: 1 } });
}

export async function createInstallation(tx: Tx, installation: NewInstallation): Promise<void> {
  await tx.installation.create({ data: { id: 1, ...installation } });
}

/** The two counters that gateways watch. */
export async function readCounters(db: Db): Promise<{ bundleVersion: number; revocationEpoch: number }> {
  return db.installation.findUniqueOrThrow({
    where: { id: 1 },
    select: { bundleVersion: true, revocationEpoch: true },
  });
}

/** Says that some gateway's bundle is no longer the one it has. Returns the new version. */
export async function bumpBundleVersion(tx: Tx): Promise<number> {
  const row = await tx.installation.update({ where: { id: 1 }, data: { bundleVersion: { increment: 1 } } });
  return row.bundleVersion;
}

/** Says that positive answers which gateways may have cached must be asked for again. Returns the new epoch. */
export async function bumpRevocationEpoch(tx: Tx): Promise<number> {
  const row = await tx.installation.update({ where: { id: 1 }, data: { revocationEpoch: { increment: 1 } } });
  return row.revocationEpoch;
}

export async function setActivePolicy(tx: Tx, version: number): Promise<void> {
  await tx.installation.update({ where: { id: 1 }, data: { activePolicyVersion: version } });
}

/** A key that stands outside of the database. `mark` tells one from another, to whoever has the master key. */
export interface KeyInUseRow {
  readonly kind: 'master' | 'cookie';
  readonly mark: string;
  readonly since: Date;
}

export async function listKeysInUse(db: Db): Promise<readonly KeyInUseRow[]> {
  return (await db.keyInUse.findMany()).map((row) => ({ ...row, kind: row.kind === 'master' ? 'master' : 'cookie' }));
}

export async function keepKeyInUse(tx: Tx, { kind, mark, since }: KeyInUseRow): Promise<void> {
  await tx.keyInUse.upsert({ where: { kind }, create: { kind, mark, since }, update: { mark, since } });
}
