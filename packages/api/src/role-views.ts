/** What the API answers about roles, who can do what, and runs. */
import type { Answer, LabelSelector, Permission } from '@sluice/domain';
import type { ActorView } from './views.ts';

/** A declared task, and what was done in it. */
export interface RunView {
  readonly id: string;
  readonly actor: ActorView;
  readonly taskId: string | null;
  readonly purpose: string;
  readonly software: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly sessions: number;
  readonly statements: number;
  readonly held: number;
  readonly denied: number;
}

/** One statement of a run; its whole story stands in its session. */
export interface RunStatementView {
  readonly id: string;
  readonly sessionId: string;
  readonly connection: { readonly id: string; readonly name: string; readonly protocol: string };
  readonly at: Date;
  readonly text: string;
  readonly command: string;
  readonly verdict: string;
  readonly rule: string | null;
  readonly approvalId: string | null;
  readonly rows: number | null;
  readonly durationMs: number | null;
  readonly errorCode: string | null;
}

/** A role; those that are built in have no id and are not changed. */
export interface RoleView {
  readonly id: string | null;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
  readonly builtIn: boolean;
}

export interface RoleAssignmentView {
  readonly id: string;
  readonly role: string;
  readonly holder: { readonly kind: 'person' | 'group'; readonly id: string; readonly name: string };
  readonly selector: LabelSelector;
  /** The selector in words. */
  readonly where: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

export interface AccessConnection {
  readonly id: string;
  readonly name: string;
  readonly labels: Record<string, string>;
}

/** One line of the matrix: about one person or agent it names connections, about one connection it names people and agents. */
export interface AccessRow {
  readonly connection: AccessConnection | null;
  readonly actor: ActorView | null;
  readonly answers: {
    readonly see: Answer;
    readonly connect: Answer;
    readonly approve: Answer;
    readonly change: Answer;
    readonly readRecordings: Answer;
  };
}

export interface AccessMatrix {
  readonly about:
    | { readonly kind: 'identity'; readonly actor: ActorView; readonly active: boolean }
    | { readonly kind: 'connection'; readonly connection: AccessConnection };
  readonly rows: readonly AccessRow[];
}
