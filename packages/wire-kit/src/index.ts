export type { ConnectHint, ConnectPlace, OptionField, ProtocolAbilities, ProtocolManifest, ReplayView } from './manifest.ts';
export type { AdmitPermit, ForwardPermit, Permit } from './permit.ts';
export { mintPermit } from './permit.ts';
export type {
  AcceptedClient,
  AcceptRequest,
  BindValue,
  ClientProof,
  ClientTransport,
  DialRequest,
  Duplex,
  FactsReader,
  FactsRequest,
  HoldInteraction,
  Inspector,
  Judgement,
  JudgePhase,
  JudgeRequest,
  OpenStatementClient,
  RelayRequest,
  ResultField,
  ResultMasker,
  SessionEnd,
  SessionState,
  StatementClient,
  StatementHandle,
  StatementResult,
  TargetKnowledge,
  WireClient,
  WireProtocol,
  WireRefusal,
  WireTarget,
} from './protocol.ts';
export { StatementError } from './protocol.ts';
