/**
 * What a gateway asks the control plane over HTTPS. Every request but `enrol` is signed (RFC 9421, Ed25519): covered are
 * `@method`, `@target-uri`, `content-digest`, with `created`, `nonce`, `keyid` (the gateway's id) and `alg="ed25519"`.
 */
import { z } from 'zod';
import { actorSchema } from './actor.ts';
import { alikeOfferSchema } from './alike.ts';
import { credentialRefSchema, signedBundleSchema } from './bundle.ts';
import { proofKinds } from './client-proof.ts';
import { credentialPurposes, sealedEnvelopeSchema } from './connection.ts';
import { grantsSchema } from './grant.ts';
import { statusDecisionSchema } from './step-up.ts';
import { undoOfferSchema } from './undo.ts';
import { holdDemandsSchema } from './verdict.ts';

/** Names, in a request of a program to the API, the run that it belongs to. */
export const runHeader = 'sluice-run';

export const gatewayPaths = {
  enrol: '/api/gateway/enrol',
  bundle: '/api/gateway/bundle',
  authorise: '/api/gateway/authorise',
  confirm: '/api/gateway/confirm',
  leaf: '/api/gateway/leaf',
  hostCertificates: '/api/gateway/host-certificates',
  approvals: '/api/gateway/approvals',
  settledApprovals: '/api/gateway/settled-approvals',
  chunks: '/api/gateway/chunks',
  checkpoints: '/api/gateway/checkpoints',
  chain: '/api/gateway/chain',
  state: '/api/gateway/state',
  testResults: '/api/gateway/test-results',
  explanations: '/api/gateway/explanations',
  targetSessions: '/api/gateway/target-sessions',
  rotations: '/api/gateway/rotations',
  rewraps: '/api/gateway/rewraps',
  tunnel: '/api/tunnel',
} as const;

export const enrolRequestSchema = z.strictObject({
  token: z.string(),
  name: z.string().min(1).max(63),
  /** base64url raw 32-byte public keys. */
  signingKey: z.string(),
  sealingKey: z.string(),
  version: z.string(),
  hostname: z.string(),
  capabilities: z.array(z.string()),
});
export const enrolResponseSchema = z.strictObject({
  gatewayId: z.string(),
  /** Pinned: bundles and tickets signed by anything else are refused. */
  bundleKey: z.strictObject({ keyId: z.string(), publicKey: z.string() }),
  /** PEM root of Sluice's own CA. */
  caRoot: z.string(),
});

/** GET bundle?have=N&signedBy=KEYID answers 200 with a newer bundle, or the same one signed by a newer key, or 204. */
export const bundleResponseSchema = signedBundleSchema;

export const authoriseRequestSchema = z.strictObject({
  connectionId: z.string(),
  clientAddress: z.string(),
  /** base64url SHA-256 of what the client presented (`digestOfProof`). A secret itself never leaves the gateway. */
  secretHash: z.string(),
  /** What sort of proof that was; absent: a secret. */
  proof: z.enum(proofKinds).optional(),
  /** Its session is open already: a certificate's own end, which is for signing in, no longer counts. Everything else does. */
  open: z.boolean().optional(),
  /** What the client said of itself at startup (`user`, `application_name` …): recorded, identifies nobody. */
  startup: z.record(z.string(), z.string()),
});
export const authoriseResponseSchema = z.discriminatedUnion('ok', [
  z.strictObject({
    ok: z.literal(true),
    actor: actorSchema,
    expiresAt: z.iso.datetime().nullable(),
    /** When access rules and grants stop letting the actor be connected; null: when one of them is changed. */
    accessUntil: z.iso.datetime().nullable(),
    /** What the actor holds on this connection now and later; the gateway starts and ends each by its own clock. */
    grants: grantsSchema.default([]),
    epoch: z.int(),
  }),
  z.strictObject({
    ok: z.literal(false),
    reason: z.enum(['unknown', 'expired', 'revoked', 'wrong-kind', 'not-granted']),
    message: z.string(),
    hint: z.string(),
  }),
]);
export type AuthoriseRequest = z.infer<typeof authoriseRequestSchema>;
export type AuthoriseResponse = z.infer<typeof authoriseResponseSchema>;

/** POST confirm: does the credential behind a ticket's session still stand for its actor? Answered like `authorise`. */
export const confirmRequestSchema = z.strictObject({
  connectionId: z.string(),
  clientAddress: z.string(),
  credential: credentialRefSchema,
});
export type ConfirmRequest = z.infer<typeof confirmRequestSchema>;

export const leafRequestSchema = z.strictObject({
  connectionId: z.string(),
  /** base64url SPKI DER */ publicKey: z.string(),
});
export const leafResponseSchema = z.strictObject({ certificate: z.string(), notAfter: z.iso.datetime() });

/** POST host-certificates: the gateway's host key, and its word that it is this gateway's (Ed25519 over the gateway's id). */
export const hostCertificatesRequestSchema = z.strictObject({
  /** base64url raw Ed25519 */ publicKey: z.string().max(64),
  proof: z.string().max(128),
});
export type HostCertificatesRequest = z.infer<typeof hostCertificatesRequestSchema>;

/** What the answer's payload says; it is signed by the bundle key with context `sluice-host-certificates-v1\0`. */
export const hostCertificatesSchema = z.strictObject({
  gatewayId: z.string(),
  publicKey: z.string(),
  issuedAt: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  /** Public keys, in the protocol's own form as base64, whose certificates of clients count. */
  clientAuthorities: z.array(z.string()),
  certificates: z.array(z.strictObject({ connectionId: z.string(), certificate: z.string() })),
});
export type HostCertificates = z.infer<typeof hostCertificatesSchema>;

/** POST approvals: raises a hold. Texts are already masked. */
export const approvalCreateSchema = z.strictObject({
  id: z.string(),
  connectionId: z.string(),
  connectionRevision: z.int(),
  sessionId: z.string(),
  statementId: z.string(),
  gatewayStartId: z.string(),
  actor: actorSchema,
  /** Masked original text and canonical print. */
  statementText: z.string(),
  canonicalText: z.string(),
  binds: z.array(z.string().nullable()),
  command: z.string(),
  kind: z.string(),
  objects: z.array(z.string()),
  filter: z.string(),
  rule: z.string().nullable(),
  reason: z.string(),
  /** base64url keyed digest of the effect. */
  effectDigest: z.string(),
  approvers: z.array(z.string()),
  count: z.int().min(1),
  owner: z.boolean(),
  /** Absent: one stage of `approvers` and `count`, and nothing else asked for. */
  demands: holdDemandsSchema.optional(),
  /** What the requester said of it, in the statement's leading comment; masked. */
  stated: z.strictObject({ reason: z.string().nullable(), ticket: z.string().nullable() }).optional(),
  /** Rows that it may change; absent: any number. */
  ceiling: z.int().min(1).optional(),
  /** What a decision may cover beside this statement; absent: nothing, its facts do not allow it. */
  alike: alikeOfferSchema.optional(),
  behaviour: z.enum(['wait', 'refuse']),
  expiresAt: z.iso.datetime(),
  policyVersion: z.int(),
});
export type ApprovalCreate = z.infer<typeof approvalCreateSchema>;

export const approvalStates = [
  'waiting',
  'approved',
  'denied',
  'expired',
  'cancelled',
  'consumed',
  'succeeded',
  'failed',
  'outcome-unknown',
  'void',
] as const;
export const approvalStateSchema = z.enum(approvalStates);
export type ApprovalState = z.infer<typeof approvalStateSchema>;

/** What became of an approval: the answer of POST approvals, and of every POST to one. */
export const approvalStatusSchema = z.strictObject({
  id: z.string(),
  state: approvalStateSchema,
  decidedBy: z.array(z.string()),
  comment: z.string().nullable(),
  url: z.string(),
  /** What the requester still has to say before anybody can approve, as a clause; null or absent: nothing. */
  missing: z.string().nullable().optional(),
  /** Who answered what, with what their passkeys signed. */
  decisions: z.array(statusDecisionSchema).default([]),
});
export type ApprovalStatus = z.infer<typeof approvalStatusSchema>;

/** Approvals that one request asks about. */
export const maxAskedApprovals = 200;
/** POST settled-approvals: which of these no longer wait? */
export const settledRequestSchema = z.strictObject({ ids: z.array(z.string()).max(maxAskedApprovals) });
/** Those of the asked that are settled; one that still waits, or is not this gateway’s, is left out. */
export const settledResponseSchema = z.strictObject({ settled: z.array(approvalStatusSchema) });

/** POST approvals/:id/consume — compare-and-set approved → consumed, for one gateway start. 409 when it was not approved. */
export const approvalConsumeSchema = z.strictObject({ gatewayStartId: z.string(), effectDigest: z.string() });
/** POST approvals/:id/outcome — consumed → succeeded | failed. */
export const approvalOutcomeSchema = z.strictObject({
  gatewayStartId: z.string(),
  outcome: z.enum(['succeeded', 'failed', 'outcome-unknown']),
  rows: z.int().nullable(),
  durationMs: z.number(),
  error: z.string().nullable(),
  /** What the gateway kept of it; absent: nothing. */
  undo: undoOfferSchema.optional(),
});
/** POST approvals/:id/cancel — waiting|approved → cancelled | void. */
export const approvalCancelSchema = z.strictObject({
  reason: z.string(),
  state: z.enum(['cancelled', 'expired', 'void']),
});

/** Sentences of a floor that are shown; the digest stands for the rest. */
export const maxFloorSentences = 100;

/** POST chunks?session=ID&index=N — body: the chunk's bytes exactly as spooled. Answered when durable. */
export const chunkResponseSchema = z.strictObject({ durable: z.literal(true), index: z.int() });

/** A floor file as it is shown: base64url SHA-256 of its bytes, and what it says in sentences. */
export const floorShownSchema = z.strictObject({
  digest: z.string().max(64),
  summary: z.array(z.string().max(4_096)).max(maxFloorSentences),
});

/** POST checkpoints — body: the checkpoint's line. Answered when durable, with where the control plane's own log of them stands. */
export const checkpointResponseSchema = z.strictObject({
  durable: z.literal(true),
  entry: z.int().min(0),
  /** base64url SHA-256 of the log's entry. */
  hash: z.string(),
});

/** POST state: what the gateways page shows; sent at start and every 5 s. */
export const gatewayStateSchema = z.strictObject({
  startId: z.string(),
  version: z.string(),
  hostname: z.string(),
  capabilities: z.array(z.string()),
  bundleVersion: z.int(),
  policyVersion: z.int(),
  openSessions: z.int(),
  spoolChunks: z.int(),
  spoolBytes: z.int(),
  /** Why new statements are refused for the spool's sake, in a sentence; null while they are not. */
  spoolProblem: z.string().max(500).nullable().optional(),
  cpuPercent: z.number(),
  memoryBytes: z.int(),
  clock: z.iso.datetime(),
  listeners: z.array(
    z.strictObject({ connectionId: z.string(), port: z.int().nullable(), error: z.string().nullable() }),
  ),
  /** The gateway's own floor file; null: it has none. Absent from gateways of before. */
  floor: floorShownSchema.nullable().optional(),
});
export type GatewayState = z.infer<typeof gatewayStateSchema>;

export const testStepSchema = z.strictObject({
  name: z.string(),
  ok: z.boolean(),
  durationMs: z.number(),
  /** What happened, in a sentence; what the target said; and the likely mend. */
  message: z.string(),
  hint: z.string().nullable(),
});
export type TestStep = z.infer<typeof testStepSchema>;
/** Lines for an administrator of the target to read, change and run: the protocol's own words. */
export const roadSchema = z.strictObject({ title: z.string(), note: z.string(), text: z.string().max(16_384) });
export type Road = z.infer<typeof roadSchema>;
const maxRoads = 16;

export const testResultSchema = z.strictObject({
  requestId: z.string(),
  connectionId: z.string(),
  ok: z.boolean(),
  steps: z.array(testStepSchema),
  warnings: z.array(z.string()),
  /** Lines that close the roads to the target that do not lead through the gateway. Absent in results of before. */
  roads: z.array(roadSchema).max(maxRoads).default([]),
});
export type TestResult = z.infer<typeof testResultSchema>;

/** A session at the target that this gateway did not open. No statement's text. */
export const targetSessionSchema = z.strictObject({
  /** The target's own name of it. */
  id: z.string().max(64),
  account: z.string().max(255),
  application: z.string().max(255).nullable(),
  address: z.string().max(64).nullable(),
  since: z.string().max(64).nullable(),
  /** It says of itself that it is Sluice's: another gateway's perhaps, which nobody here can prove. */
  claims: z.boolean(),
});
export type TargetSession = z.infer<typeof targetSessionSchema>;
/** Sessions that one report names; `total` counts all. */
export const maxReportedSessions = 200;

/** POST target-sessions: what a look for sessions that did not come through this gateway found. */
export const targetSessionsReportSchema = z.strictObject({
  connectionId: z.string(),
  sessions: z.array(targetSessionSchema).max(maxReportedSessions),
  total: z.int().min(0),
  /** What kept the target from being asked, or null. */
  problem: z.string().max(1_000).nullable(),
});
export type TargetSessionsReport = z.infer<typeof targetSessionsReportSchema>;

/**
 * POST rotations: a credential that the gateway made and sealed to itself. `pending` before the target is asked to take it, `active`
 * once the target let it in, `dropped` when it did not. `active` puts the pending envelope in force and may be sent again.
 */
export const rotationSchema = z.strictObject({
  requestId: z.string(),
  connectionId: z.string(),
  purpose: z.enum(credentialPurposes),
  stage: z.enum(['pending', 'active', 'dropped']),
  envelope: sealedEnvelopeSchema,
});
export type Rotation = z.infer<typeof rotationSchema>;

/** Envelopes that one answer asks for; what is left is asked for when these are there. */
export const maxRewraps = 1_000;
/** GET rewraps: what this gateway may seal anew, and for whom. */
export const rewrapsSchema = z.strictObject({
  groupId: z.string(),
  /** The other members of its group whose fingerprint somebody confirmed. */
  members: z.array(
    z.strictObject({
      gatewayId: z.string(),
      name: z.string(),
      signingKey: z.string(),
      sealingKey: z.string(),
      /** base64url HMAC over the member's keys, keyed by a code that some gateway of the group printed; null: none was typed. */
      confirmation: z.string().nullable(),
    }),
  ),
  /** What this gateway has and a member lacks. */
  missing: z.array(
    z.strictObject({ connectionId: z.string(), purpose: z.enum(credentialPurposes), gatewayId: z.string() }),
  ),
  /** Its own envelopes for a key that it had before. */
  outdated: z.array(
    z.strictObject({
      connectionId: z.string(),
      purpose: z.enum(credentialPurposes),
      envelope: sealedEnvelopeSchema,
    }),
  ),
});
export type Rewraps = z.infer<typeof rewrapsSchema>;
/** POST rewraps: one envelope for a member, or for the gateway's own new key. */
export const rewrapSchema = z.strictObject({
  connectionId: z.string(),
  purpose: z.enum(credentialPurposes),
  gatewayId: z.string(),
  envelope: sealedEnvelopeSchema,
});
export type Rewrap = z.infer<typeof rewrapSchema>;

/** Notices on the tunnel, control plane → gateway. Each only says that there is something to fetch, or asks for something small. */
export const noticeToGatewaySchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('heartbeat'),
    bundleVersion: z.int(),
    revocationEpoch: z.int(),
    time: z.iso.datetime(),
  }),
  z.strictObject({ type: z.literal('approval'), id: z.string() }),
  /** Somebody asks for an approved change to be put back. */
  z.strictObject({ type: z.literal('revert'), requestId: z.string(), approvalId: z.string(), by: actorSchema }),
  z.strictObject({ type: z.literal('terminate'), sessionId: z.string(), reason: z.string() }),
  z.strictObject({ type: z.literal('test-connection'), requestId: z.string(), connectionId: z.string() }),
  z.strictObject({
    type: z.literal('rotate-credential'),
    requestId: z.string(),
    connectionId: z.string(),
    purpose: z.enum(credentialPurposes),
  }),
  /** Something to explain is there; `key` opens it and seals the answer, and stands nowhere else. */
  z.strictObject({ type: z.literal('explain'), requestId: z.string(), key: z.string() }),
]);
export type NoticeToGateway = z.infer<typeof noticeToGatewaySchema>;
/** Gateway → control plane. */
export const noticeToControlPlaneSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    startId: z.string(),
    version: z.string(),
    capabilities: z.array(z.string()),
  }),
  z.strictObject({ type: z.literal('draining') }),
]);
export type NoticeToControlPlane = z.infer<typeof noticeToControlPlaneSchema>;

/** The JSON header of a tunnel stream that the control plane opens towards a gateway. */
export const streamOpenSchema = z.strictObject({
  connectionId: z.string(),
  clientAddress: z.string(),
  /** `ticket` streams start with direct TLS ended in the gateway; without one the client's own handshake follows as on a native port. */
  ticket: z.strictObject({ payload: z.string(), signature: z.string(), keyId: z.string() }).nullable(),
});
export type StreamOpen = z.infer<typeof streamOpenSchema>;
