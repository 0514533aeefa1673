import type { GroupRow, PersonRow, ServiceIdentityRow, TokenRow } from '@sluice/database';
import { agentScopesSchema } from '@sluice/domain';
import { agentIsActive, ownerOf } from '@sluice/identity';
import type { AgentView, GroupView, PersonView, TokenView } from '../views.ts';

export function toPersonView(row: PersonRow): PersonView {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    role: row.role,
    groups: row.memberships.map(({ group }) => ({ id: group.id, name: group.name })),
    disabled: row.disabledAt !== null,
    createdAt: row.createdAt,
    lastSignInAt: row.lastSignInAt,
    agents: row.agents.map(({ id, name }) => ({ id, name })),
  };
}

export function toAgentView(row: ServiceIdentityRow, now: Date): AgentView {
  const live = row.tokens.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  const uses = row.tokens.map((token) => token.lastUsedAt).filter((at): at is Date => at !== null);
  return {
    id: row.id,
    name: row.name,
    owner: ownerOf(row),
    disabled: !agentIsActive(row, now),
    scopes: agentScopesSchema.parse(row.scopes),
    expiresAt: row.expiresAt,
    createdAt: row.createdAt,
    tokens: live.filter(({ type }) => type === 'api' || type === 'native').length,
    keys: live.filter(({ type }) => type === 'public-key').length,
    lastUsedAt: uses.length === 0 ? null : new Date(Math.max(...uses.map((at) => at.getTime()))),
  };
}

export function toGroupView(row: GroupRow): GroupView {
  return {
    id: row.id,
    name: row.name,
    members: row.memberships.map(({ person }) => ({ id: person.id, name: person.name })),
  };
}

const tokenTypes: readonly TokenView['type'][] = ['api', 'native', 'public-key', 'certificate'];

export function toTokenView(row: TokenRow): TokenView {
  return {
    id: row.id,
    label: row.label,
    type: tokenTypes.find((type) => type === row.type) ?? 'api',
    display: row.display,
    connections: row.connections.map(({ connection }) => connection),
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    lastUsedAt: row.lastUsedAt,
    revokedAt: row.revokedAt,
  };
}
