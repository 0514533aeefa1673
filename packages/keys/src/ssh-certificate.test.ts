import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPublicKeyLine } from './public-key-line.ts';
import { generateSigningKeys } from './signing.ts';
import { signSshCertificate, sshFingerprint, sshKeyLine } from './ssh-certificate.ts';

const authority = generateSigningKeys();
const owner = generateSigningKeys();
const now = new Date('2026-11-25T10:00:30Z');
const base = {
  kind: 'user',
  publicKey: owner.publicKey,
  keyId: 'person engineer',
  principals: ['demo-ssh'],
  now,
  expiresAt: new Date(now.getTime() + 600_000),
} as const;

test('a key as a line is read back to the same bytes', () => {
  const line = readPublicKeyLine(`${sshKeyLine(owner.publicKey)} me@here`);
  expect(line).toMatchObject({ ed25519: owner.publicKey, fingerprint: sshFingerprint(owner.publicKey) });
});

test('a certificate without names, or for a key that is none, is not signed', () => {
  expect(() => signSshCertificate(authority, { ...base, principals: [] })).toThrow(RangeError);
  expect(() => signSshCertificate(authority, { ...base, principals: [''] })).toThrow(RangeError);
  expect(() => signSshCertificate(authority, { ...base, publicKey: 'AAAA' })).toThrow('no Ed25519 key');
});

test('two certificates of one key have two numbers', () => {
  expect(signSshCertificate(authority, base).serial).not.toBe(signSshCertificate(authority, base).serial);
});

test.skipIf(!existsSync('/usr/bin/ssh-keygen'))('ssh-keygen reads a certificate as it was meant', () => {
  const certificate = signSshCertificate(authority, {
    ...base,
    keyId: 'person Zoë\n1',
    criticalOptions: { 'source-address': '10.0.0.0/8,192.0.2.1' },
    extensions: ['permit-user-rc', 'permit-pty'],
  });
  const shown = keygenShows(certificate.line);
  expect(shown).toMatchObject({ status: 0, stderr: '' });
  for (const part of [
    'user certificate',
    `Public key: ED25519-CERT ${certificate.fingerprint}`,
    `Signing CA: ED25519 ${certificate.authority} (using ssh-ed25519)`,
    'Key ID: "person Zo??1"',
    `Serial: ${certificate.serial}`,
    'Valid: from 2026-11-25T09:59:30 to 2026-11-25T10:10:30',
    'source-address 10.0.0.0/8,192.0.2.1',
  ])
    expect(shown.stdout).toContain(part);
  expect(shown.stdout).toMatch(/Principals: \n\s+demo-ssh\n\s+Critical/);
  expect(shown.stdout).toMatch(/Extensions: \n\s+permit-pty\n\s+permit-user-rc\n/);
  const host = keygenShows(signSshCertificate(authority, { ...base, kind: 'host' }).line).stdout;
  expect(host).toContain('host certificate');
  expect(host).toMatch(/Critical Options: \(none\)\n\s+Extensions: \(none\)/);
});

function keygenShows(line: string): { status: number | null; stdout: string; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-certificate-'));
  try {
    const file = join(folder, 'key-cert.pub');
    writeFileSync(file, `${line}\n`);
    expect(readFileSync(file, 'utf8')).not.toContain(' \n');
    const { status, stdout, stderr } = spawnSync('ssh-keygen', ['-L', '-f', file], { env: { TZ: 'UTC' } });
    return { status, stdout: stdout.toString(), stderr: stderr.toString() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
