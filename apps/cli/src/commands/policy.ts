import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { CliError, exitCodes } from '../exit-codes.ts';
import { junitXml } from '../junit.ts';
import { printable, printJson, write } from '../output.ts';
import { junitCases, placed, readPolicyFile, runPolicyFile, runText } from '../policy-file.ts';

type PolicyFormat = 'table' | 'json';

const formatOption = () => new Option('--format <format>', 'how to print').choices(['table', 'json']).default('table');

export function policyCommand(): Command {
  return new Command('policy')
    .description('Check and test policy files, and explain what policy says about a statement')
    .addCommand(checkCommand())
    .addCommand(testCommand());
}

function checkCommand(): Command {
  return new Command('check')
    .description('Check a policy file: form, names and the types of every condition; needs no network')
    .argument('<file>')
    .addOption(formatOption())
    .action((file: string, { format }: { readonly format: PolicyFormat }) => {
      const { policy, problems } = readPolicyFile(file);
      const ok = policy !== null;
      if (format === 'json') write(printJson({ file, ok, problems }));
      else if (policy === null)
        write(problems.map((problem) => `${printable(placed(file, problem, problem.message))}\n`).join(''));
      else write(`${printable(file)}: ${policy.rules.length} rules, ${policy.tests.length} tests, no problems\n`);
      if (!ok) process.exitCode = exitCodes.failed;
    });
}

function testCommand(): Command {
  return new Command('test')
    .description('Check a policy file and run the tests in it; needs no network')
    .argument('<file>')
    .option('--junit <file>', 'write the results as JUnit XML as well')
    .addOption(formatOption())
    .action((file: string, options: { readonly format: PolicyFormat; readonly junit?: string }) => {
      const run = runPolicyFile(readPolicyFile(file));
      if (options.junit !== undefined) writeJunit(options.junit, junitXml(file, junitCases(run)));
      write(options.format === 'json' ? printJson(run) : printable(runText(run)));
      if (!run.ok) process.exitCode = exitCodes.failed;
    });
}

function writeJunit(file: string, xml: string): void {
  try {
    writeFileSync(file, xml);
  } catch (error) {
    throw new CliError(
      exitCodes.usage,
      `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
