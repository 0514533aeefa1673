import { readFileSync, statSync } from 'node:fs';
import { detectorNames } from '@sluice/masking';
import { compileFloor, describeFloor } from '@sluice/policy';
import { Command } from 'commander';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printable, printJson, write } from '../output.ts';
import { placed } from '../policy-file.ts';

/** Bytes of the largest file that is read; a gateway's own bound is the same. */
const maxFileBytes = 1_048_576;

/** What concerns the machine that a gateway runs on. */
export function gatewayCommand(): Command {
  const gateway = new Command('gateway').description('Check the files of a gateway, offline');
  gateway
    .command('floor')
    .description('A gateway’s own floor file, which caps what any bundle may grant')
    .command('check')
    .description('Name every fault of a floor file, or say what it means')
    .argument('<file>')
    .option('--json', 'print JSON')
    .action((file: string, options: { json?: boolean }) => {
      const result = compileFloor(read(file), { detectors: detectorNames });
      const problems = result.ok ? [] : result.problems;
      const summary = result.ok ? describeFloor(result.floor) : [];
      if (options.json === true) write(printJson({ ok: result.ok, problems, summary }));
      else {
        for (const problem of problems) write(`${placed(file, problem, printable(problem.message))}\n`);
        for (const sentence of summary) write(`${printable(sentence)}\n`);
        if (result.ok && summary.length === 0) write('The floor says nothing: it caps nothing.\n');
      }
      if (!result.ok) process.exitCode = exitCodes.failed;
    });
  return gateway;
}

function read(file: string): string {
  try {
    if (statSync(file).size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(
      exitCodes.usage,
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
