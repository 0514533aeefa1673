import { StatementError, type StatementResult, statementClients } from '@sluice/protocols/clients';
import { Command, Option } from 'commander';
import { openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { type Format, printCsv, printJson, printTable, tell, write } from '../output.ts';
import { openRelayStream, runPassword } from '../relay-stream.ts';

interface ExecOptions {
  readonly format: Format;
  readonly json?: boolean;
  readonly timeout: number;
}

export function execCommand(env: CliEnvironment): Command {
  return new Command('exec')
    .description('Run statements on a connection and print the masked answer')
    .argument('<name>', 'the connection')
    .argument('<statement...>', 'the text, after --')
    .addOption(
      new Option('--format <format>', 'how to print results').choices(['table', 'json', 'csv']).default('table'),
    )
    .option('--json', 'the same as --format json')
    .option('--timeout <seconds>', 'give up after this long, holds included', Number, 3_600)
    .action(async (name: string, words: string[], options: ExecOptions) => {
      const signIn = signedIn(env);
      const password = runPassword();
      const opened = await openRelayStream(openApi(signIn), name, password);
      const open = statementClients[opened.protocol];
      if (open === undefined)
        throw new CliError(
          exitCodes.failed,
          `exec does not work for ${opened.protocol} connections`,
          'Use `sluice connect` with an ordinary client.',
        );
      const client = await open({
        stream: opened.stream,
        options: opened.options,
        username: 'sluice',
        secret: password,
        onNotice: tell,
        signal: AbortSignal.timeout(options.timeout * 1_000),
      }).catch(refused);
      try {
        const results = await client.run(words.join(' ')).catch(refused);
        print(results, options.json === true ? 'json' : options.format);
      } finally {
        await client.close();
      }
    });
}

/** Programs get one line of JSON (the refusal schema) on stderr, people a sentence and what to do. */
function refused(error: unknown): never {
  if (!(error instanceof StatementError)) throw error;
  if (error.detail !== null) tell(error.detail);
  throw new CliError(exitCodes.refused, `${error.message} (${error.code})`, error.hint);
}

/** Rows are printed in the format; a command's streams go where the command itself would have written, its status is the exit code. */
function print(results: readonly StatementResult[], format: Format): void {
  if (format === 'json') write(printJson(results.map(asJson)));
  for (const { columns, rows, tag, output } of results) {
    if (output !== undefined) process.exitCode = output.status ?? exitCodes.failed;
    if (format === 'json') continue;
    if (output !== undefined) {
      process.stdout.write(output.stdout);
      process.stderr.write(output.stderr);
      continue;
    }
    if (columns.length > 0) write(format === 'csv' ? printCsv(columns, rows) : printTable(columns, rows));
    if (format === 'table') write(`${tag}\n`);
  }
}

function asJson({ columns, rows, tag, output }: StatementResult): Readonly<Record<string, unknown>> {
  if (output !== undefined) return { tag, ...output, stdout: output.stdout.toString('utf8') };
  return { tag, rows: rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null]))) };
}
