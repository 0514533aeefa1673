import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publicKeyComplaint, secretComplaint } from './credential-secret.ts';
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

  test('a key may have its certificate before or behind it, and none comes alone', () => {
    const key = opensshKey(generateKeyPairSync('ed25519').privateKey.export(pkcs8).toString());
    for (const kind of ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'sk-ssh-ed25519']) {
      const certificate = `${kind}-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5 me`;
      for (const secret of [
        `${key}${certificate}\n`,
        `${certificate}\n${key}`,
        `${key.replaceAll('\n', ' ')} ${certificate}`,
      ])
        expect(secretComplaint(secret)).toBeNull();
      expect(secretComplaint(certificate)).toContain('only the certificate');
    }
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
    expect(secretComplaint(plain.replaceAll('PRIVATE KEY', 'DSA PRIVATE KEY'))).toContain('not known here');
    expect(secretComplaint(plain.replace('BEGIN PRIVATE', 'BEGIN RSA PRIVATE'))).toContain('do not fit');
    expect(secretComplaint('-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----')).toContain('damaged');
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

test('a public key is one line that begins with its kind', () => {
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop';
  for (const taken of [line, `${line}\n`, 'ecdsa-sha2-nistp256 AAAAE2VjZHNh', 'ssh-rsa AAAAB3NzaC1yc2E= me'])
    expect(publicKeyComplaint(taken)).toBeNull();
  expect(publicKeyComplaint('-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD')).toContain('must stay where it is');
  expect(publicKeyComplaint('PuTTY-User-Key-File-3: ssh-ed25519')).toContain('must stay where it is');
  expect(publicKeyComplaint('---- BEGIN SSH2 PUBLIC KEY ----\nAAAA')).toContain('ssh-keygen -i');
  expect(publicKeyComplaint(line.replace(' ', '-cert-v01@openssh.com '))).toContain('certificate');
  expect(publicKeyComplaint('hello')).toContain('begins with its kind');
  expect(publicKeyComplaint(`${line}\n${line}`)).toContain('one key');
});
