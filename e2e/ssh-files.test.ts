/** SSH through a whole Sluice: the corpora by `sluice corpus run`, and the real ssh, scp, sftp, rsync and git of an agent, beside the host as it was. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Output, removeData, root, run, type Stack, startStack } from './stack.ts';
import { serveThrowawayHost, startThrowawayHost, type ThrowawayHost, throwawayHostProblem } from './throwaway-host.ts';

const has = (file: string): boolean => existsSync(file);
const hasHost = has('/usr/sbin/sshd') && has('/usr/bin/ssh');
/** Why the classes whose forms nothing may survive are left out; null: they are tried. */
const noThrowaway = hasHost ? throwawayHostProblem() : 'there is no SSH server here';
/** Of the commands for the host that is thrown away one of so many is tried here, always the same ones: all of them take minutes. */
const share = 5;
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

async function corpus(args: readonly string[]): Promise<Report> {
  const { out, err } = await run(
    process.execPath,
    [join(root, 'apps/cli/dist/sluice.cjs'), 'corpus', 'run', '--format', 'json', ...args],
    {
      env: { ...process.env, SLUICE_URL: stack.report.url, SLUICE_TOKEN: stack.who('coding-agent').apiToken },
      limitMs: 600_000,
    },
  );
  if (out === '') throw new Error(err.slice(-4_000));
  return JSON.parse(out) as Report;
}

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
    const report = await corpus([
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
    ]);
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

describe.skipIf(!hasHost || !has('/usr/bin/rsync') || !has('/usr/bin/git'))('tools that work over ssh', () => {
  const admin = (program: string, args: readonly string[], input = '') => client(program, args, input, 'admin');
  const command = (text: string, input = '', who = 'admin') =>
    client('ssh', ['-p', String(at().port), ...sshOptions(), 'me@127.0.0.1', text], input, who);
  const remoteShell = () => ['-e', `ssh -p ${at().port} ${sshOptions().join(' ')}`];
  const address = () => `ssh://me@127.0.0.1:${at().port}${home}/tools/repo.git`;

  beforeAll(async () => {
    expect((await command(`mkdir -p ${home}/tools && git init -q --bare -b main ${home}/tools/repo.git`)).code).toBe(0);
  });

  it('rsync sends and fetches whole trees; what an agent sends waits for people', async () => {
    mkdirSync(join(here, 'tree/deep'), { recursive: true });
    writeFileSync(join(here, 'tree/deep/file'), 'rsynced\n'.repeat(10_000));
    const sent = await admin('rsync', ['-a', ...remoteShell(), join(here, 'tree'), `me@127.0.0.1:${home}/tools/`]);
    expect(sent).toMatchObject({ code: 0, err: '' });
    const fetched = await client('rsync', [
      '-a',
      ...remoteShell(),
      `me@127.0.0.1:${home}/tools/tree/`,
      join(here, 'back'),
    ]);
    expect(fetched).toMatchObject({ code: 0, err: '' });
    for (const folder of [join(home, 'tools/tree'), join(here, 'back')])
      expect(readFileSync(join(folder, 'deep/file'), 'utf8')).toBe('rsynced\n'.repeat(10_000));
    const before = hostDigest();
    const deleted = await client('rsync', [
      '-a',
      '--delete',
      ...remoteShell(),
      `${here}/`,
      `me@127.0.0.1:${home}/tools/`,
    ]);
    expect(deleted.code).not.toBe(0);
    expect(deleted.err).toContain('"sluice":1');
    expect(hostDigest()).toBe(before);
  });

  it('git pushes, clones and fetches', async () => {
    const git = (who: string, ...args: string[]) =>
      client('git', ['-c', 'user.name=A', '-c', 'user.email=a@b.example', ...args], '', who);
    const work = join(here, 'work');
    expect((await git('admin', 'init', '-q', '-b', 'main', work)).code).toBe(0);
    for (const turn of ['one', 'two']) {
      writeFileSync(join(work, 'file'), `${turn}\n`);
      expect((await git('admin', '-C', work, 'add', '.')).code).toBe(0);
      expect((await git('admin', '-C', work, 'commit', '-q', '-m', turn)).code).toBe(0);
      expect(await git('admin', '-C', work, 'push', '-q', address(), 'main')).toMatchObject({ code: 0 });
      const copy = join(here, 'copy');
      const fetched =
        turn === 'one'
          ? await git('coding-agent', 'clone', '-q', '-b', 'main', address(), copy)
          : await git('coding-agent', '-C', copy, 'pull', '-q', '--ff-only');
      expect(fetched).toMatchObject({ code: 0 });
      expect(readFileSync(join(copy, 'file'), 'utf8')).toBe(`${turn}\n`);
    }
  });

  it('a run as Ansible does it: a folder of its own, a module by sftp, its mode, its run, its end', async () => {
    const folder = `${home}/.ansible/tmp/ansible-tmp-1734478523.17-32049-1228`;
    const told = await command("/bin/sh -c 'echo ~ && sleep 0'");
    expect(told).toMatchObject({ code: 0, out: `${home}\n` });
    const echoed = (path: string) => `"\` echo ${path} \`"`;
    const made = await command(
      `/bin/sh -c '( umask 77 && mkdir -p ${echoed('~/.ansible/tmp')}&& mkdir ${echoed(folder)} && echo ansible-tmp-1734478523.17-32049-1228=${echoed(folder)} ) && sleep 0'`,
    );
    expect(made).toMatchObject({ code: 0, out: `ansible-tmp-1734478523.17-32049-1228=${folder}\n` });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    writeFileSync(join(here, 'module'), '#!/bin/sh\nread given\nprintf \'{"ping": "%s"}\\n\' "$given"\n');
    const batch = `put ${join(here, 'module')} ${folder}/AnsiballZ_ping.py\n`;
    const put = await admin('sftp', ['-P', String(at().port), ...sshOptions(), '-b', '-', 'me@127.0.0.1'], batch);
    expect(put.code).toBe(0);
    const module = `${folder}/AnsiballZ_ping.py`;
    expect((await command(`/bin/sh -c 'chmod u+x ${folder}/ ${module} && sleep 0'`)).code).toBe(0);
    const run = `/bin/sh -c '/bin/sh ${module} && sleep 0'`;
    expect(await command(run, 'pong\n')).toMatchObject({ code: 0, out: '{"ping": "pong"}\n' });
    // The same text of an agent never runs: what the file says is not in it.
    expect((await command(run, 'pong\n', 'coding-agent')).code).toBe(126);
    expect((await command(`/bin/sh -c 'rm -f -r ${folder}/ > /dev/null 2>&1 && sleep 0'`)).code).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });

  it('an editor’s bootstrap goes in as the input of a shell, and its probes are read', async () => {
    const script = [
      'VSCODE_AGENT_FOLDER="$HOME/.vscode-server"',
      'mkdir -p "$VSCODE_AGENT_FOLDER/bin/abc" && cd "$VSCODE_AGENT_FOLDER/bin/abc"',
      'printf "%s: running\\n" 5f1c; uname -s; [ -d "$VSCODE_AGENT_FOLDER" ] && echo "SSH_AUTH_SOCK==$SSH_AUTH_SOCK=="; echo "5f1c: end"',
    ];
    const booted = await command('bash', `${script.join('\n')}\n`);
    expect(booted).toMatchObject({ code: 0, out: '5f1c: running\nLinux\nSSH_AUTH_SOCK====\n5f1c: end\n' });
    expect(existsSync(join(home, '.vscode-server/bin/abc'))).toBe(true);
    const before = hostDigest();
    const probe = 'uname -rsv; [ -d "$HOME/.vscode-server/bin/abc" ] && echo found || echo missing';
    expect((await command(probe, '', 'coding-agent')).out).toMatch(/^Linux .*\nfound\n$/);
    expect((await command('bash', `${script.join('\n')}\n`, 'coding-agent')).code).toBe(126);
    expect(hostDigest()).toBe(before);
  });

  it('every channel of a ControlMaster is judged by itself', async () => {
    const before = hostDigest();
    const control = ['-o', `ControlPath=${join(here, 'control')}`];
    const args = ['-p', String(at().port), ...sshOptions(), ...control];
    const master = await client('ssh', [
      ...args,
      '-o',
      'ControlMaster=auto',
      '-o',
      'ControlPersist=60',
      'me@127.0.0.1',
      'true',
    ]);
    expect(master.code).toBe(0);
    // Without a secret: only the master's session can carry these.
    const through = (text: string) =>
      run('ssh', [...args, '-o', 'BatchMode=yes', '-o', 'ControlMaster=no', 'me@127.0.0.1', text], {
        env: { PATH: process.env.PATH, HOME: here },
      });
    expect(await through('cat ~/README.txt')).toMatchObject({ code: 0 });
    expect((await through('rm -rf ~/app')).code).toBe(126);
    expect(await through('ls ~/app')).toMatchObject({ code: 0 });
    await run('ssh', [...args, '-O', 'exit', 'me@127.0.0.1']);
    expect(hostDigest()).toBe(before);
  });
});

describe.skipIf(noThrowaway !== null)('commands at a host that is thrown away', () => {
  let host: ThrowawayHost;
  let stopServing: () => Promise<void>;
  const direct = (): string => `ssh://${host.username}@127.0.0.1:${host.port}${host.home}?key=${host.keyFile}`;
  /** Of the classes' forms, which are at least so many, every `share`th. */
  const expectHeldTo = async (classes: string, atLeast: number) => {
    const cli = join(root, 'apps/cli/dist/sluice.cjs');
    const listed = await run(process.execPath, [cli, 'corpus', 'list', '--json', '--only', classes]);
    const forms = JSON.parse(listed.out) as readonly { readonly id: string }[];
    expect(forms.length).toBeGreaterThan(atLeast);
    const some = forms.filter((_, at) => at % share === 0).map(({ id }) => id);
    const chosen = ['--only', some.join(','), '--positions', 'alone'];
    const report = await corpus(['--connection', 'throwaway', '--direct', direct(), ...chosen]);
    expect(report.findings).toEqual([]);
    expect(report.totals).toMatchObject({ through: 0, refused: 0, unexpected: 0, forms: some.length });
  };

  beforeAll(async () => {
    host = await startThrowawayHost();
    stopServing = await serveThrowawayHost(stack, host, 'throwaway');
  }, 60_000);
  afterAll(async () => {
    await stopServing?.();
    await host?.stop();
  });

  it('an agent’s lists, spellings, readers that act and things for later have 0 effects on the whole machine', async () => {
    const before = host.written();
    await expectHeldTo('SH04,SH05,SH06,SH07', 560);
    expect(host.written()).toBe(before);
  }, 600_000);

  it('what honest people and tools run there meets 0 refusals', async () => {
    await expectHeldTo('reading,plain,ansible,vscode,transfer', 300);
  }, 600_000);

  it('and what is done to the machine past Sluice is seen, wherever it is', async () => {
    const before = host.written();
    const args = ['-p', String(host.port), '-i', host.keyFile, ...sshOptions().slice(0, -2), `root@127.0.0.1`];
    expect((await client('ssh', [...args, 'echo x >> /etc/passwd'])).code).toBe(0);
    expect(host.written()).not.toBe(before);
  });
});

async function fetched(name: string): Promise<Buffer> {
  expect((await scp('-s', `me@127.0.0.1:${name}`, join(here, name))).code).toBe(0);
  return readFileSync(join(here, name));
}
