import { judged, recordSession } from '@sluice/testkit/recordings';
import { makeWorld, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeChunk } from '../gateway/accept-chunk.ts';
import { raiseApproval } from '../gateway/approvals.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.stop());

test('a run shows what was done in it: sessions, statements with verdicts, approvals; not to whom it is none of', async () => {
  const agent = world.as('agent');
  const run = await agent.runs.startRun({ purpose: 'fix order 4711', taskId: 'T-1' });
  const ref = { id: run.id, purpose: 'fix order 4711', taskId: 'T-1' };
  const actor = { ...world.actors.agent, runId: run.id };
  await raiseApproval(world.services, world.gateway, { ...world.hold('agent'), actor }, new Date());
  await raiseApproval(world.services, world.gateway, world.hold('stray'), new Date());
  const reviewer = world.as('reviewer');
  const approvals = (await reviewer.approvals.listApprovals({ scope: 'any', runId: run.id })).items;
  expect(approvals).toHaveLength(1);
  expect(approvals[0]?.run).toEqual(ref);
  expect(
    (await reviewer.approvals.listApprovals({ scope: 'all' })).items.filter((one) => one.run === null),
  ).toHaveLength(1);

  const { chunks, sessionId } = await recordSession(world, 'agent', [
    [judged(0, 'select 1'), judged(1, 'drop table customers', { action: 'deny', rule: 'no-drop' })],
  ]);
  for (const chunk of chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
  await world.test.database.db.session.update({ where: { id: sessionId }, data: { actor } });
  const statements = (await world.as('engineer').runs.listStatements({ id: run.id })).items;
  expect(statements.map(({ text, verdict, rule }) => [text, verdict, rule])).toEqual([
    ['drop table customers', 'deny', 'no-drop'],
    ['select 1', 'allow', null],
  ]);
  const [session] = (await reviewer.sessions.listSessions({ runId: run.id })).items;
  expect(session?.run).toEqual(ref);
  await expect(world.as('other').runs.listStatements({ id: run.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
