/** The one list of manifests, for browsers too: data only. */
import type { ProtocolManifest } from '@sluice/wire-kit';
import { postgresManifest } from '@sluice/wire-postgres/manifest';
import { sshManifest } from '@sluice/wire-ssh/manifest';

export const manifests: readonly ProtocolManifest[] = [postgresManifest, sshManifest];

export function manifestByName(name: string): ProtocolManifest | undefined {
  return manifests.find((manifest) => manifest.name === name);
}
