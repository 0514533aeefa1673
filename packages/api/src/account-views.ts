/** What the API answers about people, agents, groups and tokens. */
import type { AgentScopes } from '@sluice/domain';

export interface PersonView {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: string;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly disabled: boolean;
  readonly createdAt: Date;
  readonly lastSignInAt: Date | null;
  readonly agents: readonly { readonly id: string; readonly name: string }[];
}

export interface AgentView {
  readonly id: string;
  readonly name: string;
  readonly owner: { readonly id: string; readonly name: string; readonly kind?: 'team' | undefined };
  /** By hand, by its end, or because nobody it acts for is active. */
  readonly disabled: boolean;
  readonly scopes: AgentScopes;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  /** API tokens and native secrets that still work. */
  readonly tokens: number;
  /** Public keys that still sign in. */
  readonly keys: number;
  readonly lastUsedAt: Date | null;
}

export interface GroupView {
  readonly id: string;
  readonly name: string;
  readonly members: readonly { readonly id: string; readonly name: string }[];
}

export interface TokenView {
  readonly id: string;
  readonly label: string;
  readonly type: 'api' | 'native' | 'public-key' | 'certificate';
  readonly display: string;
  readonly connections: readonly { readonly id: string; readonly name: string }[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}
