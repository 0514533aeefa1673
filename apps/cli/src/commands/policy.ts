import { writeFileSync } from 'node:fs';
import type { Explanation } from '@sluice/domain';
import { type CompiledPolicy, type ReadTest, textTests } from '@sluice/policy';
import { Command, Option } from 'commander';
import { type ApiClient, explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { explanationText } from '../explanation-text.ts';
import { junitXml } from '../junit.ts';
import { printable, printJson, write } from '../output.ts';
import { junitCases, placed, readPolicyFile, runPolicyFile, runText } from '../policy-file.ts';

type PolicyFormat = 'table' | 'json';

const formatOption = () => new Option('--format <format>', 'how to print').choices(['table', 'json']).default('table');
const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function policyCommand(env: CliEnvironment): Command {
  return new Command('policy')
    .description('Check and test policy files, and explain what policy says of a statement')
    .addCommand(checkCommand())
    .addCommand(testCommand(env))
    .addCommand(explainCommand(env));
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

interface TestOptions {
  readonly format: PolicyFormat;
  readonly junit?: string;
  readonly connection?: string;
}

function testCommand(env: CliEnvironment): Command {
  return new Command('test')
    .description('Check a policy file and run the tests in it; needs no network but for tests by text')
    .argument('<file>')
    .option('--junit <file>', 'write the results as JUnit XML as well')
    .option('--connection <name>', 'have tests by text read against this connection, or the one that they name')
    .addOption(formatOption())
    .action(async (name: string, options: TestOptions) => {
      const file = readPolicyFile(name);
      const { connection } = options;
      const read =
        connection === undefined || file.policy === null
          ? undefined
          : await readTexts(openApi(signedIn(env)), file.policy, connection);
      const run = runPolicyFile(file, read);
      if (options.junit !== undefined) writeJunit(options.junit, junitXml(name, junitCases(run)));
      write(options.format === 'json' ? printJson(run) : printable(runText(run)));
      if (!run.ok) process.exitCode = exitCodes.failed;
    });
}

/** Has a gateway read the texts, one after the other; the verdicts are the file's own, made here. */
async function readTexts(
  api: ApiClient,
  policy: CompiledPolicy,
  connection: string,
): Promise<ReadonlyMap<number, ReadTest>> {
  const read = new Map<number, ReadTest>();
  for (const test of textTests(policy)) {
    const input = { connection: test.connection ?? connection, as: null, text: test.text };
    const explanation = await api.policies.explainStatement.mutate(input).catch(explainApiError);
    read.set(test.index, readTest(explanation));
  }
  return read;
}

function readTest({ statements, moreStatements }: Explanation): ReadTest {
  return moreStatements > 0
    ? { ok: false, message: `the text holds ${statements.length + moreStatements} statements, too many for a test` }
    : { ok: true, views: statements.map(({ view }) => view) };
}

interface ExplainOptions {
  readonly connection: string;
  readonly as?: string;
  readonly draft?: string;
  readonly grant?: readonly string[];
  readonly format: PolicyFormat;
}

function explainCommand(env: CliEnvironment): Command {
  return new Command('explain')
    .description('Show facts, matching rules and verdict of a statement for somebody, without running anything')
    .argument('<statement...>', 'the text, after --')
    .requiredOption('--connection <name>', 'the connection whose gateway reads the text')
    .option('--as <name>', 'a person or agent; yourself when missing')
    .option('--draft <file>', 'judge by this policy file instead of the policy in force')
    .option('--grant <name>', 'assume this grant; may be given several times', several)
    .addOption(formatOption())
    .action(async (words: string[], options: ExplainOptions) => {
      const { connection, as, draft, grant, format } = options;
      const explanation = await openApi(signedIn(env))
        .policies.explainStatement.mutate({
          connection,
          as: as ?? null,
          text: words.join(' '),
          source: draft === undefined ? null : draftSource(draft),
          grants: [...(grant ?? [])],
        })
        .catch(explainApiError);
      write(
        format === 'json' ? printJson(explanation) : printable(explanationText(explanation, as ?? 'you', connection)),
      );
    });
}

/** Throws CliError with every fault when the draft does not compile. */
function draftSource(name: string): string {
  const { source, problems } = readPolicyFile(name);
  if (problems.length === 0) return source;
  throw new CliError(
    exitCodes.failed,
    `the draft is not valid\n${problems.map((problem) => placed(name, problem, problem.message)).join('\n')}`,
  );
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
