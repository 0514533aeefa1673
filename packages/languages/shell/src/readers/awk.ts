/** awk's programs: those that only compute and print. One that runs a command, opens a file or is not understood is rejected. */
import { knownText, unknown } from '../abstract.ts';
import type { Reader } from '../call.ts';
import { readArguments } from '../options.ts';
import { optionRules } from '../program.ts';

const options = optionRules(
  '-F=text -v=text -f=opaque --field-separator=text --assign=text --posix --traditional --re-interval',
);

export const readAwk: Reader = ({ fields, shell, state }) => {
  const given = readArguments(fields, options, true);
  if (given.problem !== null) shell.incomplete(given.problem);
  for (const { rule, value } of given.options) if (value !== null) shell.value(rule.kind, value, state);
  const [program, ...files] = given.rest;
  const text = program === undefined || program.splits ? null : knownText(program.value);
  if (text === null || !isPlainAwk(text)) shell.incomplete('it has a program for awk that Sluice does not read');
  for (const { value, splits } of files) {
    if (!splits && /^[A-Za-z_]\w*=/.test(value.type === 'known' ? value.text : '')) continue;
    shell.path('read', splits ? unknown : value, state);
  }
  return unknown;
};

const token =
  /\s+|#[^\n]*|\\\n|"(?:\\[\s\S]|[^"\\\n])*"|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+|[A-Za-z_]\w*|\+\+|--|\*\*=?|[-+*/%^=!<>]=|!~|&&|\|\||>>|[{}()[\];,<>+\-*/%^!~?:$=|&@]/y;
const wordsBeforePattern = new Set(['print', 'printf', 'return', 'in', 'case', 'else', 'do', 'exit', 'if', 'while']);
const refused = new Set([
  'system',
  'getline',
  'ARGV',
  'ARGC',
  'extension',
  'close',
  'PROCINFO',
  'SYMTAB',
  'FUNCTAB',
  'eval',
  'asort',
  'asorti',
]);

/** True: it computes and prints to its output, and nothing else. */
export function isPlainAwk(source: string): boolean {
  let before = '';
  /** Depth of brackets at the `print` that this statement has; null: it has none. */
  let printing: number | null = null;
  let depth = 0;
  for (let at = 0; at < source.length; ) {
    const slash = source[at] === '/' ? pattern(source, at, before) : 0;
    if (slash === null) return false;
    token.lastIndex = at;
    const found = slash > 0 ? source.slice(at, at + slash) : token.exec(source)?.[0];
    if (found === undefined) return false;
    at += found.length;
    if (found === '\\\n' || /^[ \t\r#]/.test(found) || found.trim() === '') {
      if (found.includes('\n') && found !== '\\\n') printing = null;
      continue;
    }
    if (refused.has(found) || found === '|' || found === '@' || found === '&' || found === '|&') return false;
    if (found === '(' || found === '[') depth += 1;
    if (found === ')' || found === ']') depth -= 1;
    if (found === 'print' || found === 'printf') printing = depth;
    if (found === ';' || found === '{' || found === '}') printing = null;
    // In a print outside brackets this is where to, not a comparison.
    if ((found === '>' || found === '>>') && printing !== null && depth <= printing) {
      const target = /^\s*"\/dev\/(stdout|stderr)"/.exec(source.slice(at));
      if (target === null) return false;
    }
    before = found;
  }
  return true;
}

/** The length of a regular expression that begins here; 0: it is a division; null: not told. */
function pattern(source: string, at: number, before: string): number | null {
  if (before === '++' || before === '--') return null;
  const operand = /^[\w")\].$]/.test(before.slice(-1)) && !wordsBeforePattern.has(before);
  if (operand) return 0;
  const match = /^\/(?:\\[^\n]|\[\^?\]?(?:\\.|[^\]\n])*\]|[^/\\\n[])*\//.exec(source.slice(at));
  return match === null ? null : match[0].length;
}
