export type { AuditVerdict } from './audit-export.ts';
export { auditExportEnd, auditExportLine, auditExportStart, verifyAuditExport } from './audit-export.ts';
export type { ChainPlace, Checkpoint, LogEntry, Signed, Witness } from './checkpoint.ts';
export {
  buildLogEntry,
  chainPlaceSchema,
  checkpointContext,
  firstLogHash,
  lineFault,
  maxCheckpointBytes,
  maxResumedLinks,
  readCheckpoint,
  witnessSchema,
} from './checkpoint.ts';
export type { Chunk, ChunkHeader, ChunkName, Link } from './chunk.ts';
export {
  chunkContext,
  chunkFault,
  decodeEvents,
  firstPreviousHash,
  linkOf,
  maxBodyBytes,
  maxChunkBytes,
  maxEventBytes,
  mayHold,
  readChunk,
  recordingFormat,
} from './chunk.ts';
export type { EndEvent, NewEvent, RecordingEvent, RecordingEventType } from './events.ts';
export { maxTerminalCells, recordingEventSchema } from './events.ts';
export type { GatewayExportHeader, GatewayVerdict } from './gateway-export.ts';
export {
  gatewayExportEnd,
  gatewayExportSession,
  gatewayExportStart,
  isGatewayExport,
  readGatewaySessions,
  verifyGatewayExport,
} from './gateway-export.ts';
export type { ExportKey, ReadExport } from './recording-export.ts';
export { exportFormat, readExport, verifyExport, writeExport } from './recording-export.ts';
export type { RecordingPlace, SeenSession } from './recording-place.ts';
export { maxPlacedSessions, recordingPlaceRequestSchema, recordingPlaceSchema } from './recording-place.ts';
export type { RecoveredSession } from './recover-spool.ts';
export type { Durability, SessionRecorder } from './session-recorder.ts';
export { permanentRefusals, SpoolPusher, type SpoolPusherOptions } from './spool-pusher.ts';
export type { SpoolFile, SpoolStore } from './spool-store.ts';
export { fileSpool } from './spool-store.ts';
export { defaultMaxSpoolBytes, SpoolWriter, type SpoolWriterOptions, spoolDepth } from './spool-writer.ts';
export { type StreamOfStatement, StreamRecorder } from './stream-recorder.ts';
export { type EventSink, TerminalRecorder, type TerminalScreen } from './terminal-recorder.ts';
export { decodeText, type EncodedText, encodeText, maxPieceBytes, pieceDelayMs } from './text-pieces.ts';
export type { GatewayProblem, LoggedCheckpoint } from './verify-gateway-chain.ts';
export type { AcceptChunkRequest, RecordingProblem, RecordingVerdict } from './verify-recording.ts';
export { acceptChunk, verifyRecording } from './verify-recording.ts';
