/**
 * The one interface every protocol implements. A protocol receives byte streams, options, a credential and an inspector; it never
 * sees the database, the policy or the recorder. The order of things (identify → authorise → dial → relay) is written once, in
 * `@sluice/session`, which calls the four steps below.
 */
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type {
  Actor,
  BundleConnection,
  ColumnRef,
  Impact,
  OutputLineage,
  ReadOutcome,
  Refusal,
  Rehearsal,
  RevertOutcome,
  Road,
  Secret,
  StatementFacts,
  TargetAddress,
  TargetCredential,
  TargetSession,
  TestStep,
  UndoImage,
} from '@sluice/domain';
import type { StatementStream, StatementStreamName, TerminalRequest, TerminalTap } from './byte-taps.ts';
import type { ClientProof } from './client-proof.ts';
import type { GatewayIdentity } from './gateway-identity.ts';
import type { ProtocolManifest } from './manifest.ts';
import type { AdmitPermit, ForwardPermit } from './permit.ts';

export type { Duplex };

/** How a client's bytes reach the gateway. */
export interface ClientTransport {
  readonly stream: Duplex;
  /** `ip:port` of the client as the listener or the relay saw it. */
  readonly clientAddress: string;
  /** True when both ends are this machine: a secret may then travel without TLS. */
  readonly loopback: boolean;
  /** True when the stream is already inside TLS that this gateway ended (`sluice connect`); a TLS request is then answered no. */
  readonly secured: boolean;
  /** The connection's leaf for TLS on native ports; null where the gateway has none yet (then TLS is refused). */
  readonly tls: (() => SecureContext) | null;
  /** For protocols whose clients pin keys; absent: this gateway has none. */
  readonly identity?: GatewayIdentity;
}

/** What `acceptClient` found at the other end. */
export type AcceptedClient =
  | { readonly type: 'session'; readonly client: WireClient }
  /** A request to cancel what another session of this connection runs; the stream needs no answer and is closed. */
  | { readonly type: 'cancel'; readonly token: string };

export interface WireClient {
  /** The last one that it presented. */
  readonly proof: ClientProof;
  /**
   * Tells the client that its proof lets nobody in and waits for another, where the protocol lets a client try several (keys of an
   * agent). Null: it has none, or had tries enough; the session is then refused. Absent: one proof is all there is.
   */
  readonly anotherProof?: (words: Pick<WireRefusal, 'message' | 'hint'>) => Promise<ClientProof | null>;
  /** What the client said of itself (`user`, `application_name`, driver): recorded, identifies nobody. */
  readonly startup: Readonly<Record<string, string>>;
  /** Ends the client before or after admission in the protocol's own words. Never throws. */
  refuse(refusal: WireRefusal): Promise<void>;
}

/** A refusal of the whole session. `reason` lets the protocol choose its own error class. */
export interface WireRefusal {
  readonly reason: 'authentication' | 'authorisation' | 'target' | 'unavailable' | 'protocol' | 'terminated';
  readonly message: string;
  readonly hint: string;
}

export interface AcceptRequest {
  readonly transport: ClientTransport;
  readonly connection: BundleConnection;
  readonly signal: AbortSignal;
}

export interface DialRequest {
  readonly address: TargetAddress;
  readonly options: Readonly<Record<string, unknown>>;
  readonly credential: Secret<TargetCredential>;
  /** Opens a TCP stream to the target; the gateway owns addresses, limits and timeouts. */
  readonly connect: (signal: AbortSignal) => Promise<Duplex>;
  /** Cleartext or MD5 authentication without verified TLS, a gateway-local opt-in. */
  readonly allowWeakAuthentication: boolean;
  /** For the target's own logs, e.g. `sluice/coding-agent for engineer`. Already safe to print. */
  readonly actorLabel: string;
  /** The client's own startup parameters, where the session already has a client. */
  readonly startup: Readonly<Record<string, string>>;
  /** The session must begin so that the target itself refuses writes, by a setting that the client's resets go back to. */
  readonly readOnly: boolean;
  /**
   * Told the target's own name of a session as soon as it is open, so that the gateway knows which sessions at the target are its
   * own; the returned function is called when it is closed.
   */
  readonly noteSession: (id: string) => () => void;
  readonly signal: AbortSignal;
}

export interface WireTarget {
  /** Cancels what runs, over a connection of its own where the protocol wants one. Never throws. */
  cancel(): Promise<void>;
  /** Closes cleanly where possible. Never throws. */
  close(): Promise<void>;
}

/**
 * What a gateway shares between the sessions of one connection: a bounded catalogue cache filled over a control session of the
 * gateway's own. A protocol that has none uses null.
 */
export interface TargetKnowledge {
  close(): Promise<void>;
}

export interface RelayRequest<Client extends WireClient, Target extends WireTarget, Knowledge extends TargetKnowledge> {
  readonly client: Client;
  readonly target: Target;
  /**
   * Opens another session of the same client with the writer's credential, for a statement that needs it; null where `target` has
   * that credential already. Throws SluiceError like `dialTarget`.
   */
  readonly dialWriter: (() => Promise<Target>) | null;
  readonly knowledge: Knowledge | null;
  readonly connection: BundleConnection;
  /** Whether a person or an agent is at the other end: for what a connection offers to people only. Policy knows more. */
  readonly actorKind: Actor['kind'];
  readonly permit: AdmitPermit;
  readonly inspector: Inspector;
  readonly facts: FactsReader;
  /** Aborted to terminate the session (kill, revocation, drain, expiry); the abort reason is a `WireRefusal`. */
  readonly signal: AbortSignal;
}

export interface ReadTextRequest<Knowledge extends TargetKnowledge> {
  readonly text: string;
  readonly dial: DialRequest;
  readonly knowledge: Knowledge | null;
  readonly facts: FactsReader;
}

/** A text as it was read, and the state of the session that it was read for. */
export interface ReadText {
  readonly language: string;
  readonly outcome: ReadOutcome;
  readonly state: SessionState;
  /** What the protocol refuses in it whatever policy says, in a clause; null: nothing. */
  readonly uncarried: string | null;
}

/** Why a session ended. `clean`: one side said goodbye. */
export interface SessionEnd {
  readonly reason: 'clean' | 'client-gone' | 'target-gone' | 'terminated' | 'protocol-violation';
  readonly message: string;
}

export interface WireProtocol<
  Client extends WireClient = WireClient,
  Target extends WireTarget = WireTarget,
  Knowledge extends TargetKnowledge = TargetKnowledge,
> {
  readonly manifest: ProtocolManifest;
  /** Handshake with the client until it has presented a proof. Throws SluiceError on a bad handshake, having answered it. */
  acceptClient(
    request: AcceptRequest,
  ): Promise<
    { readonly type: 'session'; readonly client: Client } | { readonly type: 'cancel'; readonly token: string }
  >;
  /** TLS and authentication towards the target. Throws SluiceError (`target-unreachable`, `target-tls`, `target-auth` …). */
  dialTarget(request: DialRequest): Promise<Target>;
  /** Opens the shared knowledge of a target, or null when the protocol needs none. */
  openKnowledge(request: DialRequest): Promise<Knowledge | null>;
  /** Admits the client (spending the permit) and relays until the end. Resolves in every case; both sides are closed. */
  relay(request: RelayRequest<Client, Target, Knowledge>): Promise<SessionEnd>;
  /**
   * Reads a text as a new session of this connection would, and runs nothing: names are what the target answers to the closed list of
   * the gateway's own questions. Throws SluiceError when the target cannot be asked.
   */
  readText(request: ReadTextRequest<Knowledge>): Promise<ReadText>;
  /** Step-by-step check of address, TLS, authentication and rights. Never rejects for the target's faults. */
  testTarget(request: TargetTestRequest): Promise<TargetTest>;
  /**
   * The sessions at the target under the credential's own account, this gateway's among them and its own asking not. Null: the
   * protocol has none to list. Throws SluiceError when the target cannot be asked.
   */
  readonly listSessions: ((request: DialRequest) => Promise<readonly TargetSession[]>) | null;
  /**
   * Puts back what a change overwrote, in a session of its own: all of it, or nothing where a row was changed since or anything else would
   * change with it. Absent: the protocol keeps nothing. Never rejects for the target's faults.
   */
  readonly revertChange?: (request: RevertRequest) => Promise<RevertOutcome>;
  /**
   * Gives the credential's own account another password at the target and waits for `confirm`; when that rejects, the old password is
   * given back before this rejects too. Null: the protocol has no passwords to change. Throws SluiceError when the target refuses.
   */
  readonly rotatePassword: ((request: DialRequest, next: Secret, confirm: () => Promise<void>) => Promise<void>) | null;
}

export interface RevertRequest {
  /** The writer's. */
  readonly dial: DialRequest;
  readonly image: UndoImage;
  /** Masks as for the record. */
  masks(fields: readonly ResultField[]): ResultMasker;
}

export interface TargetTestRequest {
  readonly writer: DialRequest;
  /** Null: the connection has no reader's credential. */
  readonly reader: DialRequest | null;
}
export interface TargetTest {
  readonly steps: readonly TestStep[];
  /** Sentences that name dangerous roles and surroundings, the worst first. */
  readonly warnings: readonly string[];
  /** What closes the roads to the target that do not lead through the gateway. */
  readonly roads: readonly Road[];
}

/** Reads a text with a language in the parse worker. Synchronous on a cache hit. Never rejects: a failure is an outcome. */
export interface FactsReader {
  read(request: FactsRequest): ReadOutcome | Promise<ReadOutcome>;
}
export interface FactsRequest {
  readonly language: string;
  readonly text: string;
  /** The language's own session state: JSON-safe. `sessionKey` is a short string equal for equal states (the cache key). */
  readonly session: unknown;
  readonly sessionKey: string;
  /** The language's own catalogue, sent to the worker once per `id`; null when none is known. */
  readonly catalogue: { readonly id: string; readonly data: unknown } | null;
  /** A text of the gateway's own: no client sends it, so its reading is not worth remembering. */
  readonly once?: boolean;
}

/** State of the client's session at the target that verdicts and approvals are bound to. */
export interface SessionState {
  readonly database: string;
  /** Effective role; null: unknown. */
  readonly role: string | null;
  /** Effective search path or its like; null: unknown. */
  readonly searchPath: readonly string[] | null;
  readonly inTransaction: boolean;
}

/** When in a statement's life a judgement is asked for. */
export type JudgePhase =
  /** Sent as a whole and run at once (simple query, one request). May hold. */
  | 'run'
  /** Prepared for later: denies now, never holds. */
  | 'prepare'
  /** Bound to values; may hold; nothing has been planned yet. */
  | 'bind'
  /** Bound earlier, about to run under the policy of now: allows what `bind` allowed unless policy or state moved. Never holds. */
  | 'execute';

export interface BindValue {
  /** Text form for people and digests; null for SQL NULL; `<n bytes>` forms are not used: binary values are base64 with `binary: true`. */
  readonly value: string | null;
  readonly binary: boolean;
  /** The type's name or number as the protocol knows it. */
  readonly type: string;
}

export interface JudgeRequest {
  readonly phase: JudgePhase;
  readonly language: string;
  /** The message's text exactly as sent. */
  readonly text: string;
  readonly outcome: ReadOutcome;
  readonly binds: readonly BindValue[];
  readonly state: SessionState;
  /** Definitions' version of the resolved objects: equal strings mean equal definitions. */
  readonly definitions: string;
  /** The statement that an earlier phase judged, when this is a later phase of it. */
  readonly earlier: StatementHandle | null;
  /** With `prepare`: preparing alone may run a part of it at the target, so that it is refused where it would be held. */
  readonly actsWhilePrepared?: boolean;
  readonly hold: HoldInteraction;
}

/**
 * Tells once that nobody waits any more. An `AbortSignal` does; V8 needs over a kilobyte for one, so a protocol where thousands of
 * statements wait may bring something lighter.
 */
export interface Cancellation {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** How a hold talks to this client while it waits. */
export interface HoldInteraction {
  /** Aborted when the client cancels or goes away. */
  readonly cancelled: Cancellation;
  /** Longest wait in ms, e.g. 30,000 inside an open transaction; null: as long as the approval lives. */
  readonly maxWaitMs: number | null;
  /**
   * Reads the same message again as the session and the target's definitions are now: an approval is bound to what it was raised
   * for, so a difference voids it.
   */
  readAgain(): Promise<{ readonly outcome: ReadOutcome; readonly state: SessionState; readonly definitions: string }>;
  /**
   * What the statement would touch, for those who decide; absent: the protocol cannot say. Called once at most, and before or while the
   * statement waits. Never rejects for the target's faults: what could not be told says why.
   */
  readonly assess?: (request: AssessRequest) => Promise<Impact>;
  /**
   * Tries the statement in a session of the gateway's own and takes it back, before anybody is asked; absent: the protocol cannot.
   * Never rejects for the target's faults: where it may not be tried, or could not, it says why.
   */
  readonly rehearse?: (request: RehearseRequest) => Promise<Rehearsal>;
  /**
   * Why a row ceiling could not be enforced for this statement as the session stands, in a clause; null: it can. Absent: the protocol
   * enforces none, so that nothing runs under one.
   */
  ceilingProblem?(): string | null;
  /** Why what the statement changes could not be put back later, in a clause; null: it can, as far as is known now. Absent: never. */
  undoProblem?(): string | null;
  /** Tells the client where a person can answer. */
  waiting(notice: { readonly approvalId: string; readonly url: string; readonly message: string }): void;
}

/** How an assessment asks for leave and keeps its record: what it sends to the target is no constant text. */
export interface AssessRequest {
  /** Aborted when there is no time left, or nobody waits any more. */
  readonly signal: AbortSignal;
  /**
   * Judges a text made of the held one, such as EXPLAIN of it, and records it with `origin: gateway`. False: policy does not plainly
   * allow it, or it could not be recorded; it must not be sent.
   */
  admits(text: string, outcome: ReadOutcome): boolean;
}

export interface RehearseRequest {
  readonly signal: AbortSignal;
  /** Records a text with `origin: gateway` before it is sent. False: it must not be sent. */
  records(text: string, outcome: ReadOutcome): boolean;
  /** Masks as for the record. */
  masks(fields: readonly ResultField[]): ResultMasker;
}

export type Judgement =
  | { readonly type: 'forward'; readonly permit: ForwardPermit; readonly statement: StatementHandle }
  | { readonly type: 'refuse'; readonly refusal: Refusal; readonly statement: StatementHandle };

/** The protocol's view of policy, holds, masking and recording. One per session. */
export interface Inspector {
  /**
   * Judges one message's statements, records them and resolves with a permit or a refusal. Synchronous where no hold is needed.
   * Order is the caller's: it awaits one judgement before it asks for the next.
   */
  judge(request: JudgeRequest): Judgement | Promise<Judgement>;
  /** Refuses something that is no statement (unknown message, forbidden sub-protocol) so that it stands in the record. */
  refuseMessage(what: string, because: string): Refusal;
  /** Masks text that the target sends outside results (parameter reports, notifications). */
  maskText(text: string): string;
  /** Registers the token by which a second connection may ask to cancel; the returned function forgets it. */
  registerCancel(token: string, cancel: () => void): () => void;
  /** Records what the gateway itself asks the target (`origin: gateway`). */
  recordOwnStatement(text: string): void;
  /** A terminal begins: what it shows is masked and recorded, what is typed is recorded. */
  openTerminal(request: TerminalRequest): TerminalTap;
}

/** A field of a result as the protocol described it. */
export interface ResultField {
  readonly name: string;
  /** The stored column it comes from by the server's own word; null: computed; `unresolved`: the server named an origin that the catalogue does not know. */
  readonly origin: ColumnRef | null | 'unresolved';
  /** From the facts; null when the facts give none. */
  readonly lineage: OutputLineage | null;
  /** How the value's text is to be treated: `opaque` cannot be decoded to text by this protocol. */
  readonly category: 'text' | 'json' | 'number' | 'boolean' | 'temporal' | 'uuid' | 'array' | 'opaque';
  /** The target's own type name, for the record. */
  readonly type: string;
}

/** Masks one row's values as text. `null` in means NULL and stays NULL. */
export interface ResultMasker {
  /** Per field: `pass` — never changes; `whole` — always replaced whatever its form; `scan` — text must be looked at. */
  readonly plan: readonly ('pass' | 'scan' | 'whole')[];
  /** True when every field is `pass`: rows may be forwarded unread. */
  readonly passAll: boolean;
  /** The masked text, or the same string when nothing was found; null: send NULL. */
  mask(fieldIndex: number, text: string): string | null;
}

/** How much of its result a statement may still give its client. */
export interface ResultBudget {
  /**
   * Counts rows on their way to the client, with their bytes as the target sent them. False: they must not be sent, nor any after
   * them, and the statement is to be stopped at the target. Stays false.
   */
  take(rows: number, bytes: number): boolean;
}

/** How many rows a statement may change: it is taken back at the target when it changed more, or when nobody can say how many. */
export interface RowCeiling {
  readonly rows: number;
  /** It changed `touched` rows and was taken back; null: the rows could not be counted. Answers what the client is told. */
  exceeded(touched: number | null): Refusal;
}

/** Keeps what an approved change overwrites, so that it can be reverted. */
export interface UndoKeeper {
  /** What was bound, for a change that is tried beforehand. */
  readonly binds: readonly BindValue[];
  /** Records a text with `origin: gateway` before it is sent. False: it must not be sent. */
  records(text: string, outcome: ReadOutcome): boolean;
  /** Called before the change is committed, so that no change is committed whose image is lost. False: it could not be kept. */
  keep(image: UndoImage): boolean;
  /** There is no image, and why, in a clause. */
  unavailable(because: string): void;
  /** The change did not stand: what was kept is thrown away. */
  dropped(): void;
}

export interface StatementHandle {
  readonly id: string;
  readonly facts: readonly StatementFacts[];
  /** Absent or null: it may change as many rows as it likes. The protocol must enforce it, or not run the statement. */
  readonly ceiling?: RowCeiling | null;
  /** Absent or null: nothing is kept. */
  readonly undo?: UndoKeeper | null;
  /** Null where no rule limits the result: rows then pass as ever, and cost nothing. */
  readonly budget: ResultBudget | null;
  /** A result set begins. Called again for the next result of the same message. */
  result(fields: readonly ResultField[]): ResultMasker;
  /** It runs with the writer's credential in a session that opened as the reader: for the record. Idempotent. */
  ranAsWriter(): void;
  /** False once the record's budget for result rows is used up: the caller may stop calling `row`. */
  readonly wantsRows: boolean;
  /** A masked row, for the record. Values as text; `undefined` for what has no text form. */
  row(values: readonly (string | null)[]): void;
  /** Masks an error's or notice's text; values quoted from rows and from the statement do not survive. */
  maskMessage(text: string): string;
  /** A byte stream of it; the same one for the same name. Its record is closed by `ended`. */
  stream(name: StatementStreamName): StatementStream;
  /**
   * Masks bytes of which a client may ask for any stretch: every byte keeps its place, a mask has the length of what it replaces. The
   * same buffer comes back when nothing was found. Null: nothing is to be looked for at this moment.
   */
  placeMask(): ((bytes: Buffer) => Buffer) | null;
  /** One result of the message ended well. `tag` is the protocol's own completion word. */
  completed(result: { readonly tag: string; readonly rows: number | null }): void;
  failed(error: { readonly code: string; readonly message: string }): void;
  /**
   * Instead of `failed`: the budget was spent, and the statement is over at the target. Answers what the client is told in the place
   * of its end. `ran`: it had finished before it could be stopped, and what it did there stands.
   */
  stopped(how: { readonly ran: boolean }): Refusal;
  /** The message is over (all its results came): fixes the duration. Idempotent. */
  ended(): void;
}

/** A client of Sluice's own for `sluice exec`, the tests and later the web console: an ordinary client on an ordinary byte stream. */
export interface StatementClient {
  run(text: string): Promise<readonly StatementResult[]>;
  close(): Promise<void>;
}
export interface StatementResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tag: string;
  readonly notices: readonly string[];
  /** Absent where the protocol answers with rows. `status`: null where the target gave none. */
  readonly output?: { readonly stdout: Buffer; readonly stderr: string; readonly status: number | null };
}
export class StatementError extends Error {
  readonly code: string;
  readonly detail: string | null;
  readonly hint: string | null;

  constructor(message: string, code: string, detail: string | null, hint: string | null) {
    super(message);
    this.name = 'StatementError';
    this.code = code;
    this.detail = detail;
    this.hint = hint;
  }
}
export type OpenStatementClient = (request: {
  readonly stream: Duplex;
  readonly options: Readonly<Record<string, unknown>>;
  readonly username: string;
  readonly secret: Secret;
  readonly onNotice: (text: string) => void;
  /** A statement waits for a person; its notice follows by `onNotice`. */
  readonly onHold?: () => void;
  readonly signal: AbortSignal;
}) => Promise<StatementClient>;
