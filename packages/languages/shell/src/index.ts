export { maxTextBytes, shell } from './language.ts';
export type { Placed, PlacedPath } from './paths.ts';
export { guardedBecause, persistentBecause, placePlainPath } from './paths.ts';
export type { ShellSession } from './session.ts';
