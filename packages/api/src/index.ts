export type { ApiContext, ApiServices, PortRange } from './context.ts';
export type { NodeNotice } from './node-notices.ts';
export { nodeNoticeSchema } from './node-notices.ts';
export type { Permission } from './permissions.ts';
export { hasPermission, permissions, permissionsOf } from './permissions.ts';
export type { ProcedureMeta } from './procedure.ts';
export type { AppRouter } from './router.ts';
export { appRouter, createCaller } from './router.ts';
export type {
  ActorView,
  AgentView,
  ApprovalDetail,
  ApprovalSummary,
  AuditEventView,
  ConnectionDetail,
  ConnectionSummary,
  EnrolmentView,
  GatewayHealth,
  GatewayView,
  GroupView,
  LiveEvent,
  MeView,
  OverviewView,
  Page,
  PersonView,
  PolicyProblemView,
  PolicyRuleView,
  PolicyVersionView,
  SessionDetail,
  SessionState,
  SessionSummary,
  StatementResultView,
  TimelineEntry,
  TokenView,
} from './views.ts';
