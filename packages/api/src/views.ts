/** What the API answers: the shapes that pages, the CLI and tests read. Dates are Date (superjson). Texts are already masked. */
import type {
  ApprovalState,
  CredentialReferences,
  Durability,
  Impact,
  Revert,
  StepUp,
  TargetSession,
  TestResult,
  TicketDemand,
  UndoOffer,
} from '@sluice/domain';
import type { StatementOutputView } from './terminal-views.ts';

export type { AgentView, GroupView, PersonView, TokenView } from './account-views.ts';
export type { PolicyProblemView, PolicyRuleView } from './policy-file-views.ts';

/** Keyset page: pass `nextCursor` back as `cursor`. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Who acts, as every screen draws it: an agent always with its owner. */
export interface ActorView {
  readonly id: string;
  readonly kind: 'person' | 'service';
  readonly name: string;
  /** The base role's name. */
  readonly role: string;
  /** A person, or the team that owns it. */
  readonly owner: { readonly id: string; readonly name: string; readonly kind?: 'team' | undefined } | null;
}

/** A run as what was done in it names it. */
export interface RunRef {
  readonly id: string;
  readonly purpose: string;
  readonly taskId: string | null;
}

export interface MeView {
  readonly person: ActorView & { readonly email: string };
  /** What they hold for the installation, or for at least one connection. */
  readonly permissions: readonly string[];
  /** Ids of the groups that they are in. */
  readonly groups: readonly string[];
}

export type GatewayHealth = 'online' | 'offline' | 'never-connected';

/** `stale`: sealed for another gateway or key, so that it no longer opens. `referenced`: it stands where the gateway runs. */
export type CredentialState = 'sealed' | 'referenced' | 'missing' | 'stale';

export interface ConnectionSummary {
  readonly id: string;
  readonly name: string;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly tlsMode: string;
  readonly options: Record<string, unknown>;
  readonly labels: Record<string, string>;
  /** The gateways that serve it; any of them that is online does. `health` is the best of theirs. */
  readonly group: {
    readonly id: string;
    readonly name: string;
    readonly health: GatewayHealth;
    readonly members: readonly {
      readonly id: string;
      readonly name: string;
      readonly health: GatewayHealth;
      readonly listener: { readonly host: string; readonly port: number } | null;
    }[];
  } | null;
  readonly listener: { readonly host: string; readonly port: number } | null;
  readonly relay: { readonly host: string; readonly port: number };
  /** The writer's. */
  readonly credential: CredentialState;
  /** `missing` is in order: agents then open with the writer's. */
  readonly readerCredential: CredentialState;
  /** What the gateway's last look for sessions at the target that it did not open found; null before the first. */
  readonly otherSessions: {
    readonly checkedAt: Date;
    readonly total: number;
    /** Of these, how many say that they are Sluice's. */
    readonly claiming: number;
    /** What kept the target from being asked, or null. */
    readonly problem: string | null;
  } | null;
  readonly revision: number;
  readonly lastUsedAt: Date | null;
  /** Statements per hour over the last 24 h, oldest first (24 numbers). */
  readonly sparkline: readonly number[];
  /** What keeps it from working, in a sentence, or null. */
  readonly problem: string | null;
}

export interface ConnectionDetail extends ConnectionSummary {
  readonly tlsCa: string | null;
  readonly offlineLeaseSeconds: number;
  readonly defaultAction: 'allow' | 'hold' | 'deny';
  readonly holdBehaviour: 'wait' | 'refuse';
  readonly rehearsal: boolean;
  readonly undo: boolean;
  /** Where the gateway finds passwords, by purpose; in place of sealed ones. */
  readonly references: CredentialReferences;
  readonly stepUp: StepUp;
  readonly durability: Durability;
  /** What recordings keep of one result or stream: rows, and bytes. */
  readonly recordedRows: number;
  readonly recordedBytes: number;
  readonly sealing: readonly {
    readonly gatewayId: string;
    readonly gatewayName: string;
    readonly sealingKey: string;
    readonly fingerprint: string;
  }[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly lastTest: (TestResult & { readonly at: Date }) | null;
  /** At most 200 of them. */
  readonly otherSessionsFound: readonly TargetSession[];
}

export interface ApprovalSummary {
  readonly id: string;
  readonly state: ApprovalState;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly command: string;
  readonly kind: string;
  readonly objects: readonly string[];
  readonly filter: string;
  readonly connection: {
    readonly id: string;
    readonly name: string;
    readonly protocol: string;
    readonly labels: Record<string, string>;
  };
  readonly actor: ActorView;
  readonly run: RunRef | null;
  readonly rule: string | null;
  readonly sessionId: string;
  /** The names that the open stage asks. */
  readonly asked: readonly string[];
  /** Consents given so far, and how many all stages together ask for. */
  readonly given: number;
  readonly count: number;
}

export interface ApprovalStageView {
  readonly approvers: readonly string[];
  readonly count: number;
  /** Consents that count at this moment. */
  readonly given: number;
  readonly state: 'complete' | 'open' | 'later';
}

/** What a browser signs to decide, by answer: the SHA-256 of a text is the challenge. */
export interface StepUpView {
  readonly rpId: string;
  readonly texts: { readonly approve: string; readonly deny: string };
  readonly passkeys: readonly PasskeyHandle[];
}

export interface PasskeyHandle {
  readonly credentialId: string;
  readonly transports: readonly string[];
}

export interface PasskeyView {
  readonly id: string;
  readonly name: string;
  readonly credentialId: string;
  readonly fingerprint: string;
  /** Synced between devices by whoever made them. */
  readonly backedUp: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

export interface PasskeysView {
  readonly passkeys: readonly PasskeyView[];
  /** A first passkey asks for it. */
  readonly signInIsFresh: boolean;
}

/** What `navigator.credentials.create` asks for, and what has to come back with its answer. */
export interface PasskeyPreparation {
  readonly prepared: { readonly payload: string; readonly signature: string; readonly keyId: string };
  readonly challenge: string;
  readonly rpId: string;
  /** base64url. */
  readonly userHandle: string;
  readonly userName: string;
  readonly displayName: string;
  readonly existing: readonly PasskeyHandle[];
}

export interface ChannelView {
  readonly id: string;
  readonly kind: 'email' | 'slack' | 'webhook';
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: Record<string, unknown>;
  readonly lastSuccessAt: Date | null;
  readonly lastError: string | null;
  readonly lastErrorAt: Date | null;
}

export interface FailedDeliveryView {
  readonly id: string;
  readonly kind: string;
  readonly channel: string;
  readonly to: string | null;
  readonly state: 'dead' | 'retrying';
  readonly attempts: number;
  readonly of: number;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly nextTryAt: Date | null;
}

export interface ChannelsView {
  readonly channels: readonly ChannelView[];
  readonly failed: readonly FailedDeliveryView[];
  /** Where Slack sends what people press. */
  readonly slackUrl: string;
}

export interface PreferencesView {
  readonly kinds: readonly { readonly kind: string; readonly label: string; readonly urgent: boolean }[];
  /** By kind: the ways by which the person does not want to hear of it. */
  readonly muted: Readonly<Record<string, readonly ('email' | 'slack')[]>>;
  readonly pausedUntil: Date | null;
  /** Whether there is such a channel. */
  readonly email: boolean;
  readonly slack: boolean;
  readonly slackLinkedAt: Date | null;
}

export interface ApprovalDetail extends ApprovalSummary {
  readonly statementId: string;
  readonly statementText: string;
  readonly canonicalText: string;
  readonly binds: readonly (string | null)[];
  readonly reason: string;
  readonly ruleDescription: string | null;
  readonly approvers: readonly string[];
  readonly stages: readonly ApprovalStageView[];
  readonly behaviour: 'wait' | 'refuse';
  /** The requester's own words: a claim. `missing`: what the rule still wants of them, as a clause. */
  readonly stated: {
    readonly reason: string | null;
    readonly ticket: string | null;
    readonly ticketLink: string | null;
    readonly missing: string | null;
  };
  /** What the rule wants of requester (`reason`, `ticket`) and reviewer (`comment`). */
  readonly asks: { readonly reason: boolean; readonly comment: boolean; readonly ticket: TicketDemand | null };
  /** Whether the viewer may still give reason and ticket. */
  readonly mayState: boolean;
  /** Why it is void or cancelled, in a sentence; null: not that, or nobody said. */
  readonly settledBecause: string | null;
  /** For how long a decision may cover others like it, and a plain sentence of which; null: this statement only. */
  readonly alike: { readonly maxMinutes: number; readonly covers: string } | null;
  /** When who else may answer as well. */
  readonly escalation: { readonly at: Date; readonly to: readonly string[] } | null;
  readonly decisions: readonly {
    readonly by: ActorView;
    /** In whose stead it was given. */
    readonly inSteadOf: string | null;
    /** 0-based. */
    readonly stage: number;
    /** What it gives beside this statement. */
    readonly alike: { readonly minutes: number; readonly rows: number } | null;
    /** Why it does not count any more, as a clause. */
    readonly lapsed: string | null;
    readonly outcome: 'approve' | 'deny';
    readonly comment: string | null;
    readonly at: Date;
  }[];
  readonly outcome: {
    readonly rows: number | null;
    readonly durationMs: number;
    readonly error: string | null;
    readonly at: Date;
  } | null;
  /** `passkey`: a decision has to be signed. */
  readonly stepUp: StepUp;
  /** Whether the signed-in person's decision would count, and if not, why in a sentence. */
  readonly mayDecide: {
    readonly yes: boolean;
    readonly because: string | null;
    /** Whether a denial would count; it waits for no turn and no reason. */
    readonly mayDeny: boolean;
    /** Whose stead the viewer answers in. */
    readonly inSteadOf: string | null;
  };
  /** What the gateway keeps of it and until when; null: nothing. */
  readonly undo: UndoOffer | null;
  /** The last revert that was asked for; null: none. */
  readonly revert: Revert | null;
  /** Whether the signed-in person may have it reverted now, and if not, why in a sentence. */
  readonly mayRevert: { readonly yes: boolean; readonly because: string | null };
  /** Rows that it may change, or it is taken back; null: any number. */
  readonly ceiling: number | null;
  /** What the gateway found it would touch; null: not told yet, or the protocol cannot say. */
  readonly impact: Impact | null;
  /** Others like it (same fingerprint of shape, connection) today. */
  readonly earlier: { readonly approved: number; readonly denied: number };
  readonly policyVersion: number;
}

/** Leave for statements like one that was approved. */
export interface AlikeGrantView {
  readonly id: string;
  /** A plain sentence. */
  readonly covers: string;
  /** That each of them may change at most. */
  readonly rows: number;
  readonly approvalId: string | null;
  readonly holder: string;
  readonly connection: { readonly id: string; readonly name: string } | null;
  readonly grantedBy: string | null;
  readonly startsAt: Date;
  readonly expiresAt: Date;
}

export interface DelegationView {
  readonly id: string;
  readonly from: ActorView;
  readonly to: ActorView;
  readonly reason: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

export type SessionState = 'live' | 'closed' | 'interrupted';

export interface SessionSummary {
  readonly id: string;
  readonly state: SessionState;
  readonly actor: ActorView;
  readonly run: RunRef | null;
  readonly connection: { readonly id: string; readonly name: string; readonly protocol: string };
  readonly clientAddress: string;
  readonly clientSoftware: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly statements: number;
  readonly held: number;
  readonly denied: number;
  readonly endReason: string | null;
}

export interface SessionDetail extends SessionSummary {
  /** How many terminals it opened so far. */
  readonly terminals: number;
  readonly gateway: { readonly id: string; readonly name: string };
  readonly path: string;
  readonly policyVersion: number;
  readonly startup: Record<string, string>;
  readonly chain: {
    readonly ok: boolean;
    readonly chunks: number;
    readonly sealed: boolean;
    readonly problems: readonly string[];
  };
}

export interface StatementResultView {
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly masked: string | null;
    readonly dataClass: string | null;
  }[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly rowCount: number | null;
  readonly omittedRows: number;
  readonly tag: string;
}

/** What a gateway noted about a session as a whole. */
export interface SessionNoteView {
  readonly at: Date;
  readonly text: string;
}

/** One entry of a session's timeline, folded from the recording's events. */
export interface TimelineEntry {
  readonly id: string;
  readonly at: Date;
  readonly origin: 'client' | 'gateway';
  readonly text: string;
  readonly command: string;
  readonly kind: string;
  readonly verdict: 'allow' | 'hold' | 'deny';
  readonly rule: string | null;
  readonly reason: string;
  /** Every rule that matched, strictest first; a monitor rule's action is `monitor:deny` and the like. */
  readonly matched: readonly { readonly rule: string; readonly action: string }[];
  readonly binds: readonly (string | null)[];
  readonly held: {
    readonly approvalId: string;
    readonly outcome: string | null;
    readonly by: readonly string[];
    readonly comment: string | null;
    readonly waitedMs: number | null;
  } | null;
  readonly results: readonly StatementResultView[];
  /** What it read and wrote without a terminal, in order; pieces of one stream in a row are one. */
  readonly outputs: readonly StatementOutputView[];
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly durationMs: number | null;
  /** True: it ran with the writer's credential in a session that opened as the reader. */
  readonly asWriter: boolean;
}

export interface PolicyVersionView {
  readonly id: string;
  readonly version: number;
  readonly author: ActorView;
  readonly note: string;
  readonly createdAt: Date;
  readonly active: boolean;
  readonly rollbackOf: number | null;
}

export interface AuditEventView {
  readonly id: string;
  readonly index: number;
  readonly at: Date;
  readonly actor: ActorView | { readonly kind: 'system'; readonly name: string };
  readonly action: string;
  /** A sentence: "admin changed policy to version 12". */
  readonly sentence: string;
  readonly subject: { readonly type: string; readonly id: string; readonly name: string } | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly address: string | null;
  /** The credential that it came through; null for Sluice's own events and those from before this was kept. */
  readonly through: {
    readonly by: string;
    readonly id: string | null;
    readonly run: string | null;
    readonly software: string | null;
  } | null;
  /** The run that it was done in; null: in none that is known. */
  readonly run: RunRef | null;
}

export interface OverviewView {
  readonly waitingForMe: number;
  readonly waiting: number;
  /** Per hour over the last 24 h, oldest first. */
  readonly statementsByVerdict: readonly {
    readonly hour: Date;
    readonly allow: number;
    readonly hold: number;
    readonly deny: number;
  }[];
  readonly topConnections: readonly { readonly id: string; readonly name: string; readonly statements: number }[];
  readonly topRefusals: readonly { readonly rule: string | null; readonly command: string; readonly count: number }[];
  readonly gateways: { readonly online: number; readonly total: number; readonly problems: readonly string[] };
  readonly liveSessions: number;
  readonly lastVerification: { readonly at: Date; readonly sessions: number; readonly ok: boolean } | null;
  readonly firstRun: {
    readonly gatewayEnrolled: boolean;
    readonly connectionTested: boolean;
    readonly firstStatement: boolean;
  };
}

/** What the live channel (SSE at /api/live) sends: which lists to refresh. */
export interface LiveEvent {
  readonly topic:
    | 'approvals'
    | 'sessions'
    | 'connections'
    | 'gateways'
    | 'policies'
    | 'identities'
    | 'access'
    | 'audit'
    | 'runs'
    | 'notifications';
  readonly id: string | null;
}
