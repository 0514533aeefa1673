import { expect, test } from 'vitest';
import { matchesAddress, parseAddressPattern } from './address-pattern.ts';

test.each<[string, string, number, boolean]>([
  ['db.internal:5432', 'db.internal', 5432, true],
  ['db.internal:5432', 'DB.internal.', 5432, true],
  ['db.internal:5432', 'db.internal', 5433, false],
  ['db.internal:*', 'db.internal', 1, true],
  ['db.internal:5432-5440', 'db.internal', 5440, true],
  ['db.internal:5432-5440', 'db.internal', 5441, false],
  ['*.internal:5432', 'db.internal', 5432, true],
  ['*.internal:5432', 'a.db.internal', 5432, true],
  ['*.internal:5432', 'internal', 5432, false],
  ['*.internal:5432', 'db.internal.evil.example', 5432, false],
  ['10.0.0.0/8:5432', '10.9.8.7', 5432, true],
  ['10.0.0.0/8:5432', '11.0.0.1', 5432, false],
  ['10.0.0.0/8:5432', '::ffff:10.1.1.1', 5432, true],
  ['10.0.0.0/8:5432', 'ten.example', 5432, false],
  ['127.0.0.1:5432', '127.0.0.1', 5432, true],
  ['127.0.0.1:5432', '127.0.0.2', 5432, false],
  ['[fd00::]/8:5432', 'fd12:3456::1', 5432, true],
  ['[fd00::]/8:5432', 'fe80::1', 5432, false],
  ['[::1]:5432', '0:0:0:0:0:0:0:1', 5432, true],
  ['0.0.0.0/0:5432', '192.0.2.1', 5432, true],
  ['0.0.0.0/0:5432', '2001:db8::1', 5432, false],
])('%s and %s:%d → %s', (text, host, port, matches) => {
  const pattern = parseAddressPattern(text);
  if (pattern === null) throw new Error('no pattern');
  expect(matchesAddress(pattern, host, port)).toBe(matches);
});

test.each([
  '*',
  '*:5432',
  'db.internal',
  'db.internal:',
  'db.internal:0',
  'db.internal:70000',
  'db.internal:9-1',
  'db internal:1',
  '10.0.0.0/33:1',
  '300.1.1.1:1',
  '10.0.0:1',
  'db.*:1',
  'a*b:1',
  '::1:5432',
  '[1::2::3]:5',
  '[db.internal]:1',
  '[10.0.0.1]:1',
  'db.internal/8:1',
  '',
])('%s is no pattern', (text) => expect(parseAddressPattern(text)).toBeNull());
