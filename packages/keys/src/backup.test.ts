import { Secret } from '@sluice/domain';
import { expect, test } from 'vitest';
import { openBackup, sealBackup } from './backup.ts';

const passphrase = new Secret('correct horse battery staple');
const files = { 'master.key': Buffer.from('m'.repeat(43)).toString('base64url') };

test('a back-up opens with its passphrase alone, and shows nothing', () => {
  const sealed = sealBackup(files, passphrase);
  expect(sealed).not.toContain('mmmm');
  expect(openBackup(sealed, passphrase)).toEqual(files);
  expect(() => openBackup(sealed, new Secret('correct horse battery stapler'))).toThrow('does not open');
  expect(() => sealBackup(files, new Secret('short'))).toThrow('at least 12');
});

test('a changed head, salt, byte or cost does not open', () => {
  const sealed = sealBackup(files, passphrase);
  const [head = '', body = ''] = sealed.split('\n');
  const changed = [
    `${head.replace('"logN":17', '"logN":10')}\n${body}\n`,
    `${head.replace(/"salt":"./, '"salt":"_')}\n${body}\n`,
    `${head}\n${body.startsWith('A') ? 'B' : 'A'}${body.slice(1)}\n`,
    `${head}\n${body.slice(0, -4)}\n`,
    `${sealed}more\n`,
    '',
  ];
  for (const text of changed) expect(() => openBackup(text, passphrase)).toThrow('does not open');
});
