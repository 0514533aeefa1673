export { type CastCode, type CastHeader, castEvent, castHeader } from './asciicast.ts';
export { plainText } from './plain-text.ts';
export {
  maxParameter,
  maxSequenceLength,
  maxStringLength,
  type RemovedCounts,
  SafeOutput,
} from './safe-output.ts';
export {
  type CursorPlace,
  freshScreenModes,
  restoreModes,
  type ScreenModes,
  type ScrollRegion,
} from './screen-modes.ts';
export { type StyledRun, styledLines } from './styled-lines.ts';
