/** `sluice`: one file per command. */
import { Command, CommanderError } from 'commander';
import { accessCommand } from './commands/access.ts';
import { approvalsCommand } from './commands/approvals.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { caCommand } from './commands/ca.ts';
import { completionCommand } from './commands/completion.ts';
import { connectCommand } from './commands/connect.ts';
import { connectionsCommand } from './commands/connections.ts';
import { corpusCommand } from './commands/corpus.ts';
import { execCommand } from './commands/exec.ts';
import { gatewayCommand } from './commands/gateway.ts';
import { gatewaysCommand } from './commands/gateways.ts';
import { keysCommand } from './commands/keys.ts';
import { loginCommand } from './commands/login.ts';
import { policyCommand } from './commands/policy.ts';
import { recordingsCommand } from './commands/recordings.ts';
import { runCommand } from './commands/run.ts';
import { sessionsCommand } from './commands/sessions.ts';
import { sshCommand } from './commands/ssh.ts';
import { sshKeysCommand } from './commands/ssh-keys.ts';
import { tokenCommand } from './commands/token.ts';
import { readEnvironment } from './env.ts';
import { CliError, exitCodes } from './exit-codes.ts';
import { tell } from './output.ts';

async function main(): Promise<number> {
  const env = readEnvironment();
  const program = new Command('sluice')
    .description('Reach databases through Sluice, answer approvals and check recordings.')
    .version('0.1.0')
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError();
  for (const command of [
    loginCommand(env),
    runCommand(env),
    tokenCommand(env),
    connectionsCommand(env),
    connectCommand(env),
    execCommand(env),
    sshCommand(env),
    sshKeysCommand(env),
    corpusCommand(env),
    accessCommand(env),
    approvalsCommand(env),
    sessionsCommand(env),
    recordingsCommand(env),
    auditCommand(env),
    policyCommand(env),
    caCommand(env),
    backupCommand(env),
    keysCommand(env),
    gatewayCommand(),
    gatewaysCommand(env),
  ]) {
    overrideExits(command);
    program.addCommand(command);
  }
  program.addCommand(completionCommand(program).exitOverride());
  try {
    await program.parseAsync(process.argv);
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof CliError) {
      tell(`sluice: ${error.message}`);
      if (error.hint !== null) tell(`  ${error.hint}`);
      return error.exitCode;
    }
    tell(`sluice: ${error instanceof Error ? error.message : String(error)}`);
    return exitCodes.failed;
  }
}

/** A command's own commands as well: wrong usage has one exit code everywhere. */
function overrideExits(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) overrideExits(sub);
}

void main().then((code) => {
  process.exitCode = code;
});
