import { corpusProtocols, formPositions, statementClients } from '@sluice/protocols/clients';
import { Command, Option } from 'commander';
import { explainApiError, openApi } from '../api-client.ts';
import { signedIn } from '../config.ts';
import { cutWrites } from '../corpus/cut-stream.ts';
import { execPath, type Ways } from '../corpus/deliveries.ts';
import { execDeliver } from '../corpus/exec-client.ts';
import { type Corpus, loadCorpus } from '../corpus/load.ts';
import { type CorpusFormat, failedIn, printReport } from '../corpus/report.ts';
import { type CorpusReport, type CorpusRun, fixtureKnown, runCorpus } from '../corpus/run.ts';
import { corpusLists, type Form, type Role, roles } from '../corpus/schema.ts';
import { spareStreams } from '../corpus/spare-stream.ts';
import type { CliEnvironment } from '../env.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { printJson, printTable, tell, write } from '../output.ts';
import { openRelayStream, runPassword } from '../relay-stream.ts';

/** Longest wait for one try's answer (ms). */
const answerMs = 15_000;

interface RunOptions {
  readonly connection?: string;
  readonly direct?: string;
  readonly unguarded?: boolean;
  readonly only?: string;
  readonly list?: string;
  readonly paths?: string;
  readonly positions: string;
  readonly cuts: 'none' | 'every';
  readonly oneIn: number;
  readonly role?: Role;
  readonly corpus?: string;
  readonly format: CorpusFormat;
}

export function corpusCommand(env: CliEnvironment): Command {
  const corpus = new Command('corpus').description('Try what must be refused and what must be allowed on a connection');
  corpus
    .command('run')
    .description('Run the corpora and print what was held to, what got through and what was refused wrongly')
    .option('--connection <name>', 'the connection to try, as whoever is signed in')
    .option('--direct <dsn>', 'an owner’s address of the same target: makes the fixture and compares before and after')
    .option('--unguarded', 'with --direct alone: in a scratch database, show what the forms do where nothing guards')
    .option('--only <words>', 'classes or ids, separated by commas: PG12, PG12-a, jdbc')
    .addOption(new Option('--list <list>', 'one of the two').choices([...corpusLists]))
    .option('--paths <paths>', 'ways to send a text, separated by commas; `exec` is sluice exec. All when missing')
    .option('--positions <positions>', 'where a form stands', formPositions.join(','))
    .addOption(
      new Option('--cuts <cuts>', 'also with every byte in a write of its own')
        .choices(['none', 'every'])
        .default('none'),
    )
    .option('--one-in <number>', 'of the ways beyond the plain ones try only one in so many', Number, 1)
    .addOption(
      new Option('--role <role>', 'whose verdicts are expected; the signed-in role when missing').choices([...roles]),
    )
    .option('--corpus <folder>', 'another corpus folder than the one that came with this program')
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json', 'junit']).default('table'))
    .action(async (options: RunOptions) => {
      const report = await (options.unguarded === true ? runUnguarded(options) : runGuarded(env, options));
      write(printReport(report, options.format));
      if (options.unguarded !== true && failedIn(report)) process.exitCode = exitCodes.failed;
    });
  corpus
    .command('list')
    .description('List the forms')
    .option('--only <words>', 'classes or ids, separated by commas')
    .option('--corpus <folder>', 'another corpus folder')
    .option('--json', 'print JSON')
    .action((options: { only?: string; corpus?: string; json?: boolean }) => {
      const forms = chosen(loadCorpus(options.corpus ?? null).forms, options.only, undefined);
      if (options.json === true) write(printJson(forms));
      else
        write(
          printTable(
            ['ID', 'LIST', 'CLASS', 'AGENT', 'FORM'],
            forms.map((form) => [form.id, form.list, form.class, form.expect.agent ?? '', shortForm(form)]),
          ),
        );
    });
  return corpus;
}

async function runGuarded(env: CliEnvironment, options: RunOptions): Promise<CorpusReport> {
  if (options.connection === undefined) throw usage('--connection NAME is missing');
  const name = options.connection;
  const api = openApi(signedIn(env));
  const { person } = await api.identities.showMe.query().catch(explainApiError);
  const password = runPassword();
  const first = await openRelayStream(api, name, password);
  first.stream.destroy();
  const protocol = corpusProtocols[first.protocol];
  const openStatements = statementClients[first.protocol];
  if (protocol === undefined)
    throw new CliError(exitCodes.failed, `there is no corpus for ${first.protocol} connections`);
  const shared = prepared(
    options,
    first.protocol,
    openStatements === undefined ? protocol.paths : [...protocol.paths, execPath],
  );
  const spare = spareStreams(async () => (await openRelayStream(api, name, password)).stream);
  const client = protocol.openClient({
    openStream: spare.take,
    options: first.options,
    username: 'sluice',
    secret: password,
    answerMs,
  });
  const target = options.direct === undefined ? null : await protocol.openTarget(options.direct);
  const exec: CorpusRun['exec'] =
    openStatements === undefined
      ? null
      : (text, delivery) =>
          execDeliver(
            async ({ wrap, ...request }) => {
              const { stream } = await openRelayStream(api, name, password);
              return openStatements({
                stream: wrap(stream),
                options: first.options,
                username: 'sluice',
                secret: password,
                ...request,
              });
            },
            delivery.cut ? cutWrites : (stream) => stream,
            protocol.around[delivery.position](text),
            answerMs,
          );
  try {
    await target?.makeFixture(shared.fixture, await client.firstValue('SELECT current_user'));
    if (!(await fixtureKnown(client, shared.fixture)))
      throw new CliError(
        exitCodes.failed,
        `the connection does not answer: ${shared.fixture.ready}`,
        target === null
          ? 'Give --direct DSN once with an owner’s address: it makes the fixture.'
          : 'See the gateway’s log.',
      );
    return await runCorpus({ ...shared, role: options.role ?? corpusRole(person.role), client, exec, target });
  } finally {
    await client.close();
    await spare.close();
    await target?.dropFixture(shared.fixture);
    await target?.close();
  }
}

/** The role whose verdicts a file states, for a person who was not told to stand for another. */
function corpusRole(name: string): Role {
  const role = roles.find((known) => known === name);
  if (role === undefined) throw usage(`no corpus says what happens to the role ${name}: give --role`);
  return role;
}

/** Only ever in a database that it made itself, as a role that owns nothing else; both are dropped. */
async function runUnguarded(options: RunOptions): Promise<CorpusReport> {
  const { direct } = options;
  if (direct === undefined) throw usage('--unguarded needs --direct DSN');
  if (options.connection !== undefined) throw usage('--unguarded goes past every connection');
  const [name, protocol] = Object.entries(corpusProtocols).find(([, one]) => one.recognises(direct)) ?? [];
  if (name === undefined || protocol === undefined) throw usage('the address is of no protocol that has a corpus');
  const server = await protocol.openTarget(direct);
  const scratch = await server.makeScratch();
  try {
    const shared = prepared({ ...options, list: options.list ?? 'must-refuse' }, name, protocol.paths.slice(0, 1));
    const target = await protocol.openTarget(scratch.address);
    const client = protocol.openUnguarded(scratch.address, answerMs);
    try {
      await target.makeFixture(shared.fixture, null);
      const forms = shared.forms.filter((form) => form.unguarded);
      return await runCorpus({ ...shared, forms, role: 'agent', client, exec: null, target });
    } finally {
      await client.close();
      await target.close();
    }
  } finally {
    await scratch.drop();
    await server.close();
  }
}

function prepared(options: RunOptions, protocol: string, allPaths: readonly string[]) {
  const corpus: Corpus = loadCorpus(options.corpus ?? null);
  const fixture = corpus.fixtures[protocol];
  const forms = chosen(corpus.forms, options.only, options.list).filter((form) => form.protocol === protocol);
  if (fixture === undefined || forms.length === 0) throw usage('there is no such form in the corpora');
  const paths = words(options.paths ?? allPaths.join(','), allPaths, 'path');
  if (!Number.isInteger(options.oneIn) || options.oneIn < 1) throw usage('--one-in wants a whole number from 1 on');
  const ways: Ways = {
    paths,
    positions: words(options.positions, formPositions, 'position'),
    cuts: options.cuts,
    oneIn: options.oneIn,
  };
  const plainPaths = paths.filter((path) => path !== execPath).slice(0, 2);
  return { corpus, fixture, forms, ways, plainPaths, onProgress: tell };
}

function words<T extends string>(text: string, known: readonly T[], what: string): T[] {
  return text.split(',').map((word) => {
    const found = known.find((one) => one === word.trim());
    if (found === undefined) throw usage(`no ${what} ${word}; there are ${known.join(', ')}`);
    return found;
  });
}

function chosen(forms: readonly Form[], only: string | undefined, list: string | undefined): readonly Form[] {
  const wanted = only?.split(',').map((word) => word.trim().toLowerCase());
  return forms.filter(
    (form) =>
      (list === undefined || form.list === list) &&
      (wanted === undefined || wanted.includes(form.id.toLowerCase()) || wanted.includes(form.class.toLowerCase())),
  );
}

function shortForm(form: Form): string {
  const text = form.form.type === 'text' ? form.form.text : JSON.stringify(form.form.steps);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function usage(what: string): CliError {
  return new CliError(exitCodes.usage, what, 'See `sluice corpus run --help`.');
}
