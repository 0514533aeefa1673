export { connectedStreams, inPieces, Party } from './byte-streams.ts';
export type { ConformanceSubject, ScriptStep, TargetLog } from './conformance.ts';
export { conformance, testConnection } from './conformance.ts';
export type { MemoryInspectorOptions, MemoryStatement } from './memory-inspector.ts';
export { MemoryInspector } from './memory-inspector.ts';
