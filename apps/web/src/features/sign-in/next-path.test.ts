import { expect, test } from 'vitest';
import { safeNextPath } from './next-path.ts';

const origin = 'http://localhost:3100';

test.each([
  ['/sessions/1?x=2#s=3', '/sessions/1?x=2#s=3'],
  ['http://localhost:3100/audit', '/audit'],
  ['https://elsewhere.test/', '/'],
  ['//elsewhere.test/', '/'],
  ['/\\elsewhere.test', '/'],
  ['javascript:alert(1)', '/'],
  ['/sign-in', '/'],
  ['http://', '/'],
])('%s leads to %s', (next, path) => {
  expect(safeNextPath(next, origin)).toBe(path);
});
