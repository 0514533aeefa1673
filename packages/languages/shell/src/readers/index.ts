import type { Reader } from '../call.ts';
import type { ReaderName } from '../program.ts';
import { readAwk } from './awk.ts';
import { readFetch } from './fetch.ts';
import { readCopy, readDd, readKill, readMode, readRemove } from './files.ts';
import { readFind } from './find.ts';
import { readSed } from './sed.ts';
import { readTar, readUnpacks } from './tar.ts';
import { readDecoder, readGit, readInterpreter, readOpens, readOutput, readSql } from './texts.ts';
import { readCopyServer, readRemoteCopy, readSynchronise } from './transfer.ts';
import {
  readApplets,
  readContainerExec,
  readEnvironment,
  readLocker,
  readPrivileged,
  readRemoteShell,
  readShell,
  readWatch,
  readWrapper,
  readXargs,
} from './wrappers.ts';

/** By the names that the catalogue uses. */
export const readers: Readonly<Record<ReaderName, Reader>> = {
  shell: readShell,
  wrapper: readWrapper,
  watch: readWatch,
  environment: readEnvironment,
  privileged: readPrivileged,
  applets: readApplets,
  xargs: readXargs,
  find: readFind,
  sed: readSed,
  awk: readAwk,
  tar: readTar,
  unpacks: readUnpacks,
  dd: readDd,
  remove: readRemove,
  copy: readCopy,
  mode: readMode,
  'remote-shell': readRemoteShell,
  'remote-copy': readRemoteCopy,
  synchronise: readSynchronise,
  'copy-server': readCopyServer,
  fetch: readFetch,
  'container-exec': readContainerExec,
  sql: readSql,
  kill: readKill,
  base64: readDecoder,
  output: readOutput,
  locker: readLocker,
  opens: readOpens,
  git: readGit,
  interpreter: readInterpreter,
};
