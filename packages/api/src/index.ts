export type { AccessEvent } from './access/access-events.ts';
export { accessEventSchema } from './access/access-events.ts';
export type {
  AccessEntryView,
  AccessRequestView,
  AccessRuleView,
  GrantView,
  MaintenanceWindowView,
} from './access/access-views.ts';
export type { ConnectionAccessView } from './access/show-connection-access.ts';
export { escalateApprovals } from './approvals/escalate-approvals.ts';

export { exportAudit } from './audit/export-audit.ts';
export { preferredMembers } from './connections/members.ts';

export type { ApiContext, ApiServices, PortRange } from './context.ts';
export { exportEvents } from './event-streams/export-events.ts';
export type { EventStreamView, StreamSettings } from './event-streams/stream-settings.ts';
export { storeCheckpoint } from './gateway/accept-checkpoint.ts';
export type { ChunkUpload } from './gateway/accept-chunk.ts';
export { storeChunk } from './gateway/accept-chunk.ts';
export {
  cancelApproval,
  consumeApproval,
  noteImpact,
  noteOutcome,
  raiseApproval,
  showSettled,
  showStatus,
} from './gateway/approvals.ts';
export { buildBundle } from './gateway/build-bundle.ts';
export type { GatewayCaller, GatewayServices } from './gateway/gateway-services.ts';
export { issueHostCertificates } from './gateway/issue-host-certificates.ts';
export { issueLeaf } from './gateway/issue-leaf.ts';
export { maxRecordingChunkBytes } from './gateway/limits.ts';
export {
  noteExplanation,
  noteHello,
  noteState,
  noteTargetSessions,
  noteTestResult,
  showExplainRequest,
} from './gateway/note-gateway.ts';
export { noteRevert } from './gateway/note-revert.ts';
export { noteRotation } from './gateway/note-rotation.ts';
export { keepRewrap, listRewraps } from './gateway/rewraps.ts';
export { recordingPlaceRequestSchema, showChainPlace, showRecordingPlace } from './gateway/show-chain-place.ts';
export { exportGateway } from './gateways/export-gateway.ts';
export type { EnrolmentView, GatewayView } from './gateways/gateway-view.ts';
export type { InstallationKeyView } from './gateways/installation-keys.ts';
export type { NodeNotice } from './node-notices.ts';
export { nodeNoticeSchema } from './node-notices.ts';
export type { OutboxServices } from './notifications/outbox.ts';
export { deliver, dispatchOutbox, recoverDeliveries } from './notifications/outbox.ts';
export { answerSlack, maxSlackBodyBytes } from './notifications/slack-request.ts';
export { watchForEvents } from './notifications/watch.ts';
export type { ProcedureMeta } from './procedure.ts';
export type { AccessMatrix, AccessRow, RoleAssignmentView, RoleView, RunStatementView, RunView } from './role-views.ts';
export type { AppRouter } from './router.ts';
export { appRouter, createCaller } from './router.ts';
export { exportRecording } from './sessions/export-recording.ts';
export { verifyStoredSession } from './sessions/verify-session.ts';
export type { StatementOutputView, TerminalPage } from './terminal-views.ts';
export type {
  ActorView,
  AgentView,
  ApprovalDetail,
  ApprovalStageView,
  ApprovalSummary,
  AuditEventView,
  ChannelsView,
  ChannelView,
  ConnectionDetail,
  ConnectionSummary,
  CredentialState,
  FailedDeliveryView,
  GatewayHealth,
  GroupView,
  LiveEvent,
  MeView,
  OverviewView,
  Page,
  PasskeyHandle,
  PasskeyPreparation,
  PasskeysView,
  PasskeyView,
  PersonView,
  PolicyProblemView,
  PolicyRuleView,
  PolicyVersionView,
  PreferencesView,
  RunRef,
  SessionDetail,
  SessionNoteView,
  SessionState,
  SessionSummary,
  StatementResultView,
  StepUpView,
  TimelineEntry,
  TokenView,
} from './views.ts';
