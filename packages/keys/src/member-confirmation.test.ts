import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { confirmMemberKeys, newConfirmationCode } from './member-confirmation.ts';

const member = { groupId: 'g', gatewayId: 'w', signingKey: 's', sealingKey: 'e' };

test('a code is eight groups of four, never the same, and typed in any spelling', async () => {
  const code = newConfirmationCode();
  expect(code).toMatch(/^([0-9a-hj-km-np-tv-z]{4}-){7}[0-9a-hj-km-np-tv-z]{4}$/);
  expect(newConfirmationCode()).not.toBe(code);
  const spelled = ` ${code.toUpperCase().replaceAll('-', ' ')} `;
  expect(await confirmMemberKeys(spelled, member)).toBe(await confirmMemberKeys(code, member));
});

test('the confirmation is an HMAC over every field', async () => {
  const code = newConfirmationCode();
  const made = await confirmMemberKeys(code, member);
  const plain = code.replaceAll('-', '');
  expect(made).toBe(createHmac('sha256', plain).update('sluice-member-v1\0g\0w\0s\0e').digest('base64url'));
  for (const change of [{ groupId: 'x' }, { gatewayId: 'x' }, { signingKey: 'x' }, { sealingKey: 'x' }])
    expect(await confirmMemberKeys(code, { ...member, ...change })).not.toBe(made);
  await expect(confirmMemberKeys(`${code}0`, member)).rejects.toMatchObject({ code: 'bad-request' });
  await expect(confirmMemberKeys('', member)).rejects.toMatchObject({ code: 'bad-request' });
});
