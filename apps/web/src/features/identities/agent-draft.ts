import type { AgentView } from '@sluice/api';
import type { LabelSelector, StatementKind } from '@sluice/domain';
import { readSelector, selectorText, words } from '../access/rule-draft.ts';

/** What stands in an agent's form. */
export interface AgentDraft {
  readonly name: string;
  /** `person` or `team`, and the id. */
  readonly ownerKind: 'person' | 'team';
  readonly ownerId: string;
  readonly connectionIds: readonly string[];
  readonly labels: string;
  readonly kinds: readonly StatementKind[];
  readonly networks: string;
  readonly expiresAt: Date | null;
  readonly disabled: boolean;
}

export function emptyAgent(ownerId: string): AgentDraft {
  return {
    name: '',
    ownerKind: 'person',
    ownerId,
    connectionIds: [],
    labels: '',
    kinds: [],
    networks: '',
    expiresAt: null,
    disabled: false,
  };
}

export function agentDraft(agent: AgentView): AgentDraft {
  const { connectionIds, selector, kinds, networks } = agent.scopes;
  return {
    name: agent.name,
    ownerKind: agent.owner.kind === 'team' ? 'team' : 'person',
    ownerId: agent.owner.id,
    connectionIds,
    labels: selectorText(selector),
    kinds,
    networks: networks.join(' '),
    expiresAt: agent.expiresAt,
    disabled: agent.disabled,
  };
}

/** The scopes as the API takes them; null while the labels cannot be read. */
export function scopesOf(draft: AgentDraft) {
  const selector: LabelSelector | null = readSelector(draft.labels);
  if (selector === null) return null;
  const { connectionIds, kinds, networks } = draft;
  return { connectionIds: [...connectionIds], selector, kinds: [...kinds], networks: words(networks) };
}

/** What the scopes leave, as a sentence. */
export function describeScopes(draft: AgentDraft, connectionNames: ReadonlyMap<string, string>, where: string): string {
  const named = draft.connectionIds.map((id) => connectionNames.get(id) ?? 'a connection that is gone');
  const places =
    named.length === 0 ? where : draft.labels === '' ? named.join(', ') : `${named.join(', ')} among ${where}`;
  const networks = words(draft.networks);
  return [
    `May work on ${places}`,
    draft.kinds.length === 0 ? '' : `with statements of the kinds ${draft.kinds.join(', ')}`,
    networks.length === 0 ? '' : `from ${networks.join(' or ')}`,
  ]
    .filter((part) => part !== '')
    .join(', ')
    .concat('; never more than its owner may.');
}
