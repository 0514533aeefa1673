import type { Database } from '@sluice/database';
import { advisoryLock, createInstallation, readInstallation } from '@sluice/database';
import type { Secret } from '@sluice/domain';
import type { SigningKeys } from '@sluice/keys';
import { generateSigningKeys, openAtRest, sealAtRest, signingKeysOf } from '@sluice/keys';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  openCertificateAuthority,
} from './certificate-authority.ts';

const signingContext = 'Installation.signingKey';
const authorityContext = 'Installation.caKey';

export interface InstallationKeys {
  /** Signs bundles and tickets; gateways pin its public half when they enrol. */
  readonly signing: SigningKeys;
  readonly authority: CertificateAuthority;
}

/**
 * Opens the installation's keys, making them at the first start. Nodes that start together agree on one set. Throws SluiceError
 * `internal` when the master key is not the one that this database was set up with.
 */
export async function openInstallation(database: Database, masterKey: Secret, now: Date): Promise<InstallationKeys> {
  if ((await readInstallation(database.db)) === null) await setUp(database, masterKey, now);
  const row = await readInstallation(database.db);
  if (row === null) throw new Error('the installation was not set up');
  const signing = signingKeysOf(openAtRest(masterKey, row.signingKeySealed, signingContext));
  const authority = await openCertificateAuthority({
    certificate: row.caCertificate,
    privateKey: openAtRest(masterKey, row.caKeySealed, authorityContext),
  });
  return { signing, authority };
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
