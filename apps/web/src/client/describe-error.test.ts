import { expect, test } from 'vitest';
import { describeError, errorSentence, isPassing } from './describe-error.ts';
import { readLiveEvent } from './live.tsx';

function apiError(code: string, httpStatus: number, hint: string | null = null): Error {
  return Object.assign(new Error('What went wrong.'), { data: { code, httpStatus, hint } });
}

test.each([
  ['FORBIDDEN', 403, 'no-permission'],
  ['NOT_FOUND', 404, 'not-found'],
  ['CONFLICT', 409, 'conflict'],
  ['UNAUTHORIZED', 401, 'signed-out'],
  ['BAD_REQUEST', 400, 'other'],
])('%s is %s', (code, status, kind) => {
  expect(describeError(apiError(code, status)).kind).toBe(kind);
  expect(isPassing(apiError(code, status))).toBe(false);
});

test('trouble on the way may pass', () => {
  expect(describeError(new Error('fetch failed', { cause: new TypeError('fetch failed') })).kind).toBe('offline');
  expect(isPassing(new TypeError('Failed to fetch'))).toBe(true);
  expect(isPassing(apiError('INTERNAL_SERVER_ERROR', 500))).toBe(true);
});

test('the hint follows the message', () => {
  expect(errorSentence(apiError('CONFLICT', 409, 'Reload.'))).toBe('What went wrong. Reload.');
  expect(errorSentence(undefined)).toBe('Something went wrong.');
});

test('the live channel’s notices are read, anything else is nothing', () => {
  expect(readLiveEvent('{"topic":"approvals","id":"x"}')).toEqual({ topic: 'approvals', id: 'x' });
  expect(readLiveEvent('{"topic":"sessions"}')).toEqual({ topic: 'sessions', id: null });
  for (const text of ['', 'null', '{"topic":"weather"}', '{', 3]) expect(readLiveEvent(text)).toBeNull();
});
