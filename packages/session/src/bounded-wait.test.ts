import { expect, test, vi } from 'vitest';
import { boundedWait } from './bounded-wait.ts';

test('it is over by its time, and says so', () => {
  vi.useFakeTimers();
  const wait = boundedWait([new AbortController().signal], 1_000);
  vi.advanceTimersByTime(999);
  expect([wait.signal.aborted, wait.expired()]).toEqual([false, false]);
  vi.advanceTimersByTime(1);
  expect([wait.signal.aborted, wait.expired()]).toEqual([true, true]);
  vi.useRealTimers();
});

test('it is over by any of its signals, also one that was aborted before; the time then says nothing', () => {
  vi.useFakeTimers();
  const [one, two] = [new AbortController(), new AbortController()];
  const wait = boundedWait([one.signal, two.signal], 1_000);
  two.abort();
  vi.advanceTimersByTime(2_000);
  expect([wait.signal.aborted, wait.expired()]).toEqual([true, false]);
  expect(boundedWait([one.signal, two.signal], 1_000).signal.aborted).toBe(true);
  vi.useRealTimers();
});

test('after its end nothing of it is left at the signals', () => {
  const source = new AbortController();
  const wait = boundedWait([source.signal], 1_000);
  wait.end();
  source.abort();
  expect(wait.signal.aborted).toBe(false);
});
