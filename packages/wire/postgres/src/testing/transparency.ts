/** What a client prints through the gateway compared with what it prints directly, and where the two are known to differ. */

/** A difference that is meant, or that cannot be otherwise. Anything beyond it in the same script is a defect. */
export interface NamedException {
  readonly script: string;
  readonly name: string;
  readonly why: string;
  /** Stands in one of the differing lines: the exception is still the one that is named. */
  readonly shows: RegExp;
  /** Lines that only one side has, both sides together. */
  readonly lines: number;
}

const strings =
  'standard_conforming_strings = off is refused, because string literals would then mean something else than what Sluice reads and masks';

export const namedExceptions: readonly NamedException[] = [
  {
    script: 'strings',
    name: 'standard_conforming_strings',
    why: strings,
    shows: /Sluice does not carry SET standard_conforming_strings/,
    lines: 92,
  },
  {
    script: 'plpgsql',
    name: 'standard_conforming_strings',
    why: strings,
    shows: /Sluice does not carry SET standard_conforming_strings/,
    lines: 28,
  },
  {
    script: 'largeobject',
    name: 'FunctionCall',
    why: 'psql’s \\lo_import, \\lo_export and \\lo_unlink call functions by number over FunctionCall messages, which hold no text that could be judged; large objects by SQL work',
    shows: /Sluice does not carry FunctionCall/,
    lines: 411,
  },
  {
    script: 'temp',
    name: 'current_schemas',
    why: 'the gateway reads the effective search path after SET search_path = pg_temp, which makes the session’s temporary schema a statement earlier; the PREPARE TRANSACTION behind it then has nothing to refuse',
    shows: /cannot PREPARE a transaction that has operated on temporary objects/,
    lines: 1,
  },
];

export type Comparison =
  | { readonly type: 'identical' }
  | { readonly type: 'nondeterministic' }
  | { readonly type: 'exception'; readonly exception: NamedException; readonly lines: number }
  | { readonly type: 'different'; readonly lines: number; readonly excerpt: string };

/** `again`: a second direct run, where there was one; a script whose two direct runs differ proves nothing. */
export function compareOutputs(script: string, direct: Buffer, through: Buffer, again: Buffer | null): Comparison {
  if (direct.equals(through)) return { type: 'identical' };
  if (again !== null && !direct.equals(again)) return { type: 'nondeterministic' };
  const only = linesOfOne(direct.toString('latin1'), through.toString('latin1'));
  const exception = namedExceptions.find((one) => one.script === script);
  if (exception !== undefined && exception.lines === only.length && only.some((line) => exception.shows.test(line)))
    return { type: 'exception', exception, lines: only.length };
  return { type: 'different', lines: only.length, excerpt: excerpt(direct, through) };
}

/** Lines that one text has more often than the other. */
function linesOfOne(one: string, other: string): string[] {
  const counts = new Map<string, number>();
  for (const line of one.split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of other.split('\n')) counts.set(line, (counts.get(line) ?? 0) - 1);
  return [...counts].flatMap(([line, count]) => new Array<string>(Math.abs(count)).fill(line));
}

const excerptLines = 6;
const excerptColumns = 160;

/** Where the two part, with a few lines of each. */
function excerpt(direct: Buffer, through: Buffer): string {
  const left = direct.toString('utf8').split('\n');
  const right = through.toString('utf8').split('\n');
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  const shown = (lines: readonly string[], mark: string): string[] =>
    lines.slice(at, at + excerptLines).map((line) => `${mark} ${line.slice(0, excerptColumns)}`);
  const before = left.slice(Math.max(0, at - 3), at).map((line) => `  ${line.slice(0, excerptColumns)}`);
  return [`line ${at + 1}:`, ...before, ...shown(left, '<'), ...shown(right, '>')].join('\n');
}
