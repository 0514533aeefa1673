import { describe, expect, test } from 'vitest';
import { readPublicKeyLine } from './public-key-line.ts';

// ssh-keygen -t ed25519; ssh-keygen -l
const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop';

describe('public keys as a .pub file holds them', () => {
  test('kind, fingerprint and comment', () => {
    expect(readPublicKeyLine(`${line}\n`)).toEqual({
      kind: 'ssh-ed25519',
      ed25519: '4yqqeRXOubRJ0bpQ6ioouxpuAfkL2iRaLR2HaX0YomU',
      fingerprint: 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU',
      comment: 'me@laptop',
    });
  });

  test('anything else is refused with words', () => {
    for (const text of [
      '',
      'hello',
      '-----BEGIN OPENSSH PRIVATE KEY-----',
      'ssh-dss AAAAB3NzaC1kc3M=',
      line.replace('ssh-ed25519 ', 'ssh-rsa '),
      line.replace('AAAAC3', 'AAAAC*'),
    ])
      expect(() => readPublicKeyLine(text), text).toThrow(/key/);
  });
});
