import type { PasskeyRow } from '@sluice/database';
import { fingerprint } from '@sluice/keys';
import type { PasskeyView } from '../views.ts';

export function toPasskeyView(row: PasskeyRow): PasskeyView {
  return {
    id: row.id,
    name: row.name,
    credentialId: row.credentialId,
    fingerprint: fingerprint(row.publicKey),
    backedUp: row.backedUp,
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
  };
}
