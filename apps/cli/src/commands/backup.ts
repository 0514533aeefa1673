import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { type Secret, SluiceError } from '@sluice/domain';
import { openBackup, sealBackup } from '@sluice/keys';
import { Command } from 'commander';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printable, write } from '../output.ts';

/** Files of a folder that are taken: a gateway's keys and identity, not its spool. */
const maxFiles = 64;

export function backupCommand(env: CliEnvironment): Command {
  const backup = new Command('backup').description('Keep key files in one file that a passphrase opens');
  backup
    .command('create')
    .description('Seal files, and the files of folders, with the passphrase in SLUICE_BACKUP_PASSPHRASE')
    .argument('<path...>', 'the master key file; a gateway’s data folder')
    .requiredOption('--out <file>', 'where the back-up is written; it must not be there yet')
    .action((paths: string[], options: { out: string }) => {
      const files = Object.fromEntries(paths.flatMap(filesOf).map(([name, file]) => [name, encoded(file)]));
      const sealed = guarded(() => sealBackup(files, passphraseOf(env)));
      // A back-up that stands there is never written over: it may be the only one that still opens.
      guarded(() => writeFileSync(options.out, sealed, { mode: 0o600, flag: 'wx' }));
      for (const name of Object.keys(files)) write(`${printable(name)}\n`);
    });
  backup
    .command('restore')
    .description('Open a back-up into a folder; files that are there are left alone and end the command')
    .argument('<file>')
    .requiredOption('--to <folder>')
    .action((file: string, options: { to: string }) => {
      const files = guarded(() => openBackup(readFileSync(file, 'utf8'), passphraseOf(env)));
      const places = Object.entries(files).map(([name, text]) => [placeOf(options.to, name), text] as const);
      const taken = places.find(([place]) => existsSync(place));
      if (taken !== undefined) throw new CliError(exitCodes.failed, `${taken[0]} is there already`);
      for (const [place, text] of places) {
        mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
        writeFileSync(place, Buffer.from(text, 'base64url'), { mode: 0o600, flag: 'wx' });
        write(`${printable(place)}\n`);
      }
    });
  return backup;
}

/** A folder's own files, without what lies deeper; a file by its name. */
function filesOf(path: string): [string, string][] {
  return guarded(() => {
    if (!statSync(path).isDirectory()) return [[basename(path), path]];
    const names = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
    if (names.length > maxFiles) throw new Error(`${path} has more than ${maxFiles} files`);
    return names.map(({ name }) => [`${basename(path)}/${name}`, join(path, name)]);
  });
}

function encoded(file: string): string {
  return guarded(() => readFileSync(file).toString('base64url'));
}

/** A name in a back-up never leads out of the folder that it is restored to. */
function placeOf(folder: string, name: string): string {
  const inside = normalize(name);
  if (inside.startsWith('..') || inside.startsWith('/'))
    throw new CliError(exitCodes.failed, `${name} leads elsewhere`);
  return join(folder, inside);
}

function passphraseOf({ backupPassphrase }: CliEnvironment): Secret {
  if (backupPassphrase !== null) return backupPassphrase;
  throw new CliError(
    exitCodes.usage,
    'SLUICE_BACKUP_PASSPHRASE is not set',
    'A passphrase on a command line is seen by others.',
  );
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CliError) throw error;
    const words = error instanceof SluiceError || error instanceof Error ? error.message : String(error);
    throw new CliError(exitCodes.failed, words);
  }
}
