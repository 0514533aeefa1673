import { SluiceError } from '@sluice/domain';
import { expect, test } from 'vitest';
import { hashPassword, verifyPassword } from './passwords.ts';

test('a password verifies against its own hash only', async () => {
  const stored = await hashPassword('correct horse é');
  expect(stored).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
  expect(await verifyPassword('correct horse é', stored)).toBe(true);
  expect(await verifyPassword('correct horse e\u0301', stored)).toBe(true);
  expect(await verifyPassword('correct horse', stored)).toBe(false);
  expect(await verifyPassword('correct horse é', await hashPassword('another'))).toBe(false);
});

test('no stored password, a damaged one, and one whose cost is out of bounds give false', async () => {
  expect(await verifyPassword('', null)).toBe(false);
  expect(await verifyPassword('x', 'plain')).toBe(false);
  const stored = await hashPassword('x');
  expect(await verifyPassword('x', stored.replace('ln=15', 'ln=31'))).toBe(false);
});

test('a password is bounded', async () => {
  await expect(hashPassword('x'.repeat(1_025))).rejects.toThrow(SluiceError);
  expect(await verifyPassword('x'.repeat(1_025), await hashPassword(''))).toBe(false);
});
