import type { ExplainRequest } from '@sluice/domain';
import { agent, SessionWorld } from '@sluice/testkit/sessions';
import { EchoServer, toyConnection, toyEcho, toyLanguage } from '@sluice/testkit/toy-echo';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { explainStatement } from './explain-statement.ts';

let world: SessionWorld;
let echo: EchoServer;
beforeEach(async () => {
  world = new SessionWorld([toyLanguage]);
  echo = await EchoServer.start();
});
afterEach(async () => {
  await echo.stop();
  world.close();
});

const explain = (text: string, more: Partial<ExplainRequest> = {}) =>
  explainStatement(
    { connectionId: 'connection-1', actor: agent, text, source: null, grants: [], ...more },
    toyConnection(echo.port),
    toyEcho,
    world.ports,
  );

test('says what policy would say, sends nothing of the text to the target and records nothing', async () => {
  expect(await explain('echo it')).toMatchObject({ ok: true, action: 'allow', rule: 'allow-reads', policyVersion: 1 });
  expect(await explain('drop it')).toMatchObject({ ok: true, action: 'deny', rule: 'deny-agent-destructive' });
  const held = await explain("write email='somebody@example.org'");
  expect(held).toMatchObject({ ok: true, action: 'hold', hold: { approvers: ['reviewer', 'admin'], count: 1 } });
  expect(JSON.stringify(held)).not.toContain('somebody@example.org');
  expect(echo.received).toEqual([]);
  expect(world.spool.events()).toEqual([]);
});

test('says which rules met the statement, in words, and what could not be read', async () => {
  const answer = await explain('drop it');
  if (!answer.ok) throw new Error(answer.message);
  expect(answer.rules.find(({ name }) => name === 'deny-agent-destructive')).toMatchObject({
    matched: true,
    error: null,
    sentence: "Denies the statement when actor.role == 'agent' && statement.destructive.",
  });
  expect(answer.rules.find(({ name }) => name === 'allow-admin')?.matched).toBe(false);
  expect(answer.rules.filter(({ matched, action }) => matched && action === 'mask').length).toBeGreaterThan(0);
  expect(await explain('echo forbidden')).toMatchObject({ action: 'deny', unreadable: { position: 6 } });
});

test('judges by a draft with grants, and says where a draft is wrong', async () => {
  const source = `version: 1
rules:
  - { name: lane, description: The fast lane., action: allow, when: "'fast' in grants" }
  - { name: team, description: x, action: limit, when: "connection.labels.team == 'a'", rows: 5 }
`;
  expect(await explain('echo it', { source, grants: ['fast'] })).toMatchObject({
    policyVersion: null,
    action: 'allow',
    limits: { rows: { rule: 'team', most: 5 } },
  });
  const without = await explain('echo it', { source });
  expect(without).toMatchObject({ action: 'deny', rule: null });
  // The label is not there: the rule says so, and its limit holds.
  expect(without.ok && without.rules[1]).toMatchObject({ name: 'team', matched: false, error: expect.any(String) });
  expect(await explain('echo it', { source: 'version: 2' })).toMatchObject({
    ok: false,
    code: 'policy-invalid',
    message: expect.stringContaining('line 1, column'),
  });
});
