import { Secret } from '@sluice/domain';
import { expect, test } from 'vitest';
import { keyMark, openAtRest, sealAtRest } from './at-rest.ts';

const masterKey = new Secret('m'.repeat(43));

test('opens with the same key and context only', () => {
  const sealed = sealAtRest(masterKey, new Secret('private key'), 'SigningKey:1');
  expect(sealed).not.toContain('private');
  expect(openAtRest(masterKey, sealed, 'SigningKey:1').reveal()).toBe('private key');
  expect(sealAtRest(masterKey, new Secret('private key'), 'SigningKey:1')).not.toBe(sealed);
  for (const open of [
    () => openAtRest(masterKey, sealed, 'SigningKey:2'),
    () => openAtRest(new Secret('n'.repeat(43)), sealed, 'SigningKey:1'),
    () => openAtRest(masterKey, `${sealed.slice(0, -4)}AAAA`, 'SigningKey:1'),
    () => openAtRest(masterKey, 'sluice-at-rest-1.AAAA', 'SigningKey:1'),
    () => openAtRest(masterKey, '', 'SigningKey:1'),
  ]) {
    expect(open).toThrow(expect.objectContaining({ code: 'internal' }));
  }
});

test('a mark tells keys apart, and is another one under another master key', () => {
  const mark = keyMark(masterKey, new Secret('cookie secret'));
  expect(mark).toMatch(/^[\w-]{16}$/);
  expect(keyMark(masterKey, new Secret('cookie secret'))).toBe(mark);
  expect(keyMark(masterKey, new Secret('cookie secreu'))).not.toBe(mark);
  expect(keyMark(new Secret('n'.repeat(43)), new Secret('cookie secret'))).not.toBe(mark);
});
