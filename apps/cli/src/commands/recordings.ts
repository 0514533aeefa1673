import { readFileSync } from 'node:fs';
import { fingerprint, keyIdOf } from '@sluice/keys';
import { verifyExport } from '@sluice/recording';
import { Command } from 'commander';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printJson, write } from '../output.ts';

export function recordingsCommand(): Command {
  const recordings = new Command('recordings').description('Check exported recordings offline');
  recordings
    .command('verify')
    .description('Prove that an exported recording is whole and unchanged, or name the damage')
    .argument('<file>', 'an export of the session page')
    .option('--trust <publicKey...>', "the gateway's public signing key (base64url); the file's own keys when missing")
    .option('--json', 'print JSON')
    .action((file: string, options: { json?: boolean; trust?: string[] }) => {
      const trusted =
        options.trust === undefined ? undefined : new Map(options.trust.map((key) => [keyIdOf(key), key]));
      const verdict = verifyExport(
        read(file),
        trusted === undefined ? undefined : (keyId) => trusted.get(keyId) ?? null,
      );
      if (options.json === true) write(printJson(verdict));
      else if (verdict.ok)
        write(
          `whole: session ${verdict.sessionId}, ${verdict.chunks} chunks, ${verdict.events} events\n${signers(verdict.keys)}`,
        );
      else write(`DAMAGED\n${verdict.problems.map((p) => `  ${p.part} ${p.index ?? ''}: ${p.what}\n`).join('')}`);
      if (!verdict.ok) process.exitCode = exitCodes.damaged;
    });
  return recordings;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CliError(
      exitCodes.failed,
      `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** An export's own keys prove it whole, not who signed it: a person compares the fingerprint with the gateways page. */
function signers(keys: readonly { readonly publicKey: string }[]): string {
  return keys.map(({ publicKey }) => `signed by ${fingerprint(publicKey)}\n`).join('');
}
