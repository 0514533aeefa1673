export type { CompiledMasks, FieldPlan, MaskField, StatementContext } from './compile.ts';
export { compileMasks, maxJsonChars, maxScanChars } from './compile.ts';
export { detectorNames } from './detectors/registry.ts';
export type { RuleMask } from './rules.ts';
export type { KeyedDigest } from './strategies.ts';
export type { ByteText } from './stream/byte-text.ts';
export { maskInPlace } from './stream/in-place.ts';
export type { StreamMasker, StreamMasks, StreamOptions } from './stream/stream-masker.ts';
export { maxHeldBytes, openStreamMasker, streamQuietMs } from './stream/stream-masker.ts';
