import type { Database } from '@sluice/database';
import { appendAuditEvent, bumpBundleVersion, stepRotation } from '@sluice/database';
import type { Rotation } from '@sluice/domain';
import { SluiceError } from '@sluice/domain';
import { newId } from '@sluice/keys';

/** Takes a step of a rotation. The credential is put in force without a new revision: sessions that run keep running. */
export async function noteRotation(
  database: Database,
  gatewayId: string,
  rotation: Rotation,
  now: Date,
): Promise<void> {
  await database.transaction(async (tx) => {
    const step = await stepRotation(tx, gatewayId, rotation);
    if (step.type === 'refused')
      throw new SluiceError('conflict', 'Nobody asked this gateway for this rotation, or another one is pending.', {
        audience: 'operator',
      });
    if (step.type !== 'done' || rotation.stage !== 'active') return;
    await bumpBundleVersion(tx);
    await appendAuditEvent(tx, {
      id: newId<'AuditEvent'>(),
      at: now,
      actor: { kind: 'system', name: step.gatewayName },
      action: 'gateway.rotatedCredential',
      sentence: `rotated the ${rotation.purpose}’s credential of connection ${step.connectionName}`,
      subject: { type: 'connection', id: rotation.connectionId, name: step.connectionName },
      before: null,
      after: { purpose: rotation.purpose, credential: 'sealed anew by the gateway' },
      address: null,
    });
  });
}
