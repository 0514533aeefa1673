/** Who may connect, as ordinary clients meet it: rules that come and go, access for a time, and an emergency. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, removeData, type Stack, startStack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
}, 600_000);
afterAll(async () => {
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
});

const connection = () => stack.report.connections.find(({ labels }) => labels.env === 'prod') ?? stack.connection();
const connectionId = async () =>
  (await stack.api('admin').connections.showConnection.query({ name: connection().name })).id;
const psql = (who: string, text: string) => stack.psql(who, text, { connection: connection().name });

/** Resolves when the server ends the client's connection. */
async function session(who: string): Promise<{ readonly ended: Promise<unknown> }> {
  const client = await stack.driver(who, { connection: connection().name });
  const ended = new Promise((resolve) => client.once('end', resolve));
  await client.query('SELECT 1');
  return { ended };
}

it('a person who is disabled: their sessions, tokens and agents stop, and come back with them', async () => {
  const admin = stack.api('admin');
  const sessions = [await session('engineer'), await session('coding-agent')];
  const people = await admin.identities.listPeople.query();
  const id = people.find(({ name }) => name === 'engineer')?.id ?? '';
  const begun = performance.now();
  await admin.identities.updatePerson.mutate({ id, disabled: true });
  await Promise.all(sessions.map(({ ended }) => ended));
  console.log(`disabled: both sessions ended after ${(performance.now() - begun).toFixed(0)} ms`);
  for (const who of ['engineer', 'coding-agent']) {
    expect((await psql(who, 'SELECT 1')).code, who).not.toBe(0);
    await expect(stack.api(who).connections.listConnections.query({}), who).rejects.toThrow();
  }
  await admin.identities.updatePerson.mutate({ id, disabled: false });
  await eventually('they are let in again', async () => (await psql('coding-agent', 'SELECT 1')).code === 0);
});

it('a rule that is removed ends the sessions that were open by it, the agent’s of its owner too', async () => {
  const sessions = [await session('engineer'), await session('coding-agent')];
  const admin = stack.api('admin');
  const rules = await admin.access.listAccessRules.query();
  for (const { id } of rules.filter(({ mode }) => mode === 'connect'))
    await admin.access.deleteAccessRule.mutate({ id });
  await Promise.all(sessions.map(({ ended }) => ended));
});

it('without a rule nobody is let in by any door, and the refusal says what to do', async () => {
  const { code, err } = await psql('engineer', 'SELECT 1');
  expect(code).not.toBe(0);
  expect(err).toContain(`No access rule lets engineer connect to ${connection().name}`);
  expect(err).toContain(`sluice access request ${connection().name}`);
  const relay = await stack.psql('engineer', 'SELECT 1', { via: 'relay', connection: connection().name });
  expect(relay.err).toContain('No access rule lets engineer');
  const ticket = { name: connection().name, secretHash: 'x'.repeat(43) };
  await expect(stack.api('engineer').connections.issueTicket.mutate(ticket)).rejects.toThrow(/No access rule/);
});

it('access for a time: asked, granted, connected, ended by the gateway when its time is over', async () => {
  const engineer = stack.api('engineer');
  const ask = () =>
    engineer.access.requestAccess.mutate({
      connection: { name: connection().name },
      reason: 'ticket 4711',
      seconds: 60,
    });
  const { id } = await ask();
  await expect(engineer.access.decideAccessRequest.mutate({ id, outcome: 'approve' })).rejects.toThrow();
  await stack.api('reviewer').access.decideAccessRequest.mutate({ id, outcome: 'approve' });
  const { ended } = await session('engineer');
  // Its owner's grant is not the agent's.
  expect((await psql('coding-agent', 'SELECT 1')).err).toContain('No access rule lets coding-agent');
  await ended;
  expect((await psql('engineer', 'SELECT 1')).err).toContain('No access rule lets engineer');
});

it('an emergency: the glass is broken with a password, changes pass, everybody who watches sees it, and it ends at once', async () => {
  const engineer = stack.api('engineer');
  const reason = 'production is down, ticket 4712';
  const id = await connectionId();
  await expect(engineer.access.breakGlass.mutate({ connectionId: id, reason, password: 'wrong' })).rejects.toThrow(
    /password/,
  );
  const { password } = stack.who('engineer');
  const grant = await engineer.access.breakGlass.mutate({ connectionId: id, reason, password: password ?? '' });
  const changed = await psql('engineer', 'UPDATE customers SET notes = notes WHERE id = 1');
  expect(changed).toMatchObject({ code: 0 });
  const open = await session('engineer');
  const [shown] = await stack.api('reviewer').access.listEmergencies.query();
  expect(shown).toMatchObject({ id: grant.id, holder: { name: 'engineer' }, reason });
  await engineer.access.revokeGrant.mutate({ id: grant.id });
  await open.ended;
  await stack.api('reviewer').access.reviewEmergency.mutate({ id: grant.id, comment: 'one harmless update' });
  expect(await stack.api('reviewer').access.listEmergencies.query()).toEqual([]);
});
