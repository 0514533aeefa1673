export { explainStatement } from './explain-statement.ts';
export type { LiveSession } from './live-sessions.ts';
export { LiveSessions } from './live-sessions.ts';
export type {
  ApprovalOutcome,
  ApprovalsPort,
  AuthorisePort,
  LeasePort,
  PolicySnapshot,
  RecordingPort,
  SessionPorts,
  StepUpPort,
  StepUpRequest,
  TicketGrant,
  UndoPort,
} from './ports.ts';
export type { RevertParts } from './run-revert.ts';
export { runRevert } from './run-revert.ts';
export type { SessionRequest } from './run-session.ts';
export { handshakeTimeoutMs, maxSessionsPerConnection, runSession } from './run-session.ts';
export { StatementRates } from './statement-rates.ts';
