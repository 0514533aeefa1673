export type { CompiledMasks, FieldPlan, MaskField, StatementContext } from './compile.ts';
export { compileMasks, maxJsonChars, maxScanChars } from './compile.ts';
export { detectorNames } from './detectors/registry.ts';
export type { RuleMask } from './rules.ts';
export type { KeyedDigest } from './strategies.ts';
