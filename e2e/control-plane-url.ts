import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The control plane's own database, from the secrets and ports that the demo keeps in its folder. */
export function controlPlaneUrl(dataDir: string): string {
  const read = <T>(name: string) => JSON.parse(readFileSync(join(dataDir, name), 'utf8')) as T;
  const { controlRolePassword } = read<{ controlRolePassword: string }>('secrets.json');
  const { controlPostgres } = read<{ controlPostgres: number }>('ports.json');
  return `postgresql://sluice:${encodeURIComponent(controlRolePassword)}@127.0.0.1:${controlPostgres}/sluice`;
}
