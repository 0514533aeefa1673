/** Programs whose output is known, other languages, and what is only noted. */
import { type Abstract, join, known, knownText, unknown } from '../abstract.ts';
import type { Call, Reader } from '../call.ts';
import { hasOption } from './files.ts';

/** cat gives on what it gets. */
export const readOutput: Reader = ({ name, operands, options, stdin, shell }) => {
  if (name !== 'cat' || options.length > 0) return unknown;
  const parts =
    operands.length === 0
      ? [stdin]
      : operands.map(({ value }) => (knownText(value) === '-' ? stdin : shell.outputOf(value)));
  let all: Abstract = known('');
  for (const part of parts) {
    if (part === null) return unknown;
    all = operands.length < 2 ? part : join(all, part);
  }
  return all;
};

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Null: it is none, or no plain text comes out. */
export function decodeBase64(text: string): string | null {
  const body = text.replace(/\s+/g, '').replace(/=+$/, '');
  let bits = 0;
  let held = 0;
  let decoded = '';
  for (const character of body) {
    const value = alphabet.indexOf(character);
    if (value < 0) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >> bits) & 0xff;
    if (byte === 0 || byte > 0x7f) return null;
    decoded += String.fromCharCode(byte);
  }
  return decoded;
}

export function decodeHex(text: string): string | null {
  const body = text.replace(/\s+/g, '');
  if (!/^([0-7][0-9a-fA-F])*$/.test(body) || body.includes('00')) return null;
  return (body.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join('');
}

export const readDecoder: Reader = (call) => {
  const { name, operands, stdin, shell } = call;
  const [first] = operands;
  const given =
    first === undefined || knownText(first.value) === '-' ? stdin : (shell.outputOf(first.value) ?? unknown);
  const text = knownText(given);
  if (text === null) return unknown;
  const decoded =
    name === 'base64' && hasOption(call, '-d', '-D', '--decode')
      ? decodeBase64(text)
      : name === 'xxd' && hasOption(call, '-r') && hasOption(call, '-p')
        ? decodeHex(text)
        : null;
  return decoded === null ? unknown : known(decoded);
};

/** Commands of psql that only show something. */
const showing = /^\\(d[a-zA-Z]*[+S]*|l\+?|conninfo|encoding|timing|x|q|z|sf|sv)(\s+[\w."*]+)?\s*;?\s*$/;

export const readSql: Reader = (call) => {
  const { options, program, shell, stdin } = call;
  if (hasOption(call, '-l', '--list', '--version', '--help')) {
    shell.does('read');
    return unknown;
  }
  for (const { name, value } of options)
    if (/^(-o|--output)$/.test(name) && /^\s*\|/.test(value === null ? '' : (knownText(value) ?? '|')))
      shell.incomplete('it gives its output to a program');
  const commands = options
    .filter(({ name }) => name === '-c' || name === '--command')
    .map(({ value }) => value ?? unknown);
  const texts = commands.length > 0 ? commands : hasOption(call, '-f', '--file') ? [] : [stdin];
  for (const value of texts) {
    const text = knownText(value);
    if (text === null) {
      shell.does('opaque', 'it runs a text that is known at run time only');
      continue;
    }
    if (showing.test(text)) shell.does('read');
    else if (text.includes('\\') || (commands.length === 0 && /(?<!:):['"\w]/.test(text)))
      shell.does('opaque', 'it has a command of psql that Sluice does not read');
    else nested(program.language ?? '', text, call);
  }
  return unknown;
};

function nested(language: string, text: string, { shell }: Call): void {
  const outcome = shell.readNested(language, text);
  if (outcome === null || !outcome.ok) {
    shell.does('opaque', 'it has a statement in another language that is not read here');
    return;
  }
  for (const facts of outcome.statements) shell.facts.absorb(facts);
}

/** What stands in the catalogue's line is all that is known; arguments only matter where they change a program that looks. */
export const readOpens: Reader = ({ name, operands, program, shell, fields }) => {
  if (program.options === undefined) return unknown;
  if ((name === 'crontab' || name === 'mount') && operands.length > 0)
    shell.does('privilege', 'it changes the machine');
  if (name === 'service') shell.does(knownText(fields[1]?.value ?? unknown) === 'status' ? 'read' : 'change');
  const texts = operands.map(({ value, splits }) => (splits ? null : knownText(value)));
  // `date 0101` sets the clock, `sysctl a=b` the kernel.
  if (name === 'date' && texts.some((text) => text?.startsWith('+') !== true))
    shell.does('privilege', 'it sets the clock');
  if (name === 'sysctl' && texts.some((text) => text?.includes('=') !== false))
    shell.does('privilege', 'it sets the kernel');
  if (name === 'getent' && texts.some((text) => text === null || /shadow/.test(text)))
    shell.does('privilege', 'it reads stored passwords');
  // A page's name with a slash is a file, and yq's language can load one.
  if (/^(man|info)$/.test(name) && texts.some((text) => text === null || text.includes('/')))
    shell.incomplete('it shows a file in a form of its own');
  // Another key for the end of a line, or one that takes the line away, makes another text of what is typed.
  if (
    name === 'stty' &&
    texts.some((text) => text === null || !/^(size|sane|echo|rows|cols|columns|\d{1,4})$/.test(text))
  )
    shell.incomplete('it changes what the keys of a terminal mean');
  if (/(^| )kubectl apply$|^oc apply$/.test(name) && (texts[0] === null || texts[0] === 'edit-last-applied'))
    shell.does('opaque', 'it opens an editor');
  if (
    /^((dnf|yum) history|(npm|pnpm|yarn) audit)$/.test(name) &&
    !(texts.length === 0 || /^(list|info|userinstalled|signatures)$/.test(texts[0] ?? ''))
  )
    shell.does('privilege', 'it installs or removes software');
  if (name === 'yq' && texts.some((text) => text === null || /load/.test(text)))
    shell.incomplete('it has a program for yq that Sluice does not read');
  if (name === 'kubectl get' && fields.some(({ value }) => /secret/i.test(knownText(value) ?? 'secret')))
    shell.does('privilege', 'it reads secrets of a cluster');
  return unknown;
};

/** Subcommands of git whose operands decide. */
export const readGit: Reader = ({ name, operands, options, shell, state }) => {
  const texts = operands.map(({ value, splits }) => (splits ? null : knownText(value)));
  const has = (names: RegExp): boolean => options.some((one) => names.test(one.name));
  if (name === 'git tag' && has(/^-[as]$/) && !has(/^-[mF]$/)) shell.does('opaque', 'it opens an editor');
  if (name === 'git branch' || name === 'git tag') {
    if (
      texts.length > 0 &&
      !options.some(
        (one) =>
          /^(-l|--list|--contains|--no-contains|--merged|--no-merged|--points-at|-a|-r)$/.test(one.name) ||
          (name === 'git tag' && one.name === '-n'),
      )
    )
      shell.does('change');
    return unknown;
  }
  if (name === 'git diff' || name === 'git grep') {
    for (const { value, splits } of operands) {
      const text = splits ? null : knownText(value);
      if (text === null || /^(\/|~|\.)/.test(text)) shell.path('read', splits ? unknown : value, state);
    }
    return unknown;
  }
  if (name === 'git config') {
    const asks = options.some((one) => /^(--get.*|-l|--list|--name-only)$/.test(one.name));
    // Names have a dot; without one it is a word for what to do.
    if (!asks && texts.length === 1 && !/\.|^list$/.test(texts[0] ?? '')) shell.does('opaque', 'it may open an editor');
    if (!asks && texts.length !== 1) shell.does('privilege', 'it changes what git runs');
    if (texts.includes(null)) shell.incomplete('an argument is known at run time only');
    return unknown;
  }
  if (texts.some((text) => text === null || text.includes('::') || /^(ext|fd):/.test(text)))
    shell.incomplete('it names a place for code that can run a program');
  if (name === 'git push' && texts.slice(1).some((text) => text !== null && /^[+:]/.test(text)))
    shell.facts.destroys('it overwrites or deletes a branch');
  return unknown;
};

/** An interpreter's own version is all that is known of it. */
export const readInterpreter: Reader = ({ fields, shell }) => {
  const texts = fields.map(({ value }) => knownText(value));
  if (texts.length === 1 && /^(--version|-V|-v|-version|--help|-h)$/.test(texts[0] ?? '')) return unknown;
  shell.does('opaque', 'it runs code that Sluice does not read');
  return unknown;
};
