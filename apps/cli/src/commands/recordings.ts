import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprint } from '@sluice/keys';
import { type GatewayVerdict, isGatewayExport, verifyExport, verifyGatewayExport } from '@sluice/recording';
import { Command } from 'commander';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { download, readExportFile, trustedKeys } from '../export-file.ts';
import { printable, printJson, write } from '../output.ts';
import { afterPlay, asciicastOf, play, type RecordedTerminal, terminalOf } from '../recorded-terminal.ts';

export function recordingsCommand(env: CliEnvironment): Command {
  const recordings = new Command('recordings').description('Export recordings, play them, and check exports offline');
  recordings
    .command('export')
    .description('Write a session’s recording, or all of a gateway’s of a while with its checkpoints, to a file')
    .option('--session <id>', 'one session')
    .option('--gateway <name>', 'a gateway’s name or id')
    .option('--from <time>', 'with --gateway: from its last checkpoint before this time (ISO 8601)')
    .option('--to <time>', 'with --gateway: to its first checkpoint after this time (ISO 8601)')
    .requiredOption('--out <file>', 'the file to write')
    .option('--asciicast', 'with --session: its terminal as an asciicast v2 file, for any player')
    .option('--input', 'with --asciicast: what was typed too')
    .option('--terminal <number>', 'with --asciicast: which of its terminals, from 1', '1')
    .action(async (options: ExportOptions) => {
      const asciicast = options.asciicast === true;
      if (asciicast && options.session === undefined)
        throw new CliError(exitCodes.usage, '--asciicast needs a --session');
      if (asciicast) {
        const terminal = await fetchTerminal(env, options.session ?? '', options.terminal);
        writeFileSync(options.out, asciicastOf(terminal, { input: options.input === true }), { mode: 0o600 });
      } else await download(signedIn(env), pathOf(options), options.out);
      write(`wrote ${options.out}\n`);
    });
  recordings
    .command('play')
    .description('Play a session’s terminal in this one')
    .argument('[file]', 'an export of the session; else --session')
    .option('--session <id>', 'a session of the control plane')
    .option('--terminal <number>', 'which of its terminals, from 1', '1')
    .option('--speed <factor>', 'how many times as fast', '1')
    .option('--idle <seconds>', 'the longest pause', '2')
    .option('--from <seconds>', 'where to begin', '0')
    .action(async (file: string | undefined, options: PlayCommandOptions) => {
      if ((file === undefined) === (options.session === undefined))
        throw new CliError(exitCodes.usage, 'name either a file or a --session');
      const terminal =
        file === undefined
          ? await fetchTerminal(env, options.session ?? '', options.terminal)
          : terminalOf(readExportFile(file), wholeNumber('--terminal', options.terminal));
      const speed = positive('--speed', options.speed);
      const pace = {
        speed,
        longestPauseMs: positive('--idle', options.idle) * 1000,
        fromMs: positive('--from', options.from, 0) * 1000,
      };
      process.once('SIGINT', () => {
        write(afterPlay);
        process.exit(interruptedCode);
      });
      await play(terminal, pace, write, sleep);
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
  readonly asciicast?: boolean;
  readonly input?: boolean;
  readonly terminal: string;
}

interface PlayCommandOptions {
  readonly session?: string;
  readonly terminal: string;
  readonly speed: string;
  readonly idle: string;
  readonly from: string;
}

/** A shell's code for what Ctrl-C ended. */
const interruptedCode = 130;

/** A session's terminal out of a fresh export. Throws CliError. */
async function fetchTerminal(env: CliEnvironment, session: string, number: string): Promise<RecordedTerminal> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-recording-'));
  try {
    const file = join(dir, 'export');
    await download(signedIn(env), `/api/sessions/${encodeURIComponent(session)}/recording`, file);
    return terminalOf(readExportFile(file), wholeNumber('--terminal', number));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new CliError(exitCodes.usage, `${option} wants a number from 1, not ${printable(text)}`);
}

function positive(option: string, text: string, least = 0.01): number {
  const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new CliError(exitCodes.usage, `${option} wants a number from ${least}, not ${printable(text)}`);
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
  const lacks = gapLines(verdict.gaps.map((gap) => ({ ...gap, sessionId })));
  const text = ok
    ? `whole: session ${sessionId}, ${chunks} chunks, ${events} events\n${lacks}${signers('signed by', keys)}`
    : `DAMAGED\n${problems.map((p) => `  ${p.part} ${p.index ?? ''}: ${printable(p.what)}\n`).join('')}`;
  return { ok, text, json: verdict };
}

function describeGateway(verdict: GatewayVerdict): Described {
  const { ok, gatewayId, sessions, chunks, events, checkpoints, range, problems } = verdict;
  const time = (at: number | null) => (at === null ? 'never' : new Date(at).toISOString());
  const summary =
    `gateway ${gatewayId}: ${sessions} sessions, ${chunks} chunks, ${events} events, ${checkpoints} checkpoints\n` +
    `links ${range?.from ?? '?'} to ${range?.to ?? '?'}, proved by checkpoints from ${time(verdict.provenFrom)} to ${time(verdict.provenTo)}\n`;
  const resumed = verdict.resumed
    .map(
      ({ number, at }) =>
        `at checkpoint ${number}, ${time(at)}, its spool was lost or an older one: what had not arrived by then is lost\n`,
    )
    .join('');
  const lacks = gapLines(verdict.gaps);
  const keys = signers('recorded by', verdict.keys) + signers('logged by', verdict.installationKeys);
  const place = (p: GatewayVerdict['problems'][number]) =>
    [p.part, p.part === 'session' ? p.sessionId : p.index].filter((part) => part !== null).join(' ');
  const damage = problems.map((p) => `  ${place(p)}: ${printable(p.what)}\n`).join('');
  return {
    ok,
    text: ok ? `whole: ${summary}${resumed}${lacks}${keys}` : `DAMAGED\n${damage}${summary}${resumed}${lacks}`,
    json: verdict,
  };
}

/** Gaps that are told one by one; `--json` has all. */
const maxToldGaps = 100;

function gapLines(
  gaps: readonly { readonly sessionId: string | null; readonly fromMs: number; readonly reason: string }[],
) {
  const told = gaps
    .slice(0, maxToldGaps)
    .map(({ sessionId, fromMs, reason }) => `gap in ${sessionId} from ${timeText(fromMs)}: ${printable(reason)}\n`);
  const rest = gaps.length - told.length;
  return told.join('') + (rest > 0 ? `and ${rest} more gaps\n` : '');
}

/** A recording may say any number; not each is a time. */
function timeText(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? `${ms} ms` : time.toISOString();
}

/** An export's own keys prove it whole, not who signed it: a person compares the fingerprints with the gateways page. */
function signers(how: string, keys: readonly { readonly publicKey: string }[]): string {
  return keys.map(({ publicKey }) => `${how} ${fingerprint(publicKey)}\n`).join('');
}
