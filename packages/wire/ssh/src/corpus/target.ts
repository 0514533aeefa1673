/** The owner's own session at a host, past Sluice: makes the fixture and tells whether anything changed. */
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { SluiceError } from '@sluice/domain';
import type { CorpusFixture, CorpusTarget } from '@sluice/wire-kit';
import type { Client as SshConnection } from 'ssh2';
import { Client } from '../ssh2-library.ts';

/** `ssh://user@host:port/home/folder?key=/private/key`; the folder is where the fixture stands. */
export function recognisesAddress(address: string): boolean {
  return address.startsWith('ssh://');
}

const readyMs = 20_000;
/** What stands in a tree: names, kinds, modes, owners, sizes and links, and what is in the files. Times do not count. */
const treeDigest = (folder: string) =>
  `cd ${folder} 2>/dev/null && { find . -printf '%P|%y|%m|%U|%G|%l\\n' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum; }`;
/** What an attack would reach for outside the folder. */
const elsewhere =
  'cat /etc/passwd /etc/shadow /etc/crontab 2>/dev/null | sha256sum; ls -la /etc/cron.d /etc/systemd/system /var/spool/cron 2>/dev/null | sha256sum; cat /root/.ssh/authorized_keys /root/.bashrc /root/.profile 2>/dev/null | sha256sum';

export async function openCorpusTarget(address: string): Promise<CorpusTarget> {
  const { connection, home } = await connectOwner(address);
  const run = (command: string) => output(connection, command);
  const folderOf = ({ schema }: CorpusFixture) => quoted(`${home}/${schema}`);
  const drop = async (fixture: CorpusFixture) => {
    await run(`rm -rf -- ${folderOf(fixture)}`);
    for (const text of fixture.teardown) await run(`cd ${quoted(home)} && export HOME=${quoted(home)} && ${text}`);
  };
  return {
    makeFixture: async (fixture) => {
      await drop(fixture);
      await run(`mkdir -p -- ${folderOf(fixture)}`);
      for (const text of fixture.setup) await run(`cd ${folderOf(fixture)} && export HOME=${quoted(home)} && ${text}`);
    },
    dropFixture: drop,
    fixtureDigest: (fixture) => run(treeDigest(folderOf(fixture))),
    wholeDigest: () => run(`${treeDigest(quoted(home))}; ${elsewhere}`),
    makeScratch: () =>
      Promise.reject(
        new SluiceError('unsupported', 'forms of SSH are not run unguarded: they would act on the whole host'),
      ),
    close: () => {
      connection.end();
      return Promise.resolve();
    },
  };
}

async function connectOwner(address: string): Promise<{ readonly connection: SshConnection; readonly home: string }> {
  const url = new URL(address);
  const key = url.searchParams.get('key');
  const home = decodeURIComponent(url.pathname);
  if (key === null || home.length < 2)
    throw new SluiceError('bad-request', 'an address is ssh://user@host:port/folder?key=FILE');
  const port = Number(url.port === '' ? '22' : url.port);
  const connection = new Client();
  await new Promise<void>((resolve, reject) => {
    connection.once('ready', resolve);
    connection.on('error', (cause: Error) =>
      reject(new SluiceError('target-unreachable', `the host does not let its owner in: ${cause.message}`, { cause })),
    );
    connection.connect({
      sock: connectTcp(port, url.hostname),
      username: decodeURIComponent(url.username),
      privateKey: readFileSync(key),
      readyTimeout: readyMs,
      hostVerifier: () => true,
    });
  });
  return { connection, home };
}

/** The output of a command that must succeed. */
function output(connection: SshConnection, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    connection.exec(`LC_ALL=C; ${command}`, (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      const [out, err]: [Buffer[], Buffer[]] = [[], []];
      channel.on('data', (part: Buffer) => out.push(part));
      channel.stderr.on('data', (part: Buffer) => err.push(part));
      channel.once('close', (code?: number | null) => {
        if (code === 0) resolve(Buffer.concat(out).toString('latin1'));
        else
          reject(
            new SluiceError(
              'target-unreachable',
              `the host could not run its owner's command: ${Buffer.concat(err).toString('utf8')}`,
            ),
          );
      });
      channel.end();
    });
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
