import { newId } from '@sluice/keys';
import { judged, recordSession } from '@sluice/testkit/recordings';
import { callerOf, makeWorld, type Name, type World } from '@sluice/testkit/world';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeChunk } from './gateway/accept-chunk.ts';
import { raiseApproval, showSettled, showStatus } from './gateway/approvals.ts';
import { issueLeaf } from './gateway/issue-leaf.ts';
import { exportRecording } from './sessions/export-recording.ts';

/** What is not the caller's does not exist for them: every way to name it by id is tried by somebody else. */
let world: World;
const sessions: Partial<Record<Name, string>> = {};
const approvals: Partial<Record<Name, string>> = {};

beforeAll(async () => {
  world = await makeWorld();
  for (const name of ['agent', 'stray', 'engineer', 'other'] as const) {
    const { sessionId, chunks } = await recordSession(world, name, [[judged(0, `select '${name}'`)]]);
    for (const chunk of chunks) await storeChunk(world.services, world.gateway, chunk, new Date());
    sessions[name] = sessionId;
    const hold = world.hold(name);
    await raiseApproval(world.services, world.gateway, hold, new Date());
    approvals[name] = hold.id;
  }
});
afterAll(() => world.stop());

const sees: Readonly<Record<string, readonly Name[]>> = {
  engineer: ['engineer', 'agent'],
  agent: ['agent'],
  other: ['other', 'stray'],
  reviewer: ['engineer', 'agent', 'other', 'stray'],
};

test.each(Object.keys(sees) as Name[])('%s sees their own sessions, and no others by any road', async (viewer) => {
  const caller = world.as(viewer);
  const mine = (sees[viewer] ?? []).map((name) => sessions[name]);
  const listed = await caller.sessions.listSessions({});
  expect(listed.items.map((item) => item.id).sort()).toEqual([...mine].sort());
  for (const owner of ['agent', 'stray', 'engineer', 'other'] as const) {
    const id = sessions[owner] ?? '';
    const roads = [
      () => caller.sessions.showSession({ id }),
      () => caller.sessions.listTimeline({ id }),
      () => caller.sessions.verifySession({ id }),
    ];
    for (const road of roads) {
      if (mine.includes(id)) await expect(road()).resolves.toBeDefined();
      else await expect(road()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    const filtered = await caller.sessions.listSessions({ search: `select '${owner}'` });
    expect(filtered.items).toHaveLength(mine.includes(id) ? 1 : 0);
  }
});

test('a recording is exported by who may see it', async () => {
  const take = async (name: Name, of: Name) => {
    const caller = await callerOf(world.test.database.db, world.actors[name]);
    const context = { services: world.services, caller: null, refusal: null, address: null, software: null };
    return exportRecording(context, caller, sessions[of] ?? '');
  };
  expect((await take('engineer', 'agent')).toString('utf8')).toContain('sluice-recording-export/1');
  await expect(take('engineer', 'stray')).rejects.toMatchObject({ code: 'not-found' });
  await expect(take('agent', 'agent')).rejects.toMatchObject({ code: 'forbidden' });
});

test.each(Object.keys(sees) as Name[])('%s sees the approvals that are theirs or asked of them', async (viewer) => {
  const caller = world.as(viewer);
  for (const owner of ['agent', 'stray', 'engineer', 'other'] as const) {
    const shown = caller.approvals.showApproval({ id: approvals[owner] ?? '' });
    if (sees[viewer]?.includes(owner)) await expect(shown).resolves.toMatchObject({ state: 'waiting' });
    else await expect(shown).rejects.toMatchObject({ code: 'NOT_FOUND' });
  }
  const { items } = await caller.approvals.listApprovals({ scope: 'all' });
  expect(items).toHaveLength(sees[viewer]?.length ?? 0);
});

test('public keys: one’s own and one’s agents’; one key stands for one identity, and may come back once removed', async () => {
  const { engineer, other, agent, stray } = world.actors;
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop';
  const add = (name: Name, identityId: string) => world.as(name).identities.addKey({ identityId, publicKey: line });
  await expect(add('engineer', stray.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(add('admin', other.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const { token } = await add('engineer', agent.id);
  expect(token).toMatchObject({ type: 'public-key', label: 'me@laptop', display: expect.stringMatching(/^SHA256:/) });
  await expect(add('engineer', engineer.id)).rejects.toMatchObject({ code: 'CONFLICT' });
  await world.as('engineer').identities.revokeToken({ id: token.id });
  await expect(add('engineer', engineer.id)).resolves.toMatchObject({ token: { type: 'public-key' } });
});

test('tokens: one’s own and one’s agents’, an admin for agents, nobody for another person', async () => {
  const { engineer, other, agent, stray } = world.actors;
  const mint = (name: Name, identityId: string) =>
    world.as(name).identities.createToken({ identityId, type: 'api', label: 'test' });
  const minted = await mint('engineer', agent.id);
  expect(minted.secret).toMatch(/^sls_/);
  await expect(mint('engineer', engineer.id)).resolves.toMatchObject({ secret: expect.stringMatching(/^slp_/) });
  await expect(mint('engineer', stray.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(mint('engineer', other.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(mint('admin', other.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(mint('admin', stray.id)).resolves.toBeDefined();
  const revoke = (name: Name) => world.as(name).identities.revokeToken({ id: minted.token.id });
  await expect(revoke('other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(world.as('other').identities.listTokens({ identityId: agent.id })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(revoke('engineer')).resolves.toEqual({ ok: true });
  const update = world.as('other').identities.updateAgent({ id: agent.id, disabled: true });
  await expect(update).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const steal = world.as('engineer').identities.updateAgent({ id: agent.id, ownerId: other.id });
  await expect(steal).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('a gateway reaches the rows of its own connections only', async () => {
  const stranger = { id: newId(), signingKey: world.gateway.signingKey };
  const now = new Date();
  const refused = { code: 'not-found' };
  await expect(showStatus(world.services, stranger, approvals.agent ?? '', now)).rejects.toMatchObject(refused);
  const asked = { ids: [approvals.agent ?? '', newId(), 'no id'] };
  expect(await showSettled(world.services, stranger, asked, now)).toEqual({ settled: [] });
  await expect(raiseApproval(world.services, stranger, world.hold('agent'), now)).rejects.toMatchObject(refused);
  const leaf = { connectionId: world.connectionId, publicKey: '' };
  await expect(issueLeaf(world.services, stranger, leaf, now)).rejects.toMatchObject(refused);
});
