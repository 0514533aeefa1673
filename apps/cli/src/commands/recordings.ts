import { fingerprint } from '@sluice/keys';
import { type GatewayVerdict, isGatewayExport, verifyExport, verifyGatewayExport } from '@sluice/recording';
import { Command } from 'commander';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { download, readExportFile, trustedKeys } from '../export-file.ts';
import { printable, printJson, write } from '../output.ts';

export function recordingsCommand(env: CliEnvironment): Command {
  const recordings = new Command('recordings').description('Export recordings, and check exports offline');
  recordings
    .command('export')
    .description('Write a session’s recording, or all of a gateway’s of a while with its checkpoints, to a file')
    .option('--session <id>', 'one session')
    .option('--gateway <name>', 'a gateway’s name or id')
    .option('--from <time>', 'with --gateway: from its last checkpoint before this time (ISO 8601)')
    .option('--to <time>', 'with --gateway: to its first checkpoint after this time (ISO 8601)')
    .requiredOption('--out <file>', 'the file to write')
    .action(async (options: ExportOptions) => {
      await download(signedIn(env), pathOf(options), options.out);
      write(`wrote ${options.out}\n`);
    });
  recordings
    .command('verify')
    .description('Prove that exported recordings are whole and unchanged, or name the damage')
    .argument('<file>', 'an export of a session or of a gateway')
    .option('--trust <publicKey...>', "the signers' public keys (base64url); the file's own keys when missing")
    .option('--json', 'print JSON')
    .action((file: string, options: { json?: boolean; trust?: string[] }) => {
      const bytes = readExportFile(file);
      const verdict = isGatewayExport(bytes)
        ? describeGateway(verifyGatewayExport(bytes, trustedKeys(options.trust)))
        : describeSession(verifyExport(bytes, trustedKeys(options.trust)));
      if (options.json === true) write(printJson(verdict.json));
      else write(verdict.text);
      if (!verdict.ok) process.exitCode = exitCodes.damaged;
    });
  return recordings;
}

interface ExportOptions {
  readonly session?: string;
  readonly gateway?: string;
  readonly from?: string;
  readonly to?: string;
  readonly out: string;
}

function pathOf({ session, gateway, from, to }: ExportOptions): string {
  if ((session === undefined) === (gateway === undefined))
    throw new CliError(exitCodes.usage, 'name either a --session or a --gateway');
  if (session !== undefined) return `/api/sessions/${encodeURIComponent(session)}/recording`;
  const query = new URLSearchParams({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
  return `/api/gateways/${encodeURIComponent(gateway ?? '')}/recordings?${query.toString()}`;
}

interface Described {
  readonly ok: boolean;
  readonly text: string;
  readonly json: unknown;
}

function describeSession(verdict: ReturnType<typeof verifyExport>): Described {
  const { ok, sessionId, chunks, events, keys, problems } = verdict;
  const text = ok
    ? `whole: session ${sessionId}, ${chunks} chunks, ${events} events\n${signers('signed by', keys)}`
    : `DAMAGED\n${problems.map((p) => `  ${p.part} ${p.index ?? ''}: ${printable(p.what)}\n`).join('')}`;
  return { ok, text, json: verdict };
}

function describeGateway(verdict: GatewayVerdict): Described {
  const { ok, gatewayId, sessions, chunks, events, checkpoints, range, problems } = verdict;
  const time = (at: number | null) => (at === null ? 'never' : new Date(at).toISOString());
  const summary =
    `gateway ${gatewayId}: ${sessions} sessions, ${chunks} chunks, ${events} events, ${checkpoints} checkpoints\n` +
    `links ${range?.from ?? '?'} to ${range?.to ?? '?'}, proved by checkpoints from ${time(verdict.provenFrom)} to ${time(verdict.provenTo)}\n`;
  const keys = signers('recorded by', verdict.keys) + signers('logged by', verdict.installationKeys);
  const place = (p: GatewayVerdict['problems'][number]) =>
    [p.part, p.part === 'session' ? p.sessionId : p.index].filter((part) => part !== null).join(' ');
  const damage = problems.map((p) => `  ${place(p)}: ${printable(p.what)}\n`).join('');
  return { ok, text: ok ? `whole: ${summary}${keys}` : `DAMAGED\n${damage}${summary}`, json: verdict };
}

/** An export's own keys prove it whole, not who signed it: a person compares the fingerprints with the gateways page. */
function signers(how: string, keys: readonly { readonly publicKey: string }[]): string {
  return keys.map(({ publicKey }) => `${how} ${fingerprint(publicKey)}\n`).join('');
}
