import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secretComplaint } from './credential-secret.ts';
import { opensshKey } from './openssh-key.ts';
import { hasOpenssh } from './testing/openssh.ts';

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

describe('an account’s secret before it is sealed', () => {
  test('passwords and whole private keys are taken', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    for (const secret of ['hunter2', 'two words', '', privateKey.export(pkcs8).toString()])
      expect(secretComplaint(secret)).toBeNull();
    expect(secretComplaint(rsa.export({ type: 'pkcs1', format: 'pem' }).toString())).toBeNull();
    expect(secretComplaint(opensshKey(privateKey.export(pkcs8).toString()))).toBeNull();
  });

  test('what no host will take is explained', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const plain = privateKey.export(pkcs8).toString();
    const locked = privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
    expect(secretComplaint('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me')).toContain('public key');
    expect(secretComplaint('PuTTY-User-Key-File-3: ssh-ed25519')).toContain('puttygen');
    expect(secretComplaint(locked)).toContain('passphrase');
    expect(secretComplaint(plain.slice(0, 60))).toContain('last line');
    expect(secretComplaint(plain.replaceAll('PRIVATE KEY', 'CERTIFICATE'))).toContain('no private key');
    expect(secretComplaint('-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD\n-----END OPENSSH PRIVATE KEY-----')).toContain(
      'damaged',
    );
  });

  test.skipIf(!hasOpenssh)('what ssh-keygen makes with a passphrase is told from what it makes without', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-key-'));
    try {
      const made = (name: string, words: string) => {
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', words, '-f', join(folder, name)]);
        return readFileSync(join(folder, name), 'utf8');
      };
      expect(secretComplaint(made('open', ''))).toBeNull();
      expect(secretComplaint(made('locked', 'words'))).toContain('passphrase');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
