import { homedir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@sluice/domain';

export interface CliEnvironment {
  readonly url: string | null;
  readonly token: string | null;
  /** The run that everything is done in. */
  readonly run: string | null;
  readonly configFile: string;
  readonly backupPassphrase: Secret | null;
}

export function readEnvironment(): CliEnvironment {
  const { SLUICE_URL, SLUICE_TOKEN, SLUICE_RUN, SLUICE_CONFIG, SLUICE_BACKUP_PASSPHRASE, XDG_CONFIG_HOME } =
    process.env;
  return {
    url: SLUICE_URL ?? null,
    token: SLUICE_TOKEN ?? null,
    run: SLUICE_RUN === undefined || SLUICE_RUN === '' ? null : SLUICE_RUN,
    backupPassphrase: SLUICE_BACKUP_PASSPHRASE === undefined ? null : new Secret(SLUICE_BACKUP_PASSPHRASE),
    configFile: SLUICE_CONFIG ?? join(XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'sluice', 'config.json'),
  };
}
