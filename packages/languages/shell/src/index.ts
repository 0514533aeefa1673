export { maxTextBytes, shell } from './language.ts';
export type { ShellSession } from './session.ts';
