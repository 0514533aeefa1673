import type { TargetSession } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteTargetSessions } from './note-gateway.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

const session = (id: string, claims = false): TargetSession => ({
  id,
  account: 'app',
  application: claims ? 'psql [sluice ada]' : 'psql',
  address: '10.0.0.9',
  since: '2026-11-24T10:00:00.000Z',
  claims,
});

test('who else is at a target is kept and shown, and who is new stands in the audit chain once', async () => {
  const admin = world.as('admin');
  const { id } = await admin.connections.showConnection({ name: 'orders' });
  const { database } = world.test;
  const note = (sessions: TargetSession[], problem: string | null = null) =>
    noteTargetSessions(
      database,
      world.gateway.id,
      { connectionId: id, sessions, total: sessions.length, problem },
      new Date(),
    );
  const audited = async () =>
    (await admin.audit.listEvents({})).items.filter(({ action }) => action === 'gateway.otherSessions').length;

  await note([session('7'), session('8', true)]);
  const shown = await admin.connections.showConnection({ id });
  expect(shown.otherSessions).toMatchObject({ total: 2, claiming: 1, problem: null });
  expect(shown.otherSessionsFound).toEqual([session('7'), session('8', true)]);
  const problems = async () => (await admin.overview.showOverview()).gateways.problems.join();
  expect(await problems()).toContain('1 session at the target of orders did not come through Sluice');
  expect(await audited()).toBe(1);
  // The same again and one that only claims: nothing new. Another backend of the same number: new.
  await note([session('7'), session('9', true)]);
  expect(await audited()).toBe(1);
  await note([{ ...session('7'), since: '2026-11-24T11:00:00.000Z' }]);
  expect(await audited()).toBe(2);
  // A look that failed keeps what was known.
  await note([], 'the target is down');
  const failed = await admin.connections.showConnection({ id });
  expect(failed.otherSessions).toMatchObject({ total: 1, problem: 'the target is down' });
  await note([]);
  expect(await problems()).not.toContain('did not come through');
});

test('another gateway’s word about a connection is refused', async () => {
  const { id } = await world.as('admin').connections.showConnection({ name: 'orders' });
  const report = { connectionId: id, sessions: [], total: 0, problem: null };
  await expect(noteTargetSessions(world.test.database, newId(), report, new Date())).rejects.toMatchObject({
    code: 'not-found',
  });
});
