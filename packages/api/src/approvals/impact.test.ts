/** The gateway's word on what a held statement would touch: its own approvals only, checked, and until somebody has decided. */
import { approvalImpactSchema, type Impact } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelApproval, noteImpact, raiseApproval } from '../gateway/approvals.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

const impact: Impact = {
  durationMs: 12,
  inTransaction: false,
  estimatedRows: 1,
  objects: [{ name: 'public.customers', kind: 'table', verbs: ['update'], rows: 101, bytes: 40_960 }],
  cascades: [],
  triggers: [{ object: 'public.customers', runs: 'public.st\0amp', instead: false }],
  locks: [],
  more: 0,
  plan: { known: false, because: 'planning may run functions' },
  rehearsal: null,
  undoProblem: null,
};

async function raised() {
  const hold = world.hold('agent');
  await raiseApproval(world.services, world.gateway, hold, new Date());
  return hold;
}
const show = async (id: string) => (await world.as('admin').approvals.showApproval({ id })).impact;
const note = (hold: { readonly id: string; readonly gatewayStartId: string }, gateway = world.gateway) =>
  noteImpact(world.services, gateway, hold.id, { gatewayStartId: hold.gatewayStartId, impact });

test('reviewers see it, and the last word counts', async () => {
  const hold = await raised();
  expect(await show(hold.id)).toBeNull();
  await note(hold);
  expect(await show(hold.id)).toMatchObject({ estimatedRows: 1, triggers: [{ runs: 'public.st\uFFFDamp' }] });
  await note(hold);
});

test('another gateway, another start and a settled approval are refused', async () => {
  const hold = await raised();
  await expect(note(hold, { id: newId(), signingKey: '' })).rejects.toMatchObject({ code: 'not-found' });
  await expect(note({ id: hold.id, gatewayStartId: newId() })).rejects.toMatchObject({ code: 'conflict' });
  await cancelApproval(world.services, world.gateway, hold.id, { reason: 'gone', state: 'cancelled' }, new Date());
  await expect(note(hold)).rejects.toMatchObject({ code: 'conflict' });
  expect(await show(hold.id)).toBeNull();
});

test('what has more than its fields, or more entries than the bound, is no impact', () => {
  const body = (change: object) => ({ gatewayStartId: newId(), impact: { ...impact, ...change } });
  expect(approvalImpactSchema.safeParse(body({})).success).toBe(true);
  expect(approvalImpactSchema.safeParse(body({ filter: "ssn = '1'" })).success).toBe(false);
  const objects = Array.from({ length: 51 }, () => impact.objects[0]);
  expect(approvalImpactSchema.safeParse(body({ objects })).success).toBe(false);
});
