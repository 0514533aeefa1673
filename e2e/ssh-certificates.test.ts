/** SSH certificates through a whole Sluice: `sluice ssh` and the system's own ssh, scp and ssh-keygen, as a person and as an agent. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Output, removeData, root, run, type Stack, startStack } from './stack.ts';

const hasHost = existsSync('/usr/sbin/sshd') && existsSync('/usr/bin/ssh');
/** A gateway that was killed comes back within moments; a loaded machine takes longer. In ms. */
const comebackMs = 90_000;

let stack: Stack;
let here = '';

beforeAll(async () => {
  if (!hasHost) return;
  stack = await startStack();
  here = mkdtempSync(join(tmpdir(), 'sluice-certificates-'));
}, 300_000);
afterAll(async () => {
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
  rmSync(here, { recursive: true, force: true });
});

/** Each identity has a home and a temporary folder of its own. */
function environment(who: string): NodeJS.ProcessEnv {
  const home = join(here, who);
  mkdirSync(join(home, 'tmp'), { recursive: true });
  return {
    PATH: process.env.PATH,
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    SLUICE_CONFIG: join(home, 'config.json'),
    SLUICE_URL: stack.report.url,
    SLUICE_TOKEN: stack.who(who).apiToken,
  };
}

const sluice = (who: string, ...args: string[]): Promise<Output> =>
  run(process.execPath, [join(root, 'apps/cli/dist/sluice.cjs'), ...args], { env: environment(who) });

/** The printed configuration in a file, and the folder that it names. */
async function configured(who: string): Promise<{ readonly file: string; readonly folder: string }> {
  const printed = await sluice(who, 'ssh', 'demo-ssh', '--config');
  expect(printed).toMatchObject({ code: 0, err: '' });
  const file = join(here, who, 'ssh_config');
  writeFileSync(file, printed.out);
  const folder = /IdentityFile "(.*)\/key"/.exec(printed.out)?.[1] ?? '';
  return { file, folder };
}

/** The connection's own port, by key and certificate alone: what a copied pair of files is worth. */
function direct(folder: string, ...args: string[]): Promise<Output> {
  const { host, port } = stack.connection('demo-ssh');
  const options = [
    ...['-F', '/dev/null', '-i', join(folder, 'key'), '-o', `CertificateFile=${join(folder, 'key-cert.pub')}`],
    ...['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'],
    ...['-o', 'HostKeyAlias=demo-ssh.sluice.internal', '-o', `UserKnownHostsFile=${join(folder, 'known_hosts')}`],
  ];
  return run('ssh', ['-p', String(port), ...options, `me@${host}`, ...args], {
    env: { PATH: process.env.PATH, HOME: here },
  });
}

describe.skipIf(!hasHost)('SSH certificates', () => {
  it.each(['engineer', 'coding-agent'])('sluice ssh signs %s in, and leaves nothing behind', async (who) => {
    expect(await sluice(who, 'ssh', 'demo-ssh', '--', 'echo', 'hi')).toEqual({ code: 0, out: 'hi\n', err: '' });
    expect(readdirSync(join(here, who, 'tmp'))).toEqual([]);
  });

  it('a plain ssh and scp work by the printed configuration, for a person and an agent', async () => {
    for (const who of ['engineer', 'coding-agent']) {
      const { file, folder } = await configured(who);
      const env = environment(who);
      expect(await run('ssh', ['-F', file, 'demo-ssh', 'echo', 'hi'], { env })).toEqual({
        code: 0,
        out: 'hi\n',
        err: '',
      });
      const copied = join(here, who, 'README.txt');
      expect(await run('scp', ['-q', '-F', file, 'demo-ssh:README.txt', copied], { env })).toMatchObject({ code: 0 });
      expect(readFileSync(copied, 'utf8')).not.toBe('');
      expect(statSync(join(folder, 'key')).mode & 0o777).toBe(0o600);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
  });

  it('a certificate that is half over, or gone, is fetched anew before ssh reads it', async () => {
    const { file, folder } = await configured('engineer');
    const certificate = join(folder, 'key-cert.pub');
    const before = readFileSync(certificate, 'utf8');
    const go = () => run('ssh', ['-F', file, 'demo-ssh', 'echo', 'hi'], { env: environment('engineer') });
    expect(await go()).toMatchObject({ code: 0 });
    expect(readFileSync(certificate, 'utf8')).toBe(before);
    const note = JSON.parse(readFileSync(join(folder, 'renewal.json'), 'utf8')) as Record<string, unknown>;
    writeFileSync(join(folder, 'renewal.json'), JSON.stringify({ ...note, renewAt: new Date(0).toISOString() }));
    rmSync(certificate);
    expect(await go()).toMatchObject({ code: 0 });
    expect(readFileSync(certificate, 'utf8')).not.toBe(before);
  });

  it('ssh-keygen shows whose it is, for what and how long; the audit chain has its number', async () => {
    const { folder } = await configured('coding-agent');
    const shown = spawnSync('ssh-keygen', ['-L', '-f', join(folder, 'key-cert.pub')]).stdout.toString();
    expect(shown).toContain('Key ID: "service coding-agent ');
    expect(shown).toMatch(/Principals: \n\s+demo-ssh\n/);
    expect(shown).toContain('Extensions: (none)');
    const serial = /Serial: (\d+)/.exec(shown)?.[1] ?? 'none';
    const events = await stack.api('admin').audit.listEvents.query({ search: 'got a certificate' });
    expect(JSON.stringify(events)).toContain(serial);
  });

  it('a certificate of another authority is refused with clear words', async () => {
    const { folder } = await configured('engineer');
    const copy = join(here, 'forged');
    spawnSync('cp', ['-r', folder, copy]);
    const keygen = (...args: string[]) => expect(spawnSync('ssh-keygen', ['-q', ...args]).status).toBe(0);
    keygen('-t', 'ed25519', '-N', '', '-f', join(here, 'other-ca'));
    keygen('-s', join(here, 'other-ca'), '-I', 'engineer', '-n', 'demo-ssh', '-V', '-1m:+5m', join(copy, 'key.pub'));
    const forged = await direct(copy, 'echo', 'hi');
    expect(forged).toMatchObject({ code: 255, out: '' });
    expect(forged.err).toContain("its authority is not Sluice's own");
  });

  it('a gateway that starts anew shows no other host key, and no warning', async () => {
    const { file, folder } = await configured('engineer');
    const go = () => run('ssh', ['-F', file, 'demo-ssh', 'echo', 'hi'], { env: environment('engineer') });
    expect(await direct(folder, 'echo', 'hi')).toEqual({ code: 0, out: 'hi\n', err: '' });
    process.kill(stack.pidOf('gateway.cjs'), 'SIGKILL');
    const until = Date.now() + comebackMs;
    let back = await go();
    while (back.code !== 0 && Date.now() < until) back = await go();
    expect(back).toEqual({ code: 0, out: 'hi\n', err: '' });
    expect(await direct(folder, 'echo', 'hi')).toEqual({ code: 0, out: 'hi\n', err: '' });
  }, 180_000);

  it('the authority is changed without a restart, and nobody sees a warning', async () => {
    const api = stack.api('admin');
    await api.keys.rotateKey.mutate({ kind: 'ssh-ca' });
    const fresh = () => sluice('engineer', 'ssh', 'demo-ssh', '--', 'echo', 'hi');
    expect(await fresh()).toMatchObject({ code: 0, out: 'hi\n' });
    await api.keys.finishRotation.mutate({ kind: 'ssh-ca' });
    const until = Date.now() + comebackMs;
    let after = await fresh();
    while (after.code !== 0 && Date.now() < until) after = await fresh();
    expect(after).toEqual({ code: 0, out: 'hi\n', err: '' });
  }, 180_000);

  it('a disabled person’s certificate lets nobody in from that moment, and says why', async () => {
    const { folder } = await configured('engineer');
    rmSync(join(folder, 'renewal.json'));
    await configured('engineer');
    expect(await direct(folder, 'echo', 'hi')).toMatchObject({ code: 0, out: 'hi\n' });
    const api = stack.api('admin');
    const people = await api.identities.listPeople.query();
    const id = people.find(({ name }) => name === 'engineer')?.id ?? '';
    await api.identities.updatePerson.mutate({ id, disabled: true });
    const refused = await direct(folder, 'echo', 'hi');
    expect(refused).toMatchObject({ code: 255, out: '' });
    expect(refused.err).toContain('The owner of the certificate is disabled.');
    expect(await sluice('engineer', 'ssh', 'demo-ssh', '--', 'echo', 'hi')).toMatchObject({
      code: expect.any(Number),
      out: '',
    });
    await api.identities.updatePerson.mutate({ id, disabled: false });
  });
});
