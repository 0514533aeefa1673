/** SSH through a whole Sluice: the corpora by `sluice corpus run`, and the real ssh, scp, sftp, rsync and git of an agent, beside the host as it was. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Output, removeData, root, run, type Stack, startStack } from './stack.ts';

const has = (file: string): boolean => existsSync(file);
const hasHost = has('/usr/sbin/sshd') && has('/usr/bin/ssh');
/** Classes that a host survives when one of their forms gets through. */
const classes = 'SH01,SH02,SH03,SH08,SH09,sftp';

let stack: Stack;
let here = '';
/** The demo host's home folder, and its owner's key. */
let home = '';
let key = '';

beforeAll(async () => {
  if (!hasHost) return;
  stack = await startStack();
  home = join(stack.report.dataDir, 'ssh-target/home');
  key = join(stack.report.dataDir, 'ssh-target/client');
  here = mkdtempSync(join(tmpdir(), 'sluice-ssh-'));
  writeFileSync(join(here, 'askpass'), '#!/bin/sh\nprintf %s "$SLUICE_TEST_SECRET"\n', { mode: 0o700 });
}, 300_000);
afterAll(async () => {
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
  rmSync(here, { recursive: true, force: true });
});

interface Report {
  readonly findings: readonly { readonly gap: string | null }[];
  readonly totals: Readonly<Record<'forms' | 'tries' | 'through' | 'refused' | 'unexpected', number>>;
}

const target = (): URL => new URL(stack.target('demo-ssh'));

/** Everything in the home but times. */
function hostDigest(): string {
  const listed = spawnSync('sh', [
    '-c',
    'cd "$1" && find . -printf \'%P|%y|%m|%U|%G|%l\\n\' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum',
    'sh',
    home,
  ]);
  return listed.stdout.toString('utf8');
}

const sshOptions = (): string[] => [
  ...['-F', '/dev/null', '-o', 'BatchMode=no', '-o', 'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR'],
  ...['-o', `UserKnownHostsFile=${join(here, 'known_hosts')}`, '-o', 'NumberOfPasswordPrompts=1'],
  ...['-o', 'PreferredAuthentications=password'],
];

function client(program: string, args: readonly string[], input = '', who = 'coding-agent'): Promise<Output> {
  return run(program, args, {
    env: {
      PATH: process.env.PATH,
      HOME: here,
      SSH_ASKPASS: join(here, 'askpass'),
      SSH_ASKPASS_REQUIRE: 'force',
      SLUICE_TEST_SECRET: stack.who(who).nativeSecret,
      GIT_SSH_COMMAND: `ssh ${sshOptions().join(' ')}`,
    },
    input,
  });
}

const at = () => stack.connection('demo-ssh');
const ssh = (...args: string[]): Promise<Output> =>
  client('ssh', ['-p', String(at().port), ...sshOptions(), 'me@127.0.0.1', ...args]);
const scp = (...args: string[]): Promise<Output> =>
  client('scp', ['-q', '-P', String(at().port), ...sshOptions(), ...args]);
const sftp = (batch: string): Promise<Output> =>
  client('sftp', ['-P', String(at().port), ...sshOptions(), '-b', '-', 'me@127.0.0.1'], batch);

describe.skipIf(!hasHost)('SSH', () => {
  it('an agent meets 0 effects, 0 unmasked reads and 0 refusals of honest operations', async () => {
    const address = `ssh://${target().username}@${target().host}${home}?key=${key}`;
    const args = [
      '--connection',
      'demo-ssh',
      '--direct',
      address,
      '--only',
      classes,
      '--cuts',
      'every',
      '--one-in',
      '7',
    ];
    const { out, err } = await run(
      process.execPath,
      [join(root, 'apps/cli/dist/sluice.cjs'), 'corpus', 'run', '--format', 'json', ...args],
      {
        env: { ...process.env, SLUICE_URL: stack.report.url, SLUICE_TOKEN: stack.who('coding-agent').apiToken },
        limitMs: 600_000,
      },
    );
    if (out === '') throw new Error(err.slice(-4_000));
    const report = JSON.parse(out) as Report;
    expect(report.findings.filter(({ gap }) => gap === null)).toEqual([]);
    expect(report.totals).toMatchObject({ through: 0, refused: 0, unexpected: 0 });
    expect(report.totals.forms).toBeGreaterThan(80);
  }, 600_000);

  it('an agent reads by every client, masked, and changes nothing', async () => {
    const before = hostDigest();
    const listed = await ssh('cat', '~/app/customers.csv');
    expect(listed.code).toBe(0);
    expect(listed.out).toContain('Ann Smith');
    expect(listed.out).not.toContain('ann.smith@example.com');

    const browsed = await sftp(`cd app\nls -l\nget customers.csv ${here}/by-sftp\n`);
    expect(browsed).toMatchObject({ code: 0, err: '' });
    expect((await scp('-s', `me@127.0.0.1:app/customers.csv`, join(here, 'by-scp'))).code).toBe(0);
    const raw = readFileSync(join(home, 'app/customers.csv'), 'utf8');
    for (const name of ['by-sftp', 'by-scp']) {
      const got = readFileSync(join(here, name), 'utf8');
      expect(Buffer.byteLength(got)).toBe(Buffer.byteLength(raw));
      expect(got).not.toContain('ann.smith@example.com');
    }
    expect(readFileSync(join(home, 'README.txt')).equals(await fetched('README.txt'))).toBe(true);
    expect(hostDigest()).toBe(before);
  });

  it('sluice exec runs a command: its streams, its status, a refusal', async () => {
    const exec = (...args: string[]) =>
      run(process.execPath, [join(root, 'apps/cli/dist/sluice.cjs'), 'exec', 'demo-ssh', ...args], {
        env: { ...process.env, SLUICE_URL: stack.report.url, SLUICE_TOKEN: stack.who('coding-agent').apiToken },
      });
    const listed = await exec('--', 'head -2 ~/app/customers.csv; ls /no/such/place');
    expect(listed).toMatchObject({ code: 2, err: expect.stringContaining('/no/such/place') });
    expect(listed.out.split('\n')).toHaveLength(3);
    expect(listed.out).not.toContain('ann.smith@example.com');
    const json = await exec('--json', '--', 'printf "%s" one');
    expect(JSON.parse(json.out)).toEqual([{ tag: 'exit 0', stdout: 'one', stderr: '', status: 0 }]);
    const refused = await exec('--', 'rm -rf ~/app');
    expect(refused).toMatchObject({ code: 7, out: '' });
    const [detail, ...words] = refused.err.split('\n');
    expect(JSON.parse(detail ?? '')).toMatchObject({ sluice: 1, code: 'denied' });
    expect(words.join('\n')).not.toContain('{');
  });

  it('an agent changes nothing without people: refused or held, by every client', async () => {
    const before = hostDigest();
    writeFileSync(join(here, 'up'), 'x');
    const tries: readonly (() => Promise<Output>)[] = [
      () => ssh('rm', '-rf', '~/app'),
      () => ssh('-t', 'bash'),
      () => sftp(`put ${here}/up .ssh/authorized_keys\n`),
      () => scp('-s', join(here, 'up'), 'me@127.0.0.1:.bashrc'),
      () =>
        client('ssh', [
          '-p',
          String(at().port),
          ...sshOptions(),
          '-o',
          'ExitOnForwardFailure=yes',
          '-N',
          '-R',
          '0:127.0.0.1:22',
          'me@127.0.0.1',
        ]),
      () => client('ssh', ['-p', String(at().port), ...sshOptions(), '-W', '127.0.0.1:22', 'me@127.0.0.1']),
    ];
    for (const [index, attempt] of tries.entries()) expect((await attempt()).code, String(index)).not.toBe(0);
    expect(hostDigest()).toBe(before);
  });

  it('a member’s terminal carries no command that nobody has judged: what takes commands from it waits for people', async () => {
    const before = hostDigest();
    const args = ['-p', String(at().port), ...sshOptions(), '-tt', 'me@127.0.0.1'];
    const member = (command: string, typed: string) => client('ssh', [...args, command], typed, 'engineer');
    for (const [command, typed] of [
      ['more README.txt', '!touch made\n'],
      ['cat README.txt | more', '!touch made\n'],
      ['ed README.txt', '!touch made\nq\n'],
      ['bash', 'touch made\nexit\n'],
      ['git log', '!touch made\n'],
    ] as const) {
      // Ctrl-C gives up what waits.
      const { code, out } = await member(command, `${typed}\x03`);
      expect({ command, code }).toEqual({ command, code: 130 });
      expect(out, command).toContain('sluice: ');
    }
    expect((await member('cat README.txt; ls', '')).code).toBe(0);
    expect((await member('git --version', '')).code).toBe(0);
    expect(hostDigest()).toBe(before);
  });
});

async function fetched(name: string): Promise<Buffer> {
  expect((await scp('-s', `me@127.0.0.1:${name}`, join(here, name))).code).toBe(0);
  return readFileSync(join(here, name));
}
