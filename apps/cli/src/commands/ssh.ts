import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { write } from '../output.ts';
import { readyIdentity, type SshIdentity, selfCommand, sshOptions } from '../ssh-identity.ts';

interface SshFlags {
  readonly terminal?: boolean;
  readonly config?: boolean;
  readonly renew?: boolean;
}

export function sshCommand(env: CliEnvironment): Command {
  return new Command('ssh')
    .description('Run the system’s ssh on this connection, signed in by a certificate of minutes')
    .argument('<name>', 'the connection')
    .argument('[words...]', 'a command, after --; none opens a terminal')
    .option('-t, --terminal', 'a terminal for the command as well')
    .option('--config', 'print what makes a plain `ssh NAME`, scp, rsync and git work, for ~/.ssh/config')
    .option(
      '--renew',
      'only fetch a new certificate where the one of --config is half over; that configuration runs it',
    )
    .passThroughOptions()
    .action(async (name: string, words: string[], flags: SshFlags) => {
      const api = () => openApi(signedIn(env));
      const [flag] = words.length === 1 ? words : [];
      if (flags.renew === true || flag === '--renew') {
        await readyIdentity(api, name, keptFolder(env, name));
        return;
      }
      if (flags.config === true || flag === '--config') {
        write(configuration(await readyIdentity(api, name, keptFolder(env, name)), name));
        return;
      }
      const folder = mkdtempSync(join(tmpdir(), 'sluice-ssh-'));
      try {
        const identity = await readyIdentity(api, name, folder);
        process.exitCode = await runSsh([
          ...ownOptions(identity, name),
          ...(flags.terminal === true ? ['-t'] : []),
          '--',
          identity.hostName,
          ...(words[0] === '--' ? words.slice(1) : words),
        ]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
}

/** Nothing of the user's own configuration that opens something takes part. */
function ownOptions(identity: SshIdentity, name: string): string[] {
  const more = [
    ['ClearAllForwardings', 'yes'],
    ['ControlPath', 'none'],
  ] as const;
  return [...sshOptions(identity, name), ...more].flatMap(([option, value]) => ['-o', `${option}=${value}`]);
}

/** One folder for each connection of each installation. Throws CliError for what cannot be a connection's name. */
function keptFolder(env: CliEnvironment, name: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
    throw new CliError(exitCodes.usage, `“${name}” is no connection’s name`, 'See `sluice connections`.');
  const installation = createHash('sha256').update(signedIn(env).url).digest('hex').slice(0, 12);
  return join(dirname(env.configFile), 'ssh', installation, name);
}

/** The first line runs before ssh reads key and certificate, which a ProxyCommand would not. */
function configuration(identity: SshIdentity, name: string): string {
  const renewal = selfCommand('ssh', '--renew', name).replaceAll(/["\\]/g, String.raw`\$&`);
  const lines = sshOptions(identity, name).map(([option, value]) => `  ${option} ${value}`);
  return [`Match originalhost ${name} exec "${renewal}"`, `Host ${name}`, ...lines, ''].join('\n');
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
