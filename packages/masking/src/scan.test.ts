import { describe, expect, it } from 'vitest';
import { detectors } from './detectors/registry.ts';
import { scan } from './scan.ts';

function found(text: string): string[] {
  return scan(text, detectors).map(({ start, end, detector }) => `${detector.name}:${text.slice(start, end)}`);
}

const letters = 'abcdefghijklmnopqrstuvwxyz';
/** Keys are put together here so that no scanner of repositories takes this file for a leak. */
const body = (length: number): string => `${letters}0123456789${letters.toUpperCase()}`.repeat(4).slice(0, length);

const hits: readonly (readonly [string, string, string])[] = [
  ['email', 'mail alice@example.com now', 'alice@example.com'],
  ['email', '<bob.o+x_1@sub.example.co.uk>', 'bob.o+x_1@sub.example.co.uk'],
  ['email', 'jürgen@müller.de', 'jürgen@müller.de'],
  ['payment-card', 'pay 4111111111111111 today', '4111111111111111'],
  ['payment-card', '4111 1111 1111 1111', '4111 1111 1111 1111'],
  ['payment-card', '4111-1111-1111-1111 12/27 123', '4111-1111-1111-1111'],
  ['payment-card', '3782 822463 10005', '3782 822463 10005'],
  ['payment-card', '5555.5555.5555.4444', '5555.5555.5555.4444'],
  ['payment-card', '2223003122003222', '2223003122003222'],
  ['payment-card', '41 11 11 11 11 11 11 11', '41 11 11 11 11 11 11 11'],
  ['payment-card', '4111111111111111.00', '4111111111111111'],
  ['iban', 'to DE89370400440532013000.', 'DE89370400440532013000'],
  ['iban', 'GB29 NWBK 6016 1331 9268 19', 'GB29 NWBK 6016 1331 9268 19'],
  ['iban', 'nl91abna0417164300', 'nl91abna0417164300'],
  ['us-ssn', 'SSN 123-45-6789.', '123-45-6789'],
  ['us-ssn', '123 45 6789', '123 45 6789'],
  ['us-ssn', 'social security number 123456789', '123456789'],
  ['phone', '+44 20 7946 0958', '+44 20 7946 0958'],
  ['phone', 'call (212) 555-0123', '(212) 555-0123'],
  ['phone', '212-555-0123', '212-555-0123'],
  ['phone', '+1 (212) 555-0123 ext. 12', '+1 (212) 555-0123 ext. 12'],
  ['phone', '001-748-588-2851x818', '001-748-588-2851x818'],
  ['phone', 'my phone is 089 72 63 41', '089 72 63 41'],
  ['jwt', `a eyJhbGciOiJIUzI1NiJ9.${body(30)}.${body(20)}`, `eyJhbGciOiJIUzI1NiJ9.${body(30)}.${body(20)}`],
  ['cloud-key', `AKIA${'A1B2C3D4E5F6G7H8'}`, 'AKIAA1B2C3D4E5F6G7H8'],
  ['cloud-key', `AIza${body(35)}`, `AIza${body(35)}`],
  ['vendor-key', `ghp_${body(36)}`, `ghp_${body(36)}`],
  ['vendor-key', `github_pat_${body(60)}`, `github_pat_${body(60)}`],
  ['vendor-key', `glpat-${body(20)}`, `glpat-${body(20)}`],
  ['vendor-key', `xoxb-123456789012-${body(24)}`, `xoxb-123456789012-${body(24)}`],
  ['vendor-key', `sk_live_${body(24)}`, `sk_live_${body(24)}`],
  ['vendor-key', `sk-ant-api03-${body(60)}`, `sk-ant-api03-${body(60)}`],
  ['vendor-key', `sk-proj-${body(48)}`, `sk-proj-${body(48)}`],
  ['vendor-key', `npm_${body(36)}`, `npm_${body(36)}`],
  ['vendor-key', `SG.${body(22)}.${body(43)}`, `SG.${body(22)}.${body(43)}`],
  ['vendor-key', `AC${'0123456789abcdef'.repeat(2)}`, `AC${'0123456789abcdef'.repeat(2)}`],
  ['sluice-token', `slp_${body(30)}`, `slp_${body(30)}`],
  ['bearer-token', 'Authorization: Bearer abcdef0123456789abcdef', 'abcdef0123456789abcdef'],
  ['bearer-token', 'basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA=='],
  ['connection-url', 'postgres://app:hunter2@db.example.com:5432/x', 'hunter2'],
  ['connection-url', 'redis://:p@ss@cache:6379', 'p@ss'],
  ['password', 'password=hunter2', 'hunter2'],
  ['password', '{"db_password": "open sesame"}', 'open sesame'],
  ['password', "api_key => 'abc123'", 'abc123'],
  ['email', 'https://x.com/?email=bob@example.com&a=1', 'bob@example.com'],
  ['password-hash', `x $2b$10$${body(53)} y`, `$2b$10$${body(53)}`],
  [
    'password-hash',
    `SCRAM-SHA-256$4096:${body(22)}==$${body(43)}=:${body(43)}=`,
    `SCRAM-SHA-256$4096:${body(22)}==$${body(43)}=:${body(43)}=`,
  ],
  [
    'private-key',
    'x -----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijkl\n-----END RSA PRIVATE KEY----- y',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijkl\n-----END RSA PRIVATE KEY-----',
  ],
  ['private-key', '-----BEGIN PRIVATE KEY-----\nMIIEabcdefghijkl', '-----BEGIN PRIVATE KEY-----\nMIIEabcdefghijkl'],
];

const misses: readonly string[] = [
  '2024-01-31 12:30:45.123456+00',
  '2026-11-23T08:00:00.000Z',
  '192.168.101.201',
  '10.0.0.1:5432',
  '018f3c1e-7b5a-7c31-9d2e-3f4a5b6c7d8e',
  '40516789-1234-4567-8901-123456789012',
  '1763884800',
  '1763884800123',
  '1763884800123456789',
  '$1,234,567.89',
  '0.4111111111111111',
  '4111111111111112',
  'version 1.23.456.7890',
  'd41d8cd98f00b204e9800998ecf8427e',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'order 2024-000123-4567',
  '000-12-3456',
  '666-12-3456',
  'user@localhost',
  'PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit',
  "nextval('customers_id_seq'::regclass)",
  'scram-sha-256',
  '@decorator and a @ b',
  'the basic responsibilities of a manager',
  'password: $1',
  'WHERE password = c.password_hash',
  'ISBN 978-3-16-148410-0',
  'DE00370400440532013000',
  'hello world, a plain sentence of some length without anything to find in it',
  'https://example.com/path?x=1#frag',
  'pg_stat_user_tables_with_a_long_name_indeed',
  '/usr/lib/postgresql/15/bin/postgres',
  '12345678901234567890',
];

describe('detectors', () => {
  for (const [name, text, value] of hits) {
    it(`${name} finds ${JSON.stringify(value).slice(0, 50)} in ${JSON.stringify(text).slice(0, 40)}`, () => {
      expect(found(text)).toEqual([`${name}:${value}`]);
    });
  }
  for (const text of misses) {
    it(`leaves ${JSON.stringify(text)}`, () => expect(found(text)).toEqual([]));
  }
});

const wide = (text: string): string => text.replace(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
const escaped = (text: string): string =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const percent = (text: string): string => [...text].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
const disguises: Readonly<Record<string, (text: string) => string>> = {
  'full-width digits': wide,
  'Arabic digits': (text) => text.replace(/[0-9]/g, (digit) => String.fromCodePoint(0x660 + Number(digit))),
  'zero-width characters': (text) => [...text].join('\u200b'),
  'soft hyphens': (text) => [...text].join('\u00ad'),
  'terminal colours': (text) => [...text].join('\x1b[31m'),
  backspaces: (text) => [...text].join('\x08'),
  'escapes of JSON': escaped,
  'URL encoding': percent,
  'HTML entities': (text) => [...text].map((letter) => `&#${letter.charCodeAt(0)};`).join(''),
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64 without padding': (text) => Buffer.from(text).toString('base64url'),
  'base64 in a longer text': (text) => Buffer.from(`{"name":"x","value":"${text}","and":"more"}`).toString('base64'),
  'base64 of UTF-16': (text) => Buffer.from(text, 'utf16le').toString('base64'),
  'wrapped base64': (text) =>
    Buffer.from(`${'some words before it '.repeat(5)}${text} and some after it`)
      .toString('base64')
      .replace(/.{76}/g, '$&\n'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex of bytea': (text) => `\\x${Buffer.from(text).toString('hex')}`,
  'hex of UTF-16': (text) => Buffer.from(text, 'utf16le').toString('hex'),
  'escaped full-width': (text) => escaped(wide(text)),
};

describe('disguises (MK09)', () => {
  for (const [name, disguise] of Object.entries(disguises)) {
    it(name, () => {
      for (const value of [
        '4111111111111111',
        '4111 1111 1111 1111',
        '123-45-6789',
        'alice@example.com',
        'DE89370400440532013000',
        '+44 20 7946 0958',
      ]) {
        const text = `before ${disguise(value)} after`;
        const rest = scan(text, detectors).reduceRight(
          (left, { start, end }) => left.slice(0, start) + left.slice(end),
          text,
        );
        expect(rest, `${value} as ${disguise(value)}`).toBe('before  after');
      }
    });
  }
  it('line ends inside a card number', () => expect(found('4111 1111\n1111 1111')).toHaveLength(1));
  it('dashes of typography', () => expect(found('123–45–6789')).toHaveLength(1));
});
