import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ClientRun,
  clientOptions,
  hasOpenssh,
  type OpensshServer,
  runClient,
  startOpenssh,
} from '../testing/openssh.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../testing/test-gateway.ts';

let host: OpensshServer;
let gateway: TestGateway;
/** What stands at the host, and what stands at the client. */
let there = '';
let here = '';

const open = async (options: TestGatewayOptions = {}): Promise<void> => {
  gateway = await startTestGateway(
    { port: host.port, username: host.username, password: host.clientKey, options: { hostKey: host.hostFingerprint } },
    options,
  );
};
const options = (): string[] => clientOptions(gateway.port).slice(2);
const port = (): string => String(gateway.port);
const sftp = (batch: string): Promise<ClientRun> =>
  runClient('sftp', ['-P', port(), '-o', 'BatchMode=no', ...options(), '-b', '-', 'me@127.0.0.1'], { input: batch })
    .done;
const scp = (...parameters: string[]): Promise<ClientRun> =>
  runClient('scp', ['-P', port(), ...options(), ...parameters]).done;
const sshCommand = (): string => `ssh -p ${port()} ${options().join(' ')}`;
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const texts = (): string[] => gateway.inspectors.flatMap(({ statements }) => statements.map(({ text }) => text));

beforeEach(() => {
  there = mkdtempSync(join(tmpdir(), 'sluice-there-'));
  here = mkdtempSync(join(tmpdir(), 'sluice-here-'));
});
afterEach(() => {
  for (const folder of [there, here]) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!hasOpenssh)('real clients that carry files', () => {
  beforeAll(async () => {
    host = await startOpenssh();
  });
  afterAll(() => host.stop());
  afterEach(() => gateway.close());

  it('sftp: a batch of everything', async () => {
    await open();
    writeFileSync(join(here, 'up'), 'content');
    const { code, stdout, stderr } = await sftp(
      [
        `cd ${there}`,
        'pwd',
        `put ${here}/up a.txt`,
        'chmod 600 a.txt',
        'rename a.txt b.txt',
        'mkdir d',
        'ls -l',
        `get b.txt ${here}/down`,
        'symlink b.txt l',
        'ln b.txt h',
        'cp b.txt c.txt',
        'df .',
        'rm c.txt',
        'rm h',
        'rm l',
        'rmdir d',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('b.txt');
    expect(readFileSync(join(here, 'down'), 'utf8')).toBe('content');
    expect(readFileSync(join(there, 'b.txt'), 'utf8')).toBe('content');
    expect(existsSync(join(there, 'd')) || existsSync(join(there, 'l')) || existsSync(join(there, 'h'))).toBe(false);
    expect(texts()).toContain(`rename "${there}/a.txt" "${there}/b.txt"`);
    expect(gateway.inspectors[0]?.statements.every(({ ended }) => ended === 1)).toBe(true);
  });

  it('sftp: a refusal names itself on stderr, leaves the host alone and ends the batch', async () => {
    await open({ refuses: ({ text }) => text.startsWith('remove') });
    writeFileSync(join(there, 'a'), 'stays');
    const { code, stderr } = await sftp(`rm ${there}/a\n`);
    expect(code).toBe(1);
    expect(stderr).toContain('Sluice refused this statement');
    expect(stderr).toContain('Permission denied');
    expect(existsSync(join(there, 'a'))).toBe(true);
  });

  it('sftp: a held upload waits and goes on once people decided', async () => {
    await open({ holds: ({ text }) => text.startsWith('write') });
    writeFileSync(join(here, 'up'), 'content');
    const held = sftp(`put ${here}/up ${there}/a\n`);
    while (gateway.inspectors[0] === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    await gateway.inspectors[0].somethingWaits();
    expect(existsSync(join(there, 'a'))).toBe(false);
    gateway.inspectors[0].waiting[0]?.release();
    expect((await held).code).toBe(0);
    expect(readFileSync(join(there, 'a'), 'utf8')).toBe('content');
  });

  for (const mode of ['-s', '-O']) {
    it(`scp ${mode === '-s' ? 'over SFTP' : 'by its own protocol'}: both ways, a tree, times and modes kept`, async () => {
      await open();
      const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7919 + (index >> 8)) & 0xff));
      mkdirSync(join(here, 'tree/sub'), { recursive: true });
      writeFileSync(join(here, 'tree/a'), bytes, { mode: 0o640 });
      writeFileSync(join(here, 'tree/sub/b'), 'b');
      expect(await scp(mode, '-q', '-p', '-r', join(here, 'tree'), `me@127.0.0.1:${there}/up`)).toMatchObject({
        code: 0,
        stderr: '',
      });
      expect(readFileSync(join(there, 'up/a')).equals(bytes)).toBe(true);
      expect(await scp(mode, '-q', '-p', '-r', `me@127.0.0.1:${there}/up`, join(here, 'down'))).toMatchObject({
        code: 0,
        stderr: '',
      });
      expect(readFileSync(join(here, 'down/a')).equals(bytes)).toBe(true);
      expect(readFileSync(join(here, 'down/sub/b'), 'utf8')).toBe('b');
    });
  }

  it('scp over SFTP: a masked file has its size', async () => {
    await open({ mask: (text) => text.replaceAll('alice@example.com', '[email]') });
    writeFileSync(join(there, 'a'), `${'x'.repeat(100_000)}alice@example.com\n`);
    expect(await scp('-s', '-q', `me@127.0.0.1:${there}/a`, join(here, 'a'))).toMatchObject({ code: 0 });
    const got = readFileSync(join(here, 'a'), 'utf8');
    expect(got).toHaveLength(100_018);
    expect(got).toContain('[email]');
    expect(got).not.toContain('alice');
  });

  it.skipIf(!has('rsync'))('rsync: both ways', async () => {
    await open();
    mkdirSync(join(here, 'tree'));
    writeFileSync(join(here, 'tree/a'), 'content');
    expect(
      (await runClient('rsync', ['-a', '-e', sshCommand(), `${here}/tree/`, `me@127.0.0.1:${there}/up/`]).done).code,
    ).toBe(0);
    expect(readFileSync(join(there, 'up/a'), 'utf8')).toBe('content');
    expect(
      (await runClient('rsync', ['-a', '-e', sshCommand(), `me@127.0.0.1:${there}/up/`, `${here}/down/`]).done).code,
    ).toBe(0);
    expect(readFileSync(join(here, 'down/a'), 'utf8')).toBe('content');
    expect(texts()[0]).toMatch(/^rsync --server /);
  });

  it.skipIf(!has('git'))('git: push and clone', async () => {
    await open();
    const env = {
      GIT_SSH_COMMAND: sshCommand(),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b.test',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b.test',
    };
    const git = (...parameters: string[]) => runClient('git', parameters, { env }).done;
    expect((await git('init', '-q', '--bare', join(there, 'r.git'))).code).toBe(0);
    expect((await git('init', '-q', '-b', 'main', join(here, 'r'))).code).toBe(0);
    writeFileSync(join(here, 'r/a'), 'content');
    expect((await git('-C', join(here, 'r'), 'add', 'a')).code).toBe(0);
    expect((await git('-C', join(here, 'r'), 'commit', '-qm', 'first')).code).toBe(0);
    expect(
      await git('-C', join(here, 'r'), 'push', '-q', `ssh://me@127.0.0.1:${port()}${there}/r.git`, 'main'),
    ).toMatchObject({ code: 0 });
    expect(
      await git('clone', '-q', '-b', 'main', `ssh://me@127.0.0.1:${port()}${there}/r.git`, join(here, 'c')),
    ).toMatchObject({ code: 0 });
    expect(readFileSync(join(here, 'c/a'), 'utf8')).toBe('content');
    expect(texts()[0]).toMatch(/^git-receive-pack /);
  });
});
