/** Texts in a statement that may be secrets: values of assignments, and of options that carry passwords. For masking in the record. */
import type { ColumnRef, LiteralSpan } from '@sluice/domain';
import type { Statement, Word } from './syntax-tree.ts';

/** Options whose value is a password, and programs that take one right behind `-p` or `-u`. */
const longSecret = /^--(?:[\w-]*pass(?:word|wd|phrase)?|[\w-]*token|[\w-]*secret|[\w-]*api-?key|oauth2-bearer)(?:=|$)/;
const shortSecrets: Readonly<Record<string, RegExp>> = {
  mysql: /^-p(?=.)/,
  mysqldump: /^-p(?=.)/,
  mysqladmin: /^-p(?=.)/,
  mariadb: /^-p(?=.)/,
  sshpass: /^-p/,
  curl: /^(?:-[uU]|--(?:proxy-)?user(?:=|$))/,
  wget: /^$/,
  'redis-cli': /^-a/,
  ldapsearch: /^-w/,
  smbclient: /^-U/,
  unzip: /^-P/,
  openssl: /^-pass(?:in|out)?$/,
  'ssh-keygen': /^-[NP]/,
  mongosh: /^-p/,
  docker: /^-p$/,
  htpasswd: /^$/,
};

interface Plain {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly [key: string]: unknown;
}

export function literalsOf(statement: Statement, text: string): readonly LiteralSpan[] {
  const found: LiteralSpan[] = [];
  visit(statement, text, found);
  return found.sort((a, b) => a.start - b.start);
}

function visit(value: unknown, text: string, found: LiteralSpan[]): void {
  if (Array.isArray(value)) {
    for (const one of value) visit(one, text, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as Plain;
  if (typeof node.name === 'string' && 'naked' in node && node.value !== null && typeof node.value === 'object')
    span(node.value as Word, text, 0, column('environment', node.name), found);
  if (node.type === 'call' && Array.isArray(node.words)) words(node.words as readonly Word[], text, found);
  for (const key in node) visit(node[key], text, found);
}

function column(relation: string, name: string): ColumnRef {
  return { schema: null, relation, column: name.toLowerCase() };
}

function words(list: readonly Word[], text: string, found: LiteralSpan[]): void {
  const program = list
    .map((word) => text.slice(word.start, word.end))
    .find((word) => Object.hasOwn(shortSecrets, nameOf(word)));
  const short = program === undefined ? null : (shortSecrets[nameOf(program)] ?? null);
  for (const [at, word] of list.entries()) {
    const written = text.slice(word.start, word.end);
    const assigned = /^([A-Za-z_]\w*)=/.exec(written);
    if (assigned !== null) span(word, text, assigned[0].length, column('environment', assigned[1] ?? ''), found);
    const match = longSecret.exec(written) ?? (short === null || short.source === '^$' ? null : short.exec(written));
    if (match === null) continue;
    const inside = match[0].length < written.length;
    const next = list[at + 1];
    if (inside) span(word, text, match[0].length, column(program ?? 'program', 'password'), found);
    else if (next !== undefined) span(next, text, 0, column(program ?? 'program', 'password'), found);
  }
}

function nameOf(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** The word from `offset` on, without quotes that stand around all of it. */
function span(word: Word, text: string, offset: number, of: ColumnRef, found: LiteralSpan[]): void {
  const start = word.start + offset;
  if (start >= word.end) return;
  const written = text.slice(start, word.end);
  const value = written.replace(/^(['"])([\s\S]*)\1$/, '$2');
  found.push({ start, end: word.end, value, column: of });
}
