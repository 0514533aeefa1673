export type {
  AccessAnswer,
  AccessConditions,
  AccessMode,
  AccessQuestion,
  AccessRule,
  AccessScope,
  AccessSubject,
} from './access.ts';
export {
  accessConditionsSchema,
  accessModes,
  accessScopeSchema,
  accessSubjectSchema,
  bothAccess,
  breakGlassName,
  decideAccess,
  isInScope,
  isSubject,
  maxAccessRules,
  maxBreakGlassSeconds,
  maxRequestSeconds,
  mayKnow,
  rulesFor,
  usualBreakGlassSeconds,
} from './access.ts';
export type { Actor, BuiltInRole, PersonRole } from './actor.ts';
export { actorSchema, builtInRoles, personRoles, roleNameSchema } from './actor.ts';
export type { AddressPattern, IpAddress } from './address-pattern.ts';
export { matchesAddress, parseAddressPattern, parseIp } from './address-pattern.ts';
export type { AgentScopes } from './agent-scopes.ts';
export { agentScopesSchema } from './agent-scopes.ts';
export type { AlikeBounds, AlikeOffer, AlikeStatement } from './alike.ts';
export {
  alikeBoundsSchema,
  alikeGrantName,
  alikeOfferSchema,
  defaultAlikeMinutes,
  maxAlikeMinutes,
  maxAlikeNames,
  maxAlikeRows,
  maxAlikeStatements,
} from './alike.ts';
export type { Bundle, CredentialRef, SignedBundle, SignedTicket, Ticket } from './bundle.ts';
export { bundleSchema, credentialRefSchema, signedBundleSchema, signedTicketSchema, ticketSchema } from './bundle.ts';
export type { Capability } from './capabilities.ts';
export { capabilities, lackingCapabilities, protocolCapability } from './capabilities.ts';
export type { ProofKind } from './client-proof.ts';
export { certificateProofBytes, keyProofBytes, proofKinds } from './client-proof.ts';
export { joinConnect } from './connect-answer.ts';
export type {
  BundleConnection,
  CredentialPurpose,
  CredentialReference,
  CredentialReferences,
  Durability,
  RecordedResults,
  SealedEnvelope,
  TargetAddress,
  TargetCredential,
  TargetTls,
} from './connection.ts';
export {
  bundleConnectionSchema,
  credentialPurposes,
  credentialReferenceSchema,
  credentialReferencesSchema,
  defaultRecordedResults,
  durabilitySchema,
  hasCredential,
  labelsSchema,
  maxRecordedBytes,
  maxRecordedRows,
  recordedResultsSchema,
  sealedEnvelopeSchema,
  targetAddressSchema,
  targetCredentialSchema,
  targetTlsModes,
  targetTlsSchema,
} from './connection.ts';
export type { ErrorAudience, ErrorCode } from './errors.ts';
export { errorCodes, SluiceError } from './errors.ts';
export type {
  ExplainAnswer,
  ExplainedOutput,
  ExplainedRule,
  ExplainedStatement,
  ExplainRequest,
  Explanation,
} from './explain.ts';
export {
  explainAnswerSchema,
  explainContext,
  explainRequestSchema,
  maxAssumedGrants,
  maxDraftCharacters,
  maxExplainedCharacters,
  maxExplainedEntries,
  maxExplainedStatements,
  sealedExplainAnswerSchema,
  sealedExplainRequestSchema,
} from './explain.ts';
export type {
  ColumnRef,
  Effect,
  EffectVerb,
  FilterShape,
  Language,
  LanguageContext,
  LiteralSpan,
  ObjectRef,
  OutputLineage,
  ReadOutcome,
  SessionEffect,
  StatementDescription,
  StatementFacts,
  StatementKind,
} from './facts.ts';
export { effectVerbs, statementKinds, unreadableCommand, unreadableFacts } from './facts.ts';
export { fieldWords } from './field-words.ts';
export type {
  ApprovalCreate,
  ApprovalState,
  ApprovalStatus,
  AuthoriseRequest,
  AuthoriseResponse,
  ConfirmRequest,
  GatewayState,
  HostCertificates,
  HostCertificatesRequest,
  NoticeToControlPlane,
  NoticeToGateway,
  Rewrap,
  Rewraps,
  Road,
  Rotation,
  StreamOpen,
  TargetSession,
  TargetSessionsReport,
  TestResult,
  TestStep,
} from './gateway-api.ts';
export {
  approvalCancelSchema,
  approvalConsumeSchema,
  approvalCreateSchema,
  approvalOutcomeSchema,
  approvalStateSchema,
  approvalStates,
  approvalStatusSchema,
  authoriseRequestSchema,
  authoriseResponseSchema,
  bundleResponseSchema,
  checkpointResponseSchema,
  chunkResponseSchema,
  confirmRequestSchema,
  enrolRequestSchema,
  enrolResponseSchema,
  floorShownSchema,
  gatewayPaths,
  gatewayStateSchema,
  hostCertificatesRequestSchema,
  hostCertificatesSchema,
  leafRequestSchema,
  leafResponseSchema,
  maxAskedApprovals,
  maxFloorSentences,
  maxReportedSessions,
  maxRewraps,
  noticeToControlPlaneSchema,
  noticeToGatewaySchema,
  rewrapSchema,
  rewrapsSchema,
  rotationSchema,
  runHeader,
  settledRequestSchema,
  settledResponseSchema,
  streamOpenSchema,
  targetSessionSchema,
  targetSessionsReportSchema,
  testResultSchema,
  testStepSchema,
} from './gateway-api.ts';
export type { Grant, GrantKind } from './grant.ts';
export {
  grantKinds,
  grantNameSchema,
  grantSchema,
  grantsSchema,
  isInForce,
  maxActiveGrants,
  maxBoundsCharacters,
} from './grant.ts';
export type {
  ApprovalId,
  ConnectionId,
  GatewayId,
  Id,
  PersonId,
  PolicyVersionId,
  ServiceIdentityId,
  SessionId,
  StatementId,
} from './ids.ts';
export { isId } from './ids.ts';
export type { Impact, ImpactObject, ImpactPlan, PlanNode, Rehearsal } from './impact.ts';
export {
  approvalImpactSchema,
  impactSchema,
  maxImpactEntries,
  maxPlanNodes,
  maxRehearsedRows,
  rehearsalSchema,
} from './impact.ts';
export type { LabelSelector } from './label-selector.ts';
export { describeSelector, labelSelectorSchema, matchesLabels } from './label-selector.ts';
export type { MaintenanceWindow } from './maintenance.ts';
export { maintenanceWindowSchema, maxBundleWindows, openWindows } from './maintenance.ts';
export { isInNetworks, networkSchema, withoutPort } from './network.ts';
export type { PermissionGroup, PermissionText } from './permission-texts.ts';
export { describePermission, permissionGroups, permissionLimit, permissionsByGroup } from './permission-texts.ts';
export type { Permission, PermissionScope } from './permissions.ts';
export { builtInPermissions, permissionSchema, permissionScope, permissions } from './permissions.ts';
export type { ReadBundle } from './read-bundle.ts';
export { readBundle, tooOld } from './read-bundle.ts';
export type { Refusal, RefusalCode, RefusalDetail } from './refusal.ts';
export { refusalCodes, refusalDetailSchema } from './refusal.ts';
export type { Answer, HeldRole, Owner, Place, Rights, Via } from './rights.ts';
export { can, canSomewhere, covers, mayGive, noRights, rolesHeldOn, rolesOn } from './rights.ts';
export { Secret } from './secret.ts';
export type { Assertion, BundlePasskey, DecisionSubject, StatusDecision, StepUp } from './step-up.ts';
export {
  assertionSchema,
  bundlePasskeySchema,
  decisionText,
  maxPasskeysOfPerson,
  passkeyRemovalText,
  passkeyText,
  statusDecisionSchema,
  stepUpSchema,
  stepUps,
} from './step-up.ts';
export type { SuspicionKind, SuspiciousText, TextPiece } from './suspicious-text.ts';
export { evidenceText, excessFinding, inspectText } from './suspicious-text.ts';
export type { SingleWindow, WeeklyWindow } from './time-window.ts';
export { describeWindow, openTogetherUntil, openUntil, singleWindowSchema, weeklyWindowSchema } from './time-window.ts';
export type { Revert, RevertOutcome, RevertResult, UndoImage, UndoOffer } from './undo.ts';
export {
  maxShownConflicts,
  maxUndoRows,
  revertReportSchema,
  revertResultSchema,
  revertSchema,
  undoImageSchema,
  undoLifetimeMs,
  undoOfferSchema,
} from './undo.ts';
export type {
  HoldDemands,
  HoldStage,
  HoldTerms,
  Limit,
  Limits,
  MaskRule,
  MaskStrategy,
  RateLimit,
  TicketDemand,
  Verdict,
  VerdictAction,
} from './verdict.ts';
export { holdDemandsSchema, maskStrategies, maskStrategySchema, maxHoldStages, verdictActions } from './verdict.ts';
