/** Environment variables that a client may bring along: locale and terminal. Everything else can change what a program does. */
import { maxEnvironmentCharacters, maxEnvironmentVariables } from './limits.ts';

const names = /^(LANG|LC_[A-Z]{1,24}|TERM|COLORTERM|GIT_PROTOCOL)$/;
/** Names of locales and terminals, and git's `version=2`. No path, no `$`, no line's end. */
const values = /^[\w.@:=-]*$/;

/** Why a variable is not passed on, in a clause; null: it is. */
export function environmentProblem(
  name: string,
  value: string,
  sofar: Readonly<Record<string, string>>,
): string | null {
  if (!names.test(name)) return 'only locale and terminal variables are passed on';
  if (!values.test(value) || value.length > maxEnvironmentCharacters)
    return 'its value is no name of a locale or terminal';
  if (Object.keys(sofar).length >= maxEnvironmentVariables) return `${maxEnvironmentVariables} are passed on at most`;
  return null;
}
