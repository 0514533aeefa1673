import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

test('the audit is narrowed by who, what, which thing, when and by one entry alone', async () => {
  const admin = world.as('admin');
  const group = await admin.identities.createGroup({ name: 'payments', memberIds: [] });
  await world.as('engineer').runs.startRun({ purpose: 'fix order 4711', taskId: 'T-1' });
  const read = world.as('auditor').audit.listEvents;
  const actions = async (input: Parameters<typeof read>[0]) => (await read(input)).items.map(({ action }) => action);
  expect(await actions({ action: 'runs' })).toEqual(['runs.startRun']);
  expect(await actions({ action: 'identities.createGroup' })).toEqual(['identities.createGroup']);
  expect(await actions({ action: 'run' })).toEqual([]);
  expect(await actions({ subjectId: group.id })).toEqual(['identities.createGroup']);
  expect(await actions({ actorId: world.actors.engineer.id })).toEqual(['runs.startRun']);
  const [newest] = (await read({})).items;
  expect(await actions({ index: newest?.index ?? 0 })).toEqual([newest?.action]);
  const from = newest?.at ?? new Date();
  expect((await read({ from })).items.every(({ at }) => at >= from)).toBe(true);
  expect((await read({ to: from })).items.every(({ at }) => at < from)).toBe(true);
  await expect(read({ action: 'runs%' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
});

test('what was done in a run says in which', async () => {
  const engineer = world.as('engineer');
  const run = await engineer.runs.startRun({ purpose: 'tidy up', taskId: 'T-2' });
  const inRun = world.asActor({ ...world.actors.engineer, runId: run.id });
  await inRun.notifications.savePreferences({ muted: {}, pausedUntil: null });
  const [event] = (await world.as('auditor').audit.listEvents({ action: 'notifications' })).items;
  expect(event?.through).toMatchObject({ by: 'api-token' });
  expect(event?.run).toEqual({ id: run.id, purpose: 'tidy up', taskId: 'T-2' });
});
