import type { AgentView } from '@sluice/api';
import { expect, test } from 'vitest';
import { agentDraft, describeScopes, emptyAgent, scopesOf } from './agent-draft.ts';

const agent: AgentView = {
  id: 'a1',
  name: 'coding-agent',
  owner: { id: 't1', name: 'payments', kind: 'team' },
  disabled: false,
  scopes: { connectionIds: ['c1'], selector: { env: ['prod', 'staging'] }, kinds: ['read'], networks: ['10.0.0.0/8'] },
  expiresAt: null,
  createdAt: new Date(0),
  tokens: 0,
  keys: 0,
  lastUsedAt: null,
};

test('what an agent has comes back as it is when nothing is changed', () => {
  const draft = agentDraft(agent);
  expect(draft).toMatchObject({ ownerKind: 'team', labels: 'env=prod,staging', networks: '10.0.0.0/8' });
  expect(scopesOf(draft)).toEqual(agent.scopes);
  expect(scopesOf({ ...draft, labels: 'prod' })).toBeNull();
});

test('scopes are told in a sentence', () => {
  const names = new Map([['c1', 'orders']]);
  expect(describeScopes(emptyAgent('p1'), names, 'every connection')).toBe(
    'May work on every connection; never more than its owner may.',
  );
  expect(describeScopes(agentDraft(agent), names, 'connections where env is prod or staging')).toBe(
    'May work on orders among connections where env is prod or staging, with statements of the kinds read, from 10.0.0.0/8; never more than its owner may.',
  );
});
