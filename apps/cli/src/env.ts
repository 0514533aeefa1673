import { homedir } from 'node:os';
import { join } from 'node:path';

export interface CliEnvironment {
  readonly url: string | null;
  readonly token: string | null;
  readonly configFile: string;
}

export function readEnvironment(): CliEnvironment {
  const { SLUICE_URL, SLUICE_TOKEN, SLUICE_CONFIG, XDG_CONFIG_HOME } = process.env;
  return {
    url: SLUICE_URL ?? null,
    token: SLUICE_TOKEN ?? null,
    configFile: SLUICE_CONFIG ?? join(XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'sluice', 'config.json'),
  };
}
