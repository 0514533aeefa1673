import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusalDetailSchema } from '@sluice/domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import { certificateType } from './messages/certificate.ts';
import { opensshKey } from './openssh-key.ts';
import { clientOptions, hasOpenssh, keygen, type OpensshServer, runClient, startOpenssh } from './testing/openssh.ts';
import {
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
  type TestTargetAddress,
  testIdentity,
} from './testing/test-gateway.ts';

let host: OpensshServer;
let gateway: TestGateway;

const targetOf = (options: Record<string, unknown> = {}): TestTargetAddress => ({
  port: host.port,
  username: host.username,
  password: host.clientKey,
  options: { hostKey: host.hostFingerprint, ...options },
});
const open = async (options: TestGatewayOptions = {}, target = targetOf()) => {
  gateway = await startTestGateway(target, options);
};
const ssh = (parameters: readonly string[], more: Parameters<typeof runClient>[2] = {}) =>
  runClient('ssh', [...clientOptions(gateway.port), ...parameters], more);
const run = (command: string, more: Parameters<typeof runClient>[2] = {}) => ssh(['me@127.0.0.1', command], more).done;

describe.skipIf(!hasOpenssh)('the real ssh through the gateway to a real sshd', () => {
  beforeAll(async () => {
    host = await startOpenssh();
  });
  afterAll(() => host.stop());
  afterEach(() => gateway.close());

  test('a command runs with its own output, errors, input and exit status', async () => {
    await open();
    expect(await run('cat; echo out; echo err >&2; exit 7', { input: 'typed\n' })).toEqual({
      code: 7,
      stdout: 'typed\nout\n',
      stderr: 'err\n',
    });
    const [statement] = gateway.inspectors[0]!.statements;
    expect(statement).toMatchObject({ text: 'cat; echo out; echo err >&2; exit 7', verdict: 'forward', ended: 1 });
    expect(Buffer.concat(statement!.streams.get('stdin') ?? []).toString()).toBe('typed\n');
    expect(statement!.failures).toEqual([{ code: 'exit 7', message: 'the command ended with exit status 7' }]);
  });

  test('a refused command leaves nothing at the host: words and a line of JSON on stderr, exit status 126', async () => {
    await open({ refuses: ({ text }) => text.includes('touch') });
    const mark = join(host.folder, 'touched');
    const { code, stdout, stderr } = await run(`touch ${mark}`);
    expect(code).toBe(126);
    expect(stdout).toBe('');
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toBe('sluice: Sluice refused this statement');
    expect(refusalDetailSchema.parse(JSON.parse(lines.at(-1) ?? ''))).toMatchObject({ code: 'denied' });
    expect(() => readFileSync(mark)).toThrow();
    expect(await run('echo on')).toMatchObject({ code: 0, stdout: 'on\n' });
  });

  test('many bytes pass both ways unchanged', async () => {
    await open();
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'sluice ssh 0123456789\n');
    const { stdout, code } = await run('cat', { input: bytes });
    expect(code).toBe(0);
    expect(Buffer.from(stdout, 'latin1').equals(bytes)).toBe(true);
  });

  test('a held command waits, says where people decide, runs once they did; a client that leaves gives it up', async () => {
    await open({ holds: () => true });
    const held = ssh(['me@127.0.0.1', 'echo approved']);
    while (gateway.inspectors[0] === undefined) await new Promise((r) => setTimeout(r, 20));
    await gateway.inspectors[0].somethingWaits();
    gateway.inspectors[0].waiting[0]!.release();
    expect(await held.done).toMatchObject({ code: 0, stdout: 'approved\n' });
    expect((await held.done).stderr).toContain('https://sluice.test/approvals/1');

    const given = ssh(['me@127.0.0.1', `touch ${join(host.folder, 'given-up')}`]);
    while (gateway.inspectors[1] === undefined) await new Promise((r) => setTimeout(r, 20));
    await gateway.inspectors[1].somethingWaits();
    given.process.kill();
    await given.done;
    while (gateway.ends.length < 2) await new Promise((r) => setTimeout(r, 20));
    expect(gateway.inspectors[1].statements[0]).toMatchObject({ verdict: 'refuse', ended: 1 });
    expect(() => readFileSync(join(host.folder, 'given-up'))).toThrow();
  });

  test('each channel of a ControlMaster is judged by itself', async () => {
    await open({ refuses: ({ text }) => text.includes('second') });
    const master = [
      '-o',
      'ControlMaster=auto',
      '-o',
      `ControlPath=${join(host.folder, 'cm')}`,
      '-o',
      'ControlPersist=5',
    ];
    expect(await ssh([...master, 'me@127.0.0.1', 'echo first']).done).toMatchObject({ code: 0, stdout: 'first\n' });
    expect(await ssh([...master, 'me@127.0.0.1', 'echo second']).done).toMatchObject({ code: 126, stdout: '' });
    spawnSync('ssh', [...master, '-O', 'exit', 'me@127.0.0.1']);
    expect(gateway.inspectors).toHaveLength(1);
    expect(gateway.inspectors[0]!.statements.map(({ verdict }) => verdict)).toEqual(['forward', 'refuse']);
  });

  test('forwarding, agents, X11 and foreign variables are refused and recorded', async () => {
    await open();
    const env = { LD_PRELOAD: '/tmp/evil.so', BASH_ENV: '/tmp/evil', LANG: 'C.UTF-8' };
    const send = ['-o', 'SendEnv=LD_PRELOAD BASH_ENV LANG'];
    const { stdout } = await ssh([...send, 'me@127.0.0.1', 'echo "[$LD_PRELOAD$BASH_ENV] $LANG"'], { env: env }).done;
    expect(stdout).toBe('[] C.UTF-8\n');
    const stdio = await ssh(['-W', '127.0.0.1:1', 'me@127.0.0.1']).done;
    expect(stdio.code).not.toBe(0);
    const remote = await ssh(['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:1', 'me@127.0.0.1', 'true']).done;
    expect(remote.code).not.toBe(0);
    const refused = gateway.inspectors.flatMap(({ refusedMessages }) => refusedMessages);
    expect(refused).toContain('the environment variable "LD_PRELOAD"');
    expect(refused).toContain('the environment variable "BASH_ENV"');
    expect(refused).toContain('forwarding to "127.0.0.1:1"');
    expect(refused).toContain('a global request "tcpip-forward"');
  });

  test('a terminal is recorded; people get one, agents none unless the connection says so', async () => {
    await open({}, targetOf());
    const typed = await ssh(['-tt', 'me@127.0.0.1'], { input: 'echo from-$((40+2)); exit 3\n' }).done;
    expect(typed.stdout).toContain('from-42');
    expect(typed.code).toBe(3);
    const { terminals, statements } = gateway.inspectors[0]!;
    expect(statements[0]).toMatchObject({ text: 'shell', facts: [{ complete: false }] });
    expect(Buffer.concat(terminals[0]!.output).toString()).toContain('from-42');
    expect(Buffer.concat(terminals[0]!.input).toString()).toContain('exit 3');
    expect(terminals[0]!.closed).toEqual({ exitCode: 3, signal: null });
    await gateway.close();
    await open({ actorKind: 'service' });
    // With -tt the client gives up when it gets no terminal; without one, the shell itself is refused.
    expect(await ssh(['-tt', 'me@127.0.0.1'], { input: 'echo no\n' }).done).toMatchObject({ code: 255, stdout: '' });
    expect(await ssh(['-T', 'me@127.0.0.1'], { input: 'echo no\n' }).done).toMatchObject({ code: 126, stdout: '' });
    expect(new Set(gateway.inspectors.flatMap(({ refusedMessages }) => refusedMessages))).toEqual(
      new Set(['a terminal', 'an interactive shell']),
    );
  });

  test('in line mode each line is judged before Enter reaches the host, however it is typed', async () => {
    const mark = join(host.folder, 'line-mode');
    await open({ refuses: ({ text }) => text.includes('touch') }, targetOf({ lineMode: 'on' }));
    const { done, process: client } = ssh(['-tt', 'me@127.0.0.1'], { keepOpen: true });
    let shown = '';
    client.stdout!.on('data', (bytes: Buffer) => {
      shown += bytes.toString();
    });
    const until = async (text: string) => {
      while (!shown.includes(text)) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await until('each line is judged');
    client.stdin!.write('echo a-$((40+2))\r');
    await until('a-42');
    // Typed with a mistake that is taken back, pasted with marks, and cut anywhere: what is judged is what would run.
    client.stdin!.write(`toux\x7fch ${mark}\r`);
    await until('"sluice":1');
    client.stdin!.write(`\x1b[200~tou`);
    client.stdin!.write(`ch ${mark}\recho b-$((50+2))\r\x1b[201~`);
    await until('b-52');
    client.stdin!.write('!!\r');
    await until('another text in its place');
    client.stdin!.write('exit 4\r');
    expect((await done).code).toBe(4);
    expect(() => readFileSync(mark)).toThrow();
    const { statements, terminals } = gateway.inspectors[0]!;
    expect(statements.map(({ text, verdict }) => [text, verdict])).toEqual([
      ['echo a-$((40+2))', 'forward'],
      [`touch ${mark}`, 'refuse'],
      [`touch ${mark}`, 'refuse'],
      ['echo b-$((50+2))', 'forward'],
      ['exit 4', 'forward'],
    ]);
    expect(terminals[0]!.closed).toEqual({ exitCode: 4, signal: null });
  });

  test('output is masked on its way, and what waits behind goes on after a moment', async () => {
    await open({ mask: (text) => text.replaceAll('ann@example.com', '<email>') });
    expect(await run('echo mail ann@example.com')).toMatchObject({ stdout: 'mail <email>\n' });
  });

  test('a session that is ended says so, and the command is gone', async () => {
    await open();
    const running = ssh(['-o', 'LogLevel=INFO', 'me@127.0.0.1', 'echo started; sleep 60']);
    await new Promise<void>((resolve) => running.process.stdout!.once('data', () => resolve()));
    gateway.terminate();
    const { code, stderr } = await running.done;
    expect(code).toBe(255);
    expect(stderr).toContain('an admin ended this session');
    expect(gateway.ends[0]).toMatchObject({ reason: 'terminated' });
  });

  test('a host whose key is not approved, or has changed, gets nothing: both fingerprints are named', async () => {
    await open({}, targetOf({ hostKey: '' }));
    const first = await ssh(['-o', 'LogLevel=INFO', 'me@127.0.0.1', 'true']).done;
    expect(first.stderr).toContain(`not approved yet: ssh-ed25519 ${host.hostFingerprint}`);
    await gateway.close();
    const other = fingerprintOf(Buffer.from('another key'));
    await open({}, targetOf({ hostKey: other }));
    const { code, stderr } = await ssh(['-o', 'LogLevel=INFO', 'me@127.0.0.1', 'true']).done;
    expect(code).toBe(255);
    expect(stderr).toContain(host.hostFingerprint);
    expect(stderr).toContain(other);
  });
});

describe.skipIf(!hasOpenssh)('sign-in', () => {
  beforeAll(async () => {
    host = await startOpenssh();
    for (const name of ['registered', 'stranger', 'authority', 'other-authority']) keygen(join(host.folder, name));
  });
  afterAll(() => host.stop());
  afterEach(() => gateway.close());

  const blobOf = (name: string) =>
    Buffer.from(readFileSync(join(host.folder, `${name}.pub`), 'utf8').split(' ')[1] ?? '', 'base64');
  const byKey = (...names: string[]) =>
    runClient('ssh', [
      // The first of two counts.
      ...['-o', 'LogLevel=INFO', ...clientOptions(gateway.port)],
      ...names.flatMap((name) => ['-i', join(host.folder, name)]),
      ...['-o', 'IdentitiesOnly=yes', '-o', 'PreferredAuthentications=publickey', 'me@127.0.0.1', 'echo in'],
    ]).done;
  const certify = (parameters: readonly string[], authority = 'authority', name = 'registered') => {
    const signed = spawnSync('ssh-keygen', [
      ...['-q', '-s', join(host.folder, authority), '-I', 'engineer', ...parameters],
      join(host.folder, `${name}.pub`),
    ]);
    expect(signed.stderr.toString()).toBe('');
  };

  test('a wrong secret and an unknown key let nobody in; a second key of the same client may', async () => {
    const known = fingerprintOf(blobOf('registered'));
    await open({ admits: (proof) => proof.type === 'key' && proof.fingerprint === known });
    expect(await byKey('stranger', 'registered')).toMatchObject({ code: 0, stdout: 'in\n' });
    expect(gateway.proofs.map(({ type }) => type)).toEqual(['key', 'key']);
    expect(await byKey('stranger')).toMatchObject({ code: 255, stdout: '' });
    expect(await run('echo in', { secret: 'wrong' })).toMatchObject({ code: 255, stdout: '' });
  });

  test('a certificate of Sluice’s own authority, for exactly this connection and now', async () => {
    const identity = testIdentity({ clientAuthorities: [blobOf('authority')] });
    await open({ identity, admits: (proof) => proof.type === 'certificate' });
    certify(['-n', 'test', '-V', '-1m:+5m']);
    expect(await byKey('registered')).toMatchObject({ code: 0, stdout: 'in\n' });
    expect(gateway.proofs.at(-1)).toMatchObject({ type: 'certificate', algorithm: certificateType });
    certify(['-n', 'test', '-V', '-1m:+5m', '-O', 'source-address=10.0.0.0/8,127.0.0.1']);
    expect(await byKey('registered')).toMatchObject({ code: 0, stdout: 'in\n' });
    const refused: [string, readonly string[], string?][] = [
      ['another name', ['-n', 'other', '-V', '-1m:+5m']],
      ['another network', ['-n', 'test', '-V', '-1m:+5m', '-O', 'source-address=10.0.0.0/8']],
      ['a name with a comma is one name', ['-n', '"test,other"', '-V', '-1m:+5m']],
      ['no names at all', ['-V', '-1m:+5m']],
      ['expired', ['-n', 'test', '-V', '-10m:-5m']],
      ['not valid yet', ['-n', 'test', '-V', '+5m:+10m']],
      ['a forced command', ['-n', 'test', '-V', '-1m:+5m', '-O', 'force-command=id']],
      ['of a host', ['-h', '-n', 'test', '-V', '-1m:+5m']],
      ['another authority', ['-n', 'test', '-V', '-1m:+5m'], 'other-authority'],
    ];
    for (const [why, parameters, authority] of refused) {
      certify(parameters, authority);
      const { stderr, ...rest } = await byKey('registered');
      expect(rest, why).toEqual({ code: 255, stdout: '' });
      // A client keeps a host's certificate to itself.
      if (why !== 'of a host') expect(stderr, why).toContain('Sluice does not take this certificate: ');
    }
  });

  test('the gateway shows a host certificate that a real client believes by authority alone', async () => {
    const identity = testIdentity();
    writeFileSync(join(host.folder, 'gateway.pem'), identity.privateKey.reveal(), { mode: 0o600 });
    writeFileSync(join(host.folder, 'gateway'), opensshKey(identity.privateKey.reveal()), { mode: 0o600 });
    const shown = spawnSync('ssh-keygen', ['-y', '-f', join(host.folder, 'gateway')]).stdout.toString();
    writeFileSync(join(host.folder, 'gateway.pub'), shown);
    certify(['-h', '-n', '127.0.0.1', '-V', '-1m:+5m'], 'authority', 'gateway');
    const certificate = Buffer.from(
      readFileSync(join(host.folder, 'gateway-cert.pub'), 'utf8').split(' ')[1] ?? '',
      'base64',
    );
    await open({ identity: { ...identity, certificate } });
    const known = join(host.folder, 'known-authorities');
    const authority = readFileSync(join(host.folder, 'authority.pub'), 'utf8');
    writeFileSync(known, `@cert-authority * ${authority}`);
    const strict = ['-F', '/dev/null', '-p', String(gateway.port), '-o', 'StrictHostKeyChecking=yes'];
    const believed = [...strict, '-o', `UserKnownHostsFile=${known}`, 'me@127.0.0.1', 'echo in'];
    expect(await runClient('ssh', believed).done).toMatchObject({ code: 0, stdout: 'in\n' });
    const other = readFileSync(join(host.folder, 'other-authority.pub'), 'utf8');
    writeFileSync(known, `@cert-authority * ${other}`);
    expect(await runClient('ssh', believed).done).toMatchObject({ code: 255, stdout: '' });
  });
});
