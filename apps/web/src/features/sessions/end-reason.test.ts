import { expect, test } from 'vitest';
import { endReasonHead } from './end-reason.ts';

test('a list says the head of a reason; what explains it stays for the replay', () => {
  expect(endReasonHead('the end is unknown: the gateway’s spool holds nothing of what followed')).toBe(
    'the end is unknown',
  );
  expect(endReasonHead('the gateway was restarted')).toBe('the gateway was restarted');
  expect(endReasonHead('')).toBe('');
});
