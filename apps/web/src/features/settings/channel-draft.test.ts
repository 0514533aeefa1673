import { expect, test } from 'vitest';
import { channelInput, draftOf } from './channel-draft.ts';

test('a secret that is left empty is not sent, so that the one before stays', () => {
  const settings = { host: 'mail.example', port: 465, tls: 'tls', from: 'sluice@example.com', username: 'u', ca: null };
  const states = { lastSuccessAt: null, lastError: null, lastErrorAt: null };
  const channel = { id: 'c1', kind: 'email' as const, name: 'mail', enabled: true, settings, ...states };
  const draft = draftOf('email', channel);
  expect(channelInput('email', 'c1', draft)).toEqual({
    kind: 'email',
    id: 'c1',
    name: 'mail',
    enabled: true,
    settings,
  });
  expect(channelInput('email', 'c1', { ...draft, password: 'p' })).toMatchObject({ password: 'p' });
});

test('a new channel has no id, and no user name where the field is empty', () => {
  const draft = { ...draftOf('email', null), host: ' mail.example ', from: 'a@b.example' };
  expect(channelInput('email', null, draft)).toEqual({
    kind: 'email',
    name: 'mail',
    enabled: true,
    settings: { host: 'mail.example', port: 587, tls: 'starttls', from: 'a@b.example', username: null, ca: null },
  });
});
