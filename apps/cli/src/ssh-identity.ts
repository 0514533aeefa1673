/** A key and its certificate in a folder of their own, and the options by which the system's ssh uses them and nothing else. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPublicKeyLine } from '@sluice/keys';
import { z } from 'zod';
import { type ApiClient, explainApiError } from './api-client.ts';
import { CliError, exitCodes } from './exit-codes.ts';

/** Whose names the authority certifies: those of this installation's connections, which are in no DNS. */
const certifiedNames = '*.sluice.internal';
const noteSchema = z.object({ renewAt: z.iso.datetime(), hostName: z.string() });

export interface SshIdentity {
  readonly folder: string;
  /** The name that the gateway's certificate must hold for. */
  readonly hostName: string;
  readonly fingerprint: string;
}

/**
 * The identity in `folder`: its key made where there is none, its certificate fetched where less than half of its time is left. Only its
 * owner can read the folder. Throws CliError.
 */
export async function readyIdentity(api: () => ApiClient, name: string, folder: string): Promise<SshIdentity> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = join(folder, 'key');
  if (!existsSync(key)) makeKey(folder);
  const line = readFileSync(`${key}.pub`, 'utf8');
  const { fingerprint } = readPublicKeyLine(line);
  const noted = noteOf(folder);
  if (noted !== null && Date.parse(noted.renewAt) > Date.now())
    return { folder, hostName: noted.hostName, fingerprint };
  const askedAt = Date.now();
  const issued = await api().connections.issueCertificate.mutate({ name, publicKey: line }).catch(explainApiError);
  const renewAt = new Date((askedAt + issued.expiresAt.getTime()) / 2).toISOString();
  keep(folder, 'known_hosts', issued.authorities.map((one) => `@cert-authority ${certifiedNames} ${one}\n`).join(''));
  keep(folder, 'key-cert.pub', `${issued.certificate}\n`);
  keep(folder, 'renewal.json', JSON.stringify({ renewAt, hostName: issued.hostName }));
  return { folder, hostName: issued.hostName, fingerprint };
}

/** Options of ssh, of which nothing else has a say: neither the user's keys, agent and known hosts, nor forwarding. */
export function sshOptions({ folder, hostName, fingerprint }: SshIdentity, name: string): [string, string][] {
  return [
    ['ProxyCommand', selfCommand('connect', '--stdio', '--key', fingerprint, '--', name)],
    ['HostKeyAlias', hostName],
    ['UserKnownHostsFile', quoted(join(folder, 'known_hosts'))],
    ['GlobalKnownHostsFile', '/dev/null'],
    ['StrictHostKeyChecking', 'yes'],
    ['UpdateHostKeys', 'no'],
    ['IdentityFile', quoted(join(folder, 'key'))],
    ['CertificateFile', quoted(join(folder, 'key-cert.pub'))],
    ['IdentitiesOnly', 'yes'],
    ['IdentityAgent', 'none'],
    ['PreferredAuthentications', 'publickey'],
    ['ForwardAgent', 'no'],
    ['ForwardX11', 'no'],
    ['User', 'sluice'],
  ];
}

/** This very program with other parameters, as a command for the shell in which ssh has replaced its own `%` marks. */
export function selfCommand(...parameters: readonly string[]): string {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...parameters].map(proxyWord).join(' ');
}

function proxyWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`).replaceAll('%', '%%')}'`;
}

/** A word of ssh's own configuration, where `%` marks are replaced in file names. */
function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('%', '%%')}"`;
}

/** Whole or not at all: another ssh may be reading. */
function keep(folder: string, file: string, text: string): void {
  const at = join(folder, file);
  writeFileSync(`${at}.${process.pid}`, text, { mode: 0o600 });
  renameSync(`${at}.${process.pid}`, at);
}

/** Made beside and put in place, for two that begin together; the private half comes last. */
function makeKey(folder: string): void {
  const made = join(folder, `new-${process.pid}`);
  const ran = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'sluice', '-f', made]);
  if (ran.error !== undefined || ran.status !== 0)
    throw new CliError(exitCodes.failed, 'ssh-keygen could not be run', 'Install the OpenSSH client.');
  renameSync(`${made}.pub`, join(folder, 'key.pub'));
  renameSync(made, join(folder, 'key'));
}

function noteOf(folder: string): z.infer<typeof noteSchema> | null {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(join(folder, 'renewal.json'), 'utf8')));
  } catch {
    // None yet, or one that nobody can read: a new certificate costs one request.
    return null;
  }
}
