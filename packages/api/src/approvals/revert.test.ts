/** Asking for an approved change to be put back: who may, that it is audited, and what the gateway's answer does. */
import { openTunnelRow } from '@sluice/database';
import type { RevertResult } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consumeApproval, noteOutcome, raiseApproval } from '../gateway/approvals.ts';
import { noteRevert } from '../gateway/note-revert.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
  const tunnel = { id: newId(), gatewayId: world.gateway.id, nodeId: newId(), startId: newId() };
  await openTunnelRow(world.test.database.db, tunnel);
});
afterAll(() => world.stop());

/** An approved change of the agent's that ran, with rows kept. */
async function changed(kept = true) {
  const hold = world.hold('agent');
  const now = new Date();
  await raiseApproval(world.services, world.gateway, hold, now);
  await world.as('reviewer').approvals.decideApproval({ id: hold.id, outcome: 'approve' });
  const { effectDigest, gatewayStartId } = hold;
  await consumeApproval(world.services, world.gateway, hold.id, { gatewayStartId, effectDigest }, new Date());
  const outcome = { gatewayStartId, outcome: 'succeeded', rows: 2, durationMs: 3, error: null } as const;
  const undo = { rows: 2, expiresAt: new Date(now.getTime() + 60_000).toISOString() };
  await noteOutcome(world.services, world.gateway, hold.id, kept ? { ...outcome, undo } : outcome, new Date());
  return hold.id;
}
const show = (id: string) => world.as('admin').approvals.showApproval({ id });
const report = (id: string, requestId: string, result: RevertResult, gateway = world.gateway) =>
  noteRevert(world.services, gateway, id, { requestId, result }, new Date());

test('a reviewer asks, the gateway answers, and there is nothing left to revert', async () => {
  const id = await changed();
  expect(await show(id)).toMatchObject({ undo: { rows: 2 }, revert: null });
  const asked = await world.as('reviewer').approvals.revertApproval({ id });
  expect(asked.revert).toMatchObject({ by: { name: 'reviewer' }, result: null });
  const { requestId } = asked.revert!;
  await expect(world.as('reviewer').approvals.revertApproval({ id })).rejects.toThrow('running');
  const result = { state: 'reverted', rows: 2, sessionId: newId() } as const;
  await expect(report(id, newId(), result)).rejects.toMatchObject({ code: 'conflict' });
  await expect(report(id, requestId, result, { id: newId(), signingKey: '' })).rejects.toMatchObject({
    code: 'not-found',
  });
  await report(id, requestId, result);
  await report(id, requestId, { state: 'failed', because: 'told again', sessionId: null });
  expect(await show(id)).toMatchObject({ undo: null, revert: { result: { state: 'reverted' } } });
  await expect(world.as('reviewer').approvals.revertApproval({ id })).rejects.toThrow('Nothing is kept');
});

test('a conflict leaves the offer standing', async () => {
  const id = await changed();
  const { revert } = await world.as('reviewer').approvals.revertApproval({ id });
  await report(id, revert!.requestId, { state: 'conflict', conflicts: 1, shown: ['id = 7'], sessionId: newId() });
  expect(await show(id)).toMatchObject({
    undo: { rows: 2 },
    revert: { result: { state: 'conflict', shown: ['id = 7'] } },
  });
  expect((await show(id)).mayRevert.yes).toBe(true);
});

test('neither the agent, nor its owner, nor anybody whom the rule does not name; and not without anything kept', async () => {
  const id = await changed();
  await expect(world.as('agent').approvals.revertApproval({ id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(world.as('engineer').approvals.revertApproval({ id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const other = await changed(false);
  await expect(world.as('reviewer').approvals.revertApproval({ id: other })).rejects.toThrow('Nothing is kept');
});

test('both the asking and the outcome are in the audit chain', async () => {
  const { items } = await world.as('admin').audit.listEvents({});
  const sentences = items.map(({ sentence }) => sentence).join('\n');
  expect(sentences).toContain('asked for a revert of');
  expect(sentences).toContain('reverted 2 rows of');
});
