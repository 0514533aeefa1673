import { expect, test } from 'vitest';
import { readProxyHeader } from './proxy-header.ts';

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const tcp4 = Buffer.from([...signature, 0x21, 0x11, 0, 12, 192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 0x15, 0x38]);
const tcp6 = Buffer.from([
  ...[...signature, 0x21, 0x21, 0, 36],
  ...[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x1f, 0x90, 0x15, 0x38],
]);

test('TCP over IPv4 and IPv6, with TLVs behind the addresses', () => {
  expect(readProxyHeader(tcp4)).toEqual({ type: 'complete', bytes: 28, clientAddress: '192.0.2.7:8080' });
  expect(readProxyHeader(tcp6)).toEqual({ type: 'complete', bytes: 52, clientAddress: '[2001:db8::5]:8080' });
  const withTlv = Buffer.concat([tcp4, Buffer.from([4, 0, 1, 0]), Buffer.from('rest')]);
  withTlv[15] = 16;
  expect(readProxyHeader(withTlv)).toEqual({ type: 'complete', bytes: 32, clientAddress: '192.0.2.7:8080' });
});

test('LOCAL names nobody', () => {
  expect(readProxyHeader(Buffer.from([...signature, 0x20, 0, 0, 0]))).toEqual({
    type: 'complete',
    bytes: 16,
    clientAddress: null,
  });
});

test('every cut is incomplete', () => {
  for (const header of [tcp4, tcp6]) {
    for (let length = 0; length < header.length; length += 1) {
      expect(readProxyHeader(header.subarray(0, length))).toEqual({ type: 'incomplete' });
    }
  }
});

test.each([
  ['another first byte', [0x50]],
  ['version 1', [...Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n')]],
  ['version 3', [...signature, 0x31, 0x11, 0, 12]],
  ['an unknown command', [...signature, 0x22, 0x11, 0, 12]],
  ['a length beyond the bound', [...signature, 0x21, 0x11, 0xff, 0xff]],
  ['UDP', [...signature, 0x21, 0x12, 0, 0]],
  ['a Unix socket', [...signature, 0x21, 0x31, 0, 0]],
  ['addresses that are too short', [...signature, 0x21, 0x11, 0, 4, 1, 2, 3, 4]],
])('malformed: %s', (_name, bytes) => {
  expect(readProxyHeader(Buffer.from(bytes))).toEqual({ type: 'malformed' });
});
