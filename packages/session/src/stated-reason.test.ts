import { expect, test } from 'vitest';
import { statedIn } from './stated-reason.ts';

test.each([
  ['reason: fix order 4711; ticket: OPS-12', 'fix order 4711', 'OPS-12'],
  ['svc=app\nTicket : OPS-1\n * Reason:  two words ', 'two words', 'OPS-1'],
  ['reason: first; reason: second', 'first', null],
  ['reason:', null, null],
  ['the reason: is not at the start of an entry', null, null],
  [null, null, null],
  [`ticket: ${'x'.repeat(101)}`, null, null],
])('the comment %j says why', (comment, reason, ticket) => {
  expect(statedIn(comment)).toEqual({ reason, ticket });
});
