import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPublicKeyLine } from '@sluice/keys';
import { Command } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';

/** Stands in the place of a host's name: the program that reaches the gateway knows the connection. */
const hostName = 'sluice-connection';

export function sshCommand(env: CliEnvironment): Command {
  return new Command('ssh')
    .description('Run the system’s ssh on this connection, signed in by a key of this run')
    .argument('<name>', 'the connection')
    .argument('[words...]', 'a command, after --; none opens a terminal')
    .option('-t, --terminal', 'a terminal for the command as well')
    .passThroughOptions()
    .action(async (name: string, words: string[], options: { terminal?: boolean }) => {
      const signIn = signedIn(env);
      await openApi(signIn).connections.showConnection.query({ name }).catch(explainApiError);
      const folder = mkdtempSync(join(tmpdir(), 'sluice-ssh-'));
      try {
        process.exitCode = await runSsh([
          ...clientOptions(folder, name),
          ...(options.terminal === true ? ['-t'] : []),
          '--',
          hostName,
          ...(words[0] === '--' ? words.slice(1) : words),
        ]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
}

/**
 * A key made for this run alone, which the ticket is bound to; the tunnel's TLS has checked the gateway by then, so that its host key
 * needs no second look. Nothing of the user's own keys or agent takes part.
 */
function clientOptions(folder: string, name: string): string[] {
  const key = join(folder, 'key');
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'sluice', '-f', key]);
  if (made.error !== undefined || made.status !== 0)
    throw new CliError(exitCodes.failed, 'ssh-keygen could not be run', 'Install the OpenSSH client.');
  const { fingerprint } = readPublicKeyLine(readFileSync(`${key}.pub`, 'utf8'));
  const self = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  const proxy = [...self, 'connect', '--stdio', '--key', fingerprint, '--', name].map(proxyWord).join(' ');
  return [
    ['ProxyCommand', proxy],
    ['IdentityFile', `"${key}"`],
    ['IdentitiesOnly', 'yes'],
    ['IdentityAgent', 'none'],
    ['PreferredAuthentications', 'publickey'],
    ['ForwardAgent', 'no'],
    ['ForwardX11', 'no'],
    ['ClearAllForwardings', 'yes'],
    ['ControlPath', 'none'],
    ['StrictHostKeyChecking', 'no'],
    ['UserKnownHostsFile', '/dev/null'],
    ['LogLevel', 'ERROR'],
    ['User', 'sluice'],
  ].flatMap(([option, value]) => ['-o', `${option}=${value}`]);
}

/** A word of the command that ssh hands to a shell, having replaced its own `%` marks. */
function proxyWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`).replaceAll('%', '%%')}'`;
}

function runSsh(parameters: readonly string[]): Promise<number> {
  const child = spawn('ssh', parameters, { stdio: 'inherit' });
  // Ctrl-C is the client's business: it passes it on, or ends.
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    child.once('error', () =>
      reject(new CliError(exitCodes.failed, 'ssh could not be run', 'Install the OpenSSH client.')),
    );
    child.once('exit', (code) => resolve(code ?? exitCodes.failed));
  });
}
