/** What a session needs from the gateway it runs in. The composition root (apps/gateway) implements every port. */
import type { Duplex } from 'node:stream';
import type {
  Actor,
  ApprovalCreate,
  ApprovalStatus,
  AuthoriseResponse,
  BundleConnection,
  CredentialPurpose,
  CredentialRef,
  Grant,
  Impact,
  MaintenanceWindow,
  Secret,
  StatementDescription,
  StatusDecision,
  TargetCredential,
  UndoImage,
  UndoOffer,
} from '@sluice/domain';
import type { CompiledMasks } from '@sluice/masking';
import type { CompiledPolicy } from '@sluice/policy';
import type { Durability, SessionRecorder } from '@sluice/recording';
import type { ClientProof, DialRequest, FactsReader, TargetKnowledge, WireProtocol } from '@sluice/wire-kit';
import type { StatementRates } from './statement-rates.ts';

/** The policy of this moment. `version` is the policy's own; equal versions mean equal rules. */
export interface PolicySnapshot {
  readonly version: number;
  readonly policy: CompiledPolicy;
  /** Windows of the bundle; none where it has none. */
  readonly maintenance?: readonly MaintenanceWindow[];
}

/** Whether new statements may run while the control plane is away (invariant 6). */
export interface LeasePort {
  /** Null when the connection's lease holds; else a sentence that says since when it does not. */
  problem(connection: BundleConnection): string | null;
  /** True when approvals can be raised right now. */
  controlPlaneReachable(): boolean;
}

export interface AuthorisePort {
  /** The last revocation epoch that was heard of. Where it moved since somebody was asked about, they are asked about again. */
  readonly epoch: number;
  /** Throws SluiceError when the control plane cannot be asked and no cached answer holds. */
  authorise(request: {
    readonly connection: BundleConnection;
    readonly clientAddress: string;
    readonly proof: ClientProof;
    readonly startup: Readonly<Record<string, string>>;
    /** Its session runs already: what ends only signing in no longer counts; absent: it does. */
    readonly open?: boolean;
  }): Promise<AuthoriseResponse>;
  /** Whether what a ticket was issued on still holds. Throws SluiceError when nobody can be asked. */
  confirm(connection: BundleConnection, clientAddress: string, credential: CredentialRef): Promise<AuthoriseResponse>;
}

export interface ApprovalsPort {
  create(request: ApprovalCreate): Promise<ApprovalStatus>;
  /** Calls `settled` once the approval has left `waiting`, also where it has already; never after `unwatch`. */
  watch(id: string, settled: (status: ApprovalStatus) => void): void;
  unwatch(id: string): void;
  /** Compare-and-set approved → consumed for this gateway start. False when it was not approved any more. */
  consume(id: string, effectDigest: string): Promise<boolean>;
  outcome(id: string, outcome: ApprovalOutcome): void;
  /** What the statement would touch, for those who decide. Throws SluiceError when it could not be told. */
  impact(id: string, impact: Impact): Promise<void>;
  cancel(id: string, state: 'cancelled' | 'expired' | 'void', reason: string): void;
}
/** What people decided on a hold. */
export interface StepUpRequest {
  readonly connection: Pick<BundleConnection, 'name' | 'stepUp'>;
  readonly approvalId: string;
  readonly effectDigest: string;
  /** Who asked. */
  readonly actor: Actor;
  /** Distinct people whose signatures it takes. */
  readonly count: number;
  readonly ownerCounts: boolean;
  readonly decisions: readonly StatusDecision[];
}

export interface StepUpPort {
  /**
   * Null when the connection asks for no signatures, or when enough people signed exactly this, which is noted as used. Else the end
   * of a sentence that says what is missing.
   */
  use(request: StepUpRequest): string | null;
}

/** Keeps what approved changes overwrote, sealed, in the gateway. */
export interface UndoPort {
  /** Throws SluiceError when it could not be kept. */
  keep(approvalId: string, connectionId: string, image: UndoImage): UndoOffer;
  drop(approvalId: string): void;
}

export interface ApprovalOutcome {
  readonly outcome: 'succeeded' | 'failed' | 'outcome-unknown';
  readonly rows: number | null;
  readonly durationMs: number;
  readonly error: string | null;
  /** What was kept of it, so that it can be reverted; absent: nothing. */
  readonly undo?: UndoOffer;
}

/** One session's recording. `append` throws SluiceError(`spool-full`) when the event is not safely in the spool. */
export type RecordingPort = Pick<SessionRecorder, 'append' | 'close' | 'synced'>;

export interface SessionPorts {
  readonly now: () => number;
  readonly newId: () => string;
  readonly gateway: { readonly id: string; readonly startId: string };
  readonly publicUrl: () => string;
  readonly authorise: AuthorisePort;
  readonly lease: LeasePort;
  readonly policy: () => PolicySnapshot;
  /** Opens the sealed credential for exactly this connection's address and purpose. Throws SluiceError. */
  readonly credential: (connection: BundleConnection, purpose: CredentialPurpose) => Promise<Secret<TargetCredential>>;
  /** Notes a session that this gateway opened at the target, by the target's own name for it; the returned function forgets it. */
  readonly noteSession: (connection: BundleConnection, id: string) => () => void;
  readonly connect: (connection: BundleConnection, signal: AbortSignal) => Promise<Duplex>;
  readonly allowWeakAuthentication: (connection: BundleConnection) => boolean;
  /** Knowledge shared by all sessions of a connection revision; opened at the first use. Null when it could not be opened. */
  readonly knowledge: (
    protocol: WireProtocol,
    connection: BundleConnection,
    dial: DialRequest,
  ) => Promise<TargetKnowledge | null>;
  readonly facts: FactsReader;
  /** Counts statements towards limits, for all sessions of this gateway. */
  readonly rates: StatementRates;
  readonly describe: (language: string, text: string) => Promise<StatementDescription>;
  readonly approvals: ApprovalsPort;
  /** Absent: nothing is kept. */
  readonly undo?: UndoPort;
  readonly stepUp: StepUpPort;
  readonly openRecording: (sessionId: string, durability: Durability) => RecordingPort;
  /** Keyed digest with a key that never leaves this gateway. */
  readonly digest: (text: string) => string;
  /** `digestOfProof`, base64url, compared in constant time to a ticket's `secretHash`. */
  readonly proofMatches: (proof: ClientProof, hash: string) => boolean;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Masks of one actor on one connection under one policy version. */
export type Masks = CompiledMasks;

/** Who a ticket speaks for; the client still has to present the password of the CLI's run. */
export interface TicketGrant {
  readonly actor: Actor;
  readonly secretHash: string;
  readonly expiresAt: string | null;
  readonly accessUntil: string | null;
  readonly grants: readonly Grant[];
  readonly credential: CredentialRef;
}
