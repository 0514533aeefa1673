import { fingerprint } from '@sluice/keys';
import { verifyAuditExport } from '@sluice/recording';
import { Command } from 'commander';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { download, readExportFile, trustedKeys } from '../export-file.ts';
import { printJson, write } from '../output.ts';

export function auditCommand(env: CliEnvironment): Command {
  const audit = new Command('audit').description('Export the audit chain, and check an export offline');
  audit
    .command('export')
    .description('Write the audit chain to a file')
    .option('--from <number>', 'the first event')
    .requiredOption('--out <file>', 'the file to write')
    .action(async (options: { from?: string; out: string }) => {
      const query = new URLSearchParams(options.from === undefined ? {} : { from: options.from });
      await download(signedIn(env), `/api/audit/export?${query.toString()}`, options.out);
      write(`wrote ${options.out}\n`);
    });
  audit
    .command('verify')
    .description('Prove that an exported audit chain is whole and unchanged, or name the damage')
    .argument('<file>', 'an export')
    .option('--trust <publicKey...>', "the installation's public key (base64url); the file's own when missing")
    .option('--anchor <index:hash...>', 'a head known from elsewhere, which the export must hold')
    .option('--json', 'print JSON')
    .action((file: string, options: { json?: boolean; trust?: string[]; anchor?: string[] }) => {
      const trustedKeyOf = trustedKeys(options.trust);
      const anchors = (options.anchor ?? []).map(toAnchor);
      const verdict = verifyAuditExport(readExportFile(file).toString('utf8'), {
        anchors,
        ...(trustedKeyOf === undefined ? {} : { trustedKeyOf }),
      });
      const { ok, events, from, head, keys, problems } = verdict;
      if (options.json === true) write(printJson(verdict));
      else if (ok) {
        const signers = keys.map(({ publicKey }) => `signed by ${fingerprint(publicKey)}\n`).join('');
        write(`whole: ${events} events from ${from} on\nhead ${head?.index}:${head?.hash}\n${signers}`);
      } else write(`DAMAGED\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
      if (!ok) process.exitCode = exitCodes.damaged;
    });
  return audit;
}

function toAnchor(text: string): { readonly index: number; readonly hash: string } {
  const [, index, hash] = /^(\d{1,9}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (index === undefined || hash === undefined)
    throw new CliError(exitCodes.usage, `${text} is no anchor: INDEX:HASH, as \`audit verify\` prints it`);
  return { index: Number(index), hash };
}
