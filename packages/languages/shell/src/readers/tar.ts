/** tar: what it packs, what it unpacks, and the options by which it runs programs. */
import { type Abstract, join, known, knownText, unknown } from '../abstract.ts';
import type { Reader } from '../call.ts';
import type { Field, Fields } from '../expand.ts';
import { readArguments } from '../options.ts';
import { optionRules } from '../program.ts';

const options = optionRules(
  '-AcdrtuxzjJZavwkUWmpPhlORSsnGioB -f=text -C=look -T=opaque -X=read -b=text -H=text -g=write -K=text -N=text -V=text -L=opaque -M!opaque -I=opaque -F=opaque --create --extract --get --list --append --update --concatenate --catenate --delete!destroy --diff --compare --test-label --file=text --directory=look --gzip --bzip2 --xz --lzma --zstd --compress --auto-compress --verbose?text --exclude=text --exclude-from=read --exclude-vcs --exclude-vcs-ignores --exclude-caches --exclude-tag=text --files-from=opaque --strip-components=text --transform=text --xform=text --owner=text --group=text --mode=text --numeric-owner --no-same-owner --same-owner!privilege --same-permissions --preserve-permissions --no-same-permissions --wildcards --no-wildcards --anchored --one-file-system --dereference --keep-old-files --skip-old-files --overwrite --overwrite-dir --unlink-first --recursive-unlink!destroy --remove-files!destroy --checkpoint?text --checkpoint-action=text --totals?text --null --no-recursion --recursion --sort=text --mtime=text --format=text --warning=text --ignore-failed-read --touch --to-stdout --absolute-names --xattrs --no-xattrs --acls --selinux --sparse --block-number --show-transformed-names --force-local --blocking-factor=text --label=text --listed-incremental=write --newer=text --after-date=text --no-auto-compress --use-compress-program=opaque --to-command=opaque --rsh-command=opaque --rmt-command=opaque --info-script=opaque --new-volume-script=opaque --index-file=write --utc --full-time --quoting-style=text --delay-directory-restore --no-delay-directory-restore --hard-dereference --occurrence?text --starting-file=text --backup?text --suffix=text',
);

/** `tar czf x.tgz y` is `tar -c -z -f x.tgz y`: each letter that takes a value takes the next argument. */
function withDashes(fields: Fields): Fields {
  const [first, ...rest] = fields;
  const text = first === undefined ? null : knownText(first.value);
  if (text === null || text.startsWith('-') || !/^[a-zA-Z]+$/.test(text)) return fields;
  const given: Field[] = [];
  let at = 0;
  for (const letter of text) {
    given.push({ value: known(`-${letter}`), splits: false });
    if (options.get(`-${letter}`)?.value !== 'must') continue;
    const value = rest[at];
    at += 1;
    if (value !== undefined) given.push(value);
  }
  return [...given, ...rest.slice(at)];
}

export const readTar: Reader = (call) => {
  const { shell, state } = call;
  const given = readArguments(withDashes(call.fields), options, false);
  if (given.problem !== null) shell.incomplete(given.problem);
  const names = new Set(given.options.map(({ name }) => name));
  const has = (...wanted: readonly string[]) => wanted.some((name) => names.has(name));
  let archive: Abstract = known('-');
  let folder: Abstract = known('.');
  for (const { name, rule, value } of given.options) {
    if (rule.does !== null) shell.does(rule.does);
    if (name === '-f' || name === '--file') archive = value ?? unknown;
    else if (name === '-C' || name === '--directory') folder = value ?? unknown;
    else if (name === '--checkpoint-action' && !/^(dot|echo|bell|ttyout|sleep|totals)/.test(textOf(value)))
      shell.incomplete('it runs a program while it packs');
    else if (value !== null) shell.value(rule.kind, value, state);
  }
  // An archive behind a colon lies on another machine.
  if (textOf(archive).includes(':') && !has('--force-local')) shell.does('privilege', 'it reaches another machine');
  const stream = textOf(archive) === '-';
  if (has('-x', '--extract', '--get')) {
    if (!stream) shell.path('read', archive, state);
    if (has('-O', '--to-stdout')) return unknown;
    // What is in the archive decides what is written below the folder, or anywhere.
    const below = has('-P', '--absolute-names') ? known('/') : folder;
    shell.path('write', join(below, { type: 'pattern', pattern: '/**' }), state);
    shell.does('change');
    return unknown;
  }
  if (has('-t', '--list', '-d', '--diff', '--compare')) {
    if (!stream) shell.path('read', archive, state);
    return unknown;
  }
  if (!stream) shell.path('write', archive, state);
  const here = state.copy();
  const base = knownText(folder);
  for (const { value, splits } of given.operands)
    shell.path('read', splits ? unknown : base === '.' ? value : join(join(folder, known('/')), value), here);
  return unknown;
};

/** `unzip`, `cpio` and `patch`: what they are given decides what is written below the folder. */
export const readUnpacks: Reader = ({ name, options, operands, state, shell }) => {
  const given = (...wanted: readonly string[]) => options.find((one) => wanted.includes(one.name));
  if (name === 'cpio') {
    if (given('-t', '--list') === undefined) shell.does('opaque', 'it takes the names of files from its input');
    return unknown;
  }
  if (name === 'unzip' ? given('-l', '-t', '-p', '-v') !== undefined : operands.length > 0) return unknown;
  if (name === 'unzip' && given('-o', '-n') === undefined) shell.incomplete('it asks how a file is to be named');
  const folder = given('-d', '--directory')?.value ?? known('.');
  shell.path('write', join(folder, { type: 'pattern', pattern: '/**' }), state);
  return unknown;
};

function textOf(value: Abstract | null): string {
  return value === null ? '' : (knownText(value) ?? '');
}
