/** Copying between machines: scp, rsync and the programs that serve them at the far end. */
import { type Abstract, knownText, unknown } from '../abstract.ts';
import type { Call, Reader } from '../call.ts';
import type { Field, Fields } from '../expand.ts';
import { readArguments } from '../options.ts';
import { optionRules } from '../program.ts';
import { hasOption, readCopy } from './files.ts';

const scpOptions = optionRules(
  '-346ABCdfOpqRrTtv -c=text -F=opaque -i=read -J=text -l=text -o=opaque -P=text -S=opaque -X=text -D=opaque',
);

/** `scp -t PATH` receives files, `scp -f PATH` sends them: what a client of the old protocol has a server run. */
export const readRemoteCopy: Reader = (call) => {
  const { fields, shell, state } = call;
  const given = readArguments(fields, scpOptions, false);
  if (given.problem !== null) shell.incomplete(given.problem);
  for (const { rule, value } of given.options) if (value !== null) shell.value(rule.kind, value, state);
  const copied = { ...call, options: given.options, operands: given.operands };
  if (hasOption(copied, '-t') || hasOption(copied, '-f')) {
    const direction = hasOption(copied, '-t') ? 'write' : 'read';
    shell.serves('scp', direction);
    for (const field of given.operands) shell.path(direction, givenBy(field), state);
    if (given.operands.length !== 1) shell.incomplete('it serves more than one path');
    return unknown;
  }
  if (given.operands.some(isRemote)) reachOut(call, given.operands);
  else readCopy(copied);
  return unknown;
};

function givenBy(field: Field): Abstract {
  return field.splits ? unknown : field.value;
}

/** `host:path`, `rsync://host/path`; what is not known may be one. */
function isRemote(field: Field): boolean {
  const text = knownText(field.value);
  return text === null ? field.value.type === 'unknown' : /^[^/]*:/.test(text);
}

function reachOut({ shell, state }: Pick<Call, 'shell' | 'state'>, operands: Fields): void {
  shell.does('privilege', 'it reaches another machine');
  const [last] = operands.slice(-1);
  for (const field of operands) {
    if (isRemote(field)) shell.effect('copy-out', null);
    else shell.path(field === last ? 'write' : 'read', givenBy(field), state);
  }
}

const rsyncOptions = optionRules(
  '-vqcarRbudlLkKHpEAXogDtSnWxyzCihPFIsUJONm0468 -B=text -T=look -M=opaque -f=text -e=text --rsh=text --rsync-path=opaque --server --sender --daemon!privilege --config=opaque --archive --verbose --quiet --checksum --recursive --relative --no-relative --backup --backup-dir=write --suffix=text --update --inplace --append --append-verify --dirs --links --copy-links --copy-unsafe-links --safe-links --munge-links --copy-dirlinks --keep-dirlinks --hard-links --perms --executability --chmod=text --acls --xattrs --owner!privilege --group --devices!privilege --specials --times --omit-dir-times --omit-link-times --super!privilege --fake-super --sparse --preallocate --dry-run --whole-file --no-whole-file --one-file-system --block-size=text --existing --ignore-existing --remove-source-files!destroy --del!destroy --delete!destroy --delete-before!destroy --delete-during!destroy --delete-delay!destroy --delete-after!destroy --delete-excluded!destroy --delete-missing-args!destroy --ignore-errors --force!destroy --max-delete=text --max-size=text --min-size=text --partial --partial-dir=text --delay-updates --prune-empty-dirs --numeric-ids --usermap=text --groupmap=text --chown=text!privilege --timeout=text --contimeout=text --ignore-times --size-only --modify-window=text --temp-dir=look --fuzzy --compare-dest=read --copy-dest=read --link-dest=read --compress --compress-level=text --skip-compress=text --compress-choice=text --checksum-choice=text --cvs-exclude --filter=text --exclude=text --exclude-from=read --include=text --include-from=read --files-from=opaque --from0 --protect-args --secluded-args --address=text --port=text --blocking-io --no-blocking-io --stats --8-bit-output --human-readable --progress --itemize-changes --out-format=text --log-format=text --log-file=write --log-file-format=text --password-file=read --list-only --bwlimit=text --write-batch=opaque --only-write-batch=opaque --read-batch=opaque --protocol=text --iconv=text --checksum-seed=text --ipv4 --ipv6 --no-motd --info=text --debug=text --mkpath --new-compress --old-compress --no-implied-dirs --no-r --no-p --no-o --no-g --no-t --no-D --no-perms --no-owner --no-group --no-times --no-inc-recursive --inc-recursive --no-h --use-qsort --open-noatime --remote-option=opaque --stop-after=text --trust-sender --crtimes --atimes --old-args',
);

/** As a client, and as the server that a client has started: `rsync --server [--sender] -logDtpre.iLsfxCIvu . PATH`. */
export const readSynchronise: Reader = (call) => {
  const { fields, shell, state } = call;
  const given = readArguments(fields, rsyncOptions, false);
  if (given.problem !== null) shell.incomplete(given.problem);
  for (const { name, rule, value } of given.options) {
    if (rule.does !== null) shell.does(rule.does);
    if (value === null) continue;
    if ((name === '-e' || name === '--rsh') && !isPlainRemoteShell(value))
      shell.incomplete('it runs a program to reach another machine');
    else shell.value(rule.kind, value, state);
  }
  const copied = { ...call, options: given.options, operands: given.operands };
  if (hasOption(copied, '--server')) return serve(copied, given.operands);
  if (given.operands.some(isRemote)) reachOut(call, given.operands);
  else if (given.operands.length === 1) for (const field of given.operands) shell.path('look', givenBy(field), state);
  else readCopy(copied);
  return unknown;
};

/** `-e.iLsfx` carries what the client's version can do. */
function isPlainRemoteShell(value: Abstract): boolean {
  const text = knownText(value);
  return (
    text !== null &&
    (/^\d*\.[A-Za-z]*$/.test(text) || /^(\/usr\/bin\/)?ssh( -(p|i|l) [\w./-]+| -[46CqTx]+)*$/.test(text))
  );
}

function serve(call: Call, operands: Fields): Abstract {
  const { shell, state } = call;
  const direction = hasOption(call, '--sender') ? 'read' : 'write';
  shell.serves('rsync', direction);
  const [dot, ...paths] = operands;
  if (dot === undefined || knownText(dot.value) !== '.' || paths.length === 0)
    shell.incomplete('it is told over its own protocol what to serve');
  for (const field of paths) shell.path(direction, givenBy(field), state);
  if (direction === 'write') shell.does('change');
  return unknown;
}

/** A server of files: what it is asked for is said over its own protocol. */
export const readCopyServer: Reader = ({ shell, fields }) => {
  shell.serves('sftp', fields.some((field) => knownText(field.value) === '-R') ? 'read' : 'write');
  shell.incomplete('it is told over its own protocol what to do');
  return unknown;
};
