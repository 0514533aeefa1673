import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTarget } from './target-side.ts';
import { hasOpenssh, keygen, type OpensshServer, startOpenssh } from './testing/openssh.ts';
import { dialRequestFor } from './testing/test-gateway.ts';

let folder: string;
let host: OpensshServer;

describe.skipIf(!hasOpenssh)('certificates towards a real sshd that trusts an authority and no key', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-target-key-'));
    for (const name of ['authority', 'other']) keygen(join(folder, name));
    const trusted = join(folder, 'authority.pub');
    host = await startOpenssh([`TrustedUserCAKeys ${trusted}`]);
    // The key itself is none that this host knows.
    writeFileSync(join(host.folder, 'authorized_keys'), '');
  });
  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A key and its certificate, pasted together. */
  function certified(name: string, more: readonly string[] = [], kind: readonly string[] = ['-t', 'ed25519']): string {
    const key = join(folder, name);
    const keygenRuns = (...args: string[]) => {
      const ran = spawnSync('ssh-keygen', ['-q', ...args]);
      expect(ran.stderr.toString()).toBe('');
    };
    keygenRuns(...kind, '-N', '', '-C', 'gateway', '-f', key);
    const given = more.length > 0 ? more : ['-s', join(folder, 'authority'), '-V', '-1m:+5m'];
    keygenRuns('-I', 'gateway', '-n', host.username, ...given, `${key}.pub`);
    return readFileSync(key, 'utf8') + readFileSync(`${key}-cert.pub`, 'utf8');
  }

  async function signIn(password: string): Promise<string> {
    const { port, username, hostFingerprint } = host;
    const target = { port, username, password, options: { hostKey: hostFingerprint } };
    try {
      await (await openTarget(dialRequestFor(target))).close();
      return 'in';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  test.each([
    ['ed25519', ['-t', 'ed25519']],
    ['ecdsa', ['-t', 'ecdsa']],
    ['rsa', ['-t', 'rsa', '-b', '3072']],
    ['rsa in PEM', ['-t', 'rsa', '-b', '3072', '-m', 'PEM']],
    ['rsa in PKCS #8', ['-t', 'rsa', '-b', '3072', '-m', 'PKCS8']],
    ['ecdsa in PKCS #8', ['-t', 'ecdsa', '-m', 'PKCS8']],
  ])('a %s key with its certificate is let in, and without it not', async (name, kind) => {
    const both = certified(`kind ${name}`, [], kind);
    expect(await signIn(both)).toBe('in');
    const [alone = ''] = /-----BEGIN [\s\S]*-----END [A-Z ]+-----/.exec(both) ?? [];
    expect(await signIn(alone)).toContain('did not accept');
  });

  test('it may come first, and through a field of one line', async () => {
    const both = certified('one-line');
    const [key = ''] = /-----BEGIN [\s\S]*-----END [A-Z ]+-----/.exec(both) ?? [];
    const certificate = both.replace(key, '').trim();
    expect(await signIn(`${certificate}\n${key}\n`)).toBe('in');
    expect(await signIn(both.replaceAll('\n', ' '))).toBe('in');
    expect(await signIn(both.replaceAll('\n', ''))).toBe('in');
  });

  test('one that cannot be let in is refused with the reason', async () => {
    const by = (name: string) => ['-s', join(folder, name)];
    expect(await signIn(certified('of-other', [...by('other'), '-V', '-1m:+5m']))).toContain('did not accept');
    expect(await signIn(certified('ended', [...by('authority'), '-V', '-9m:-5m']))).toContain('has expired');
    expect(await signIn(certified('of-host', ['-h', ...by('authority')]))).toContain('of a host');
    const strange = certified('own').replace(/-----BEGIN [\s\S]*-----END [A-Z ]+-----/, '');
    expect(await signIn(readFileSync(join(folder, 'of-other'), 'utf8') + strange)).toContain('of another key');
    expect(
      await signIn(certified('damaged').replace('-cert-v01@openssh.com AAAAI', '-cert-v01@openssh.com BAAAI')),
    ).toContain('damaged');
  });
});
