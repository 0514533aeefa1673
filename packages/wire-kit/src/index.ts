export type { StatementStream, StatementStreamName, TerminalRequest, TerminalTap } from './byte-taps.ts';
export { statementStreams } from './byte-taps.ts';
export type { ClientProof, KeyProof } from './client-proof.ts';
export type {
  CorpusAnswer,
  CorpusClient,
  CorpusClientRequest,
  CorpusFixture,
  CorpusForm,
  CorpusOutcome,
  CorpusProtocol,
  CorpusTarget,
  Delivery,
  FormPosition,
} from './corpus-client.ts';
export { formPositions } from './corpus-client.ts';
export type { GatewayIdentity } from './gateway-identity.ts';
export type {
  ConnectHint,
  ConnectPlace,
  OptionField,
  ProtocolAbilities,
  ProtocolManifest,
  ReplayView,
  SecretField,
} from './manifest.ts';
export type { AdmitPermit, ForwardPermit, Permit } from './permit.ts';
export { mintPermit } from './permit.ts';
export type {
  AcceptedClient,
  AcceptRequest,
  AssessRequest,
  BindValue,
  Cancellation,
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
  ReadText,
  ReadTextRequest,
  RehearseRequest,
  RelayRequest,
  ResultBudget,
  ResultField,
  ResultMasker,
  RevertRequest,
  RowCeiling,
  SessionEnd,
  SessionState,
  StatementClient,
  StatementHandle,
  StatementResult,
  TargetKnowledge,
  TargetTest,
  TargetTestRequest,
  UndoKeeper,
  WireClient,
  WireProtocol,
  WireRefusal,
  WireTarget,
} from './protocol.ts';
export { StatementError } from './protocol.ts';
export type {
  OpenTerminalClient,
  TerminalClient,
  TerminalClientRequest,
  TerminalEnding,
  TerminalSize,
} from './terminal-client.ts';
