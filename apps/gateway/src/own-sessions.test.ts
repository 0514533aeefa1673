import { expect, test } from 'vitest';
import { OwnSessions } from './own-sessions.ts';

test('a session is the gateway’s own while it is open and a moment longer', () => {
  let now = 0;
  const own = new OwnSessions(() => now);
  const first = own.note('db:5432', '7');
  const second = own.note('db:5432', '7');
  expect(own.has('db:5432', '7')).toBe(true);
  expect(own.has('db:5433', '7')).toBe(false);
  first();
  first();
  now = 60_000;
  expect(own.has('db:5432', '7')).toBe(true);
  second();
  now = 80_000;
  expect(own.has('db:5432', '7')).toBe(true);
  now = 100_000;
  expect(own.has('db:5432', '7')).toBe(false);
});
