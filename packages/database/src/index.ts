export type { AccessRequestRow, NewAccessRequest } from './access-requests.ts';
export {
  countWaitingAccessRequests,
  createAccessDecision,
  createAccessRequest,
  findAccessRequest,
  listAccessRequests,
  lockAccessRequest,
  settleAccessRequest,
} from './access-requests.ts';
export type { AccessRuleRow, NewAccessRule, NewAccessSubject } from './access-rules.ts';
export {
  countAccessRules,
  createAccessRule,
  deleteAccessRule,
  findAccessRule,
  listAccessRules,
  updateAccessRule,
} from './access-rules.ts';
export type {
  ApprovalChange,
  ApprovalFilter,
  ApprovalRow,
  ApprovalScope,
  AskedNames,
  DecisionRow,
  ListedApprovalRow,
  NewApproval,
} from './approvals.ts';
export {
  changeWaiting,
  countApprovals,
  countEarlier,
  createApproval,
  createDecision,
  endApprovalsOfEarlierStarts,
  expireApprovals,
  findApproval,
  findApprovalByEffect,
  findApprovals,
  listApprovals,
  lockApproval,
  lockDueEscalations,
  moveApproval,
  setImpact,
  setUndo,
} from './approvals.ts';
export type { AttemptKey } from './attempts.ts';
export {
  clearFailedAttempts,
  countFailedAttempts,
  noteFailedAttempt,
  readFailedAttempts,
  removeAttempt,
} from './attempts.ts';
export type {
  AuditActor,
  AuditBody,
  AuditEventRow,
  AuditFilter,
  AuditSubject,
  AuditThrough,
  ChainCheck,
  NewAuditEvent,
} from './audit.ts';
export {
  anyAuditEvent,
  appendAuditEvent,
  auditHead,
  listAuditEvents,
  maxAuditBodyBytes,
  readAuditEvents,
  verifyAuditChain,
} from './audit.ts';
export type { Bus, BusChannel, BusOptions } from './bus.ts';
export { openBus, publish } from './bus.ts';
export type { CheckpointRow, NewChainLink, NewCheckpoint } from './checkpoints.ts';
export {
  createChainLink,
  createCheckpoint,
  findCheckpoint,
  hasCheckpointNumber,
  highestCheckpoint,
  lastCheckpoint,
  listCheckpoints,
  listLinkedSessions,
  listLinksAfter,
} from './checkpoints.ts';
export type { Database, Db, Tx } from './client.ts';
export { advisoryLock, openDatabase, tryAdvisoryLock } from './client.ts';
export type { ConnectionFields, ConnectionRow, MemberRow, NewConnection, Usage } from './connections.ts';
export {
  connectionIdIsTaken,
  countConnections,
  createConnection,
  createConnectionTest,
  deleteConnection,
  findConnection,
  findLastTest,
  findTestResult,
  finishConnectionTest,
  gatewayServed,
  hasPassedTest,
  listConnectionLabels,
  listConnections,
  listConnectionsOfGateway,
  listTakenPorts,
  maxConnections,
  readUsage,
  removeCredential,
  replaceCredential,
  servedBy,
  servesConnection,
  setConnectionPorts,
  setCredentialReferences,
  updateConnection,
} from './connections.ts';
export type { DelegationRow, NewDelegation } from './delegations.ts';
export {
  createDelegation,
  endDelegation,
  listDelegationsOf,
  listDelegationsTo,
  listPossibleDelegates,
} from './delegations.ts';
export type { ArrivedChunk, EventStreamRow, NewEventStream, StreamBacklog, StreamProgress } from './event-streams.ts';
export {
  createEventStream,
  deleteEventStream,
  findEventStream,
  listArrivedChunks,
  listEventStreams,
  noteStreamProgress,
  resealEventStream,
  streamBacklog,
} from './event-streams.ts';
export {
  answerExplainRequest,
  createExplainRequest,
  findExplainRequest,
  hasExplainAnswer,
  takeExplainAnswer,
} from './explain-requests.ts';
export type { MissingEnvelope } from './gateway-groups.ts';
export {
  confirmGateway,
  findGatewayGroup,
  listMissingEnvelopes,
  listOutdatedEnvelopes,
} from './gateway-groups.ts';
export type { EnrolmentTokenRow, GatewayRow, NewEnrolmentToken, NewGateway, NewTunnel } from './gateways.ts';
export {
  closeTunnelRow,
  createEnrolmentToken,
  createGateway,
  findEnrolmentToken,
  findGateway,
  findGatewayByName,
  findSigningKey,
  listGateways,
  noteGatewayStart,
  noteGatewayState,
  openTunnelRow,
  refreshTunnelRows,
  removeStaleTunnelRows,
  revokeGateway,
  takeEnrolmentToken,
  tunnelStaleMs,
} from './gateways.ts';
export type { GrantRow, Holder, NewGrant } from './grants.ts';
export {
  createGrant,
  findGrant,
  listGrantsInForce,
  listStandingGrants,
  listUnreviewedGrants,
  reviewGrant,
  revokeGrant,
} from './grants.ts';
export type { GroupRow } from './groups.ts';
export {
  countGroups,
  countPeople,
  createGroup,
  findGroup,
  findGroupByName,
  listActiveMembers,
  listGroups,
  updateGroup,
} from './groups.ts';
export { removeStaleRows } from './housekeeping.ts';
export type { InstallationKeyRow, InstallationRow, KeyInUseRow, NewInstallation } from './installation.ts';
export {
  bumpBundleVersion,
  bumpRevocationEpoch,
  createInstallation,
  keepKeyInUse,
  listKeysInUse,
  readCounters,
  readInstallation,
  updateInstallationKeys,
} from './installation.ts';
export type { MaintenanceWindowRow, NewMaintenanceWindow } from './maintenance-windows.ts';
export {
  countMaintenanceWindows,
  createMaintenanceWindow,
  deleteMaintenanceWindow,
  listMaintenanceWindows,
  maxMaintenanceWindows,
} from './maintenance-windows.ts';
export { rememberNonce } from './nonces.ts';
export type {
  ChannelFields,
  ChannelRow,
  DeliveryRow,
  NewDelivery,
  NotificationEventRow,
  PreferenceRow,
} from './notifications.ts';
export {
  claimDelivery,
  createChannel,
  createNotificationEvent,
  dispatchEvent,
  findChannel,
  keepPreference,
  listChangeableDeliveries,
  listChannels,
  listDueDeliveries,
  listFailedDeliveries,
  listPreferences,
  lockUndispatchedEvents,
  maxDeliveryTries,
  maxNotificationChannels,
  noteDeadDelivery,
  noteDelivered,
  noteFailedDelivery,
  postponeDelivery,
  removeChannel,
  resealChannel,
  retryDelivery,
  updateChannel,
} from './notifications.ts';
export type { PageOf, PageRequest } from './page.ts';
export { defaultPageSize, maxPageSize } from './page.ts';
export type { NewPasskey, PasskeyRow } from './passkeys.ts';
export {
  createPasskey,
  listAllPasskeys,
  listPasskeysOfPerson,
  lockPasskeysOfPerson,
  notePasskeyUse,
  removePasskey,
  renamePasskey,
} from './passkeys.ts';
export type { NewPerson, PersonChange, PersonRow } from './people.ts';
export {
  countActiveAdmins,
  createPerson,
  findPerson,
  listPeople,
  noteSignIn,
  setGroupsOfPerson,
  setPasswordHash,
  updatePerson,
} from './people.ts';
export type { NewPolicyVersion, PolicyVersionRow } from './policy-versions.ts';
export { findPolicyVersion, listPolicyVersions, publishPolicyVersion, readActivePolicy } from './policy-versions.ts';
export type { ChunkRow, NewChunk } from './recording-chunks.ts';
export { createChunk, findChunkHash, listChunks, readChunks, readChunksAt } from './recording-chunks.ts';
export type { NewRoleAssignment, RoleAssignmentRow } from './role-assignments.ts';
export {
  countRoleAssignments,
  createRoleAssignment,
  findRoleAssignment,
  listAssignmentsOf,
  listRoleAssignments,
  maxRoleAssignments,
  revokeRoleAssignment,
} from './role-assignments.ts';
export type { NewRole, RoleRow } from './roles.ts';
export {
  countUsesOfRole,
  createRole,
  deleteRole,
  findRole,
  findRoles,
  listRoles,
  maxRoles,
  updateRole,
} from './roles.ts';
export { stepRotation } from './rotations.ts';
export type { NewRun, RunCounts, RunFilter, RunRow } from './runs.ts';
export { countInRuns, createRun, endRun, findRun, findRunNames, listRuns } from './runs.ts';
export type { NewServiceIdentity, ServiceIdentityRow } from './service-identities.ts';
export {
  createServiceIdentity,
  findServiceIdentity,
  listServiceIdentities,
  updateServiceIdentity,
} from './service-identities.ts';
export type { NewSession, SessionFilter, SessionProgress, SessionRow, VisibleTo } from './sessions.ts';
export {
  advanceSession,
  countLiveSessions,
  createSession,
  findSession,
  interruptSessionsOfEarlierStarts,
  listRecordedSessions,
  listSessions,
  listUnsealedSessions,
  listUnverifiedSessions,
  noteVerification,
  readLastVerification,
} from './sessions.ts';
export type { SlackLinkRow } from './slack-links.ts';
export {
  findPersonBySlack,
  findSlackLink,
  keepSlackCode,
  listSlackLinked,
  removeSlackLink,
  useSlackCode,
} from './slack-links.ts';
export type {
  NewStatement,
  RunStatementRow,
  StatementChange,
  StatementRow,
  StatementStatistics,
} from './statements.ts';
export {
  changeStatement,
  createStatements,
  findStatements,
  hasClientStatement,
  listRunStatements,
  listTimelineStatements,
  readStatistics,
} from './statements.ts';
export { findOtherSessions, listConnectionsWithOthers, noteOtherSessions } from './target-sessions.ts';
export type { NewToken, TokenRow, TokenType } from './tokens.ts';
export { createToken, findToken, listTokens, noteTokenUse, releaseTokenHash, revokeToken } from './tokens.ts';
export type { NewWebSession, WebSessionRow } from './web-sessions.ts';
export {
  createWebSession,
  findOpenWebSession,
  revokeWebSession,
  revokeWebSessionsOfPerson,
} from './web-sessions.ts';
