import { agent } from '@sluice/testkit/sessions';
import type { WireRefusal } from '@sluice/wire-kit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionRights, type Standing } from './session-rights.ts';

const start = Date.parse('2026-11-24T12:00:00Z');
const at = (ms: number) => new Date(start + ms).toISOString();
const standing = (more: Partial<Standing> = {}): Standing => ({
  actor: agent,
  expiresAt: null,
  accessUntil: null,
  grants: [],
  ...more,
});

describe('a session ends by its gateway’s own clock (invariant 6)', () => {
  let ended: WireRefusal[];
  const rights = (one: Standing) => new SessionRights(one, Date.now, (refusal) => ended.push(refusal));
  beforeEach(() => {
    ended = [];
    vi.useFakeTimers({ now: start });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('when access is over, and not before', () => {
    rights(standing({ accessUntil: at(60_000) }));
    vi.advanceTimersByTime(59_999);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended).toMatchObject([{ reason: 'terminated', message: expect.stringContaining('time') }]);
  });

  test('the earlier of access and secret counts, and each says which it was', () => {
    rights(standing({ accessUntil: at(60_000), expiresAt: at(30_000) }));
    vi.advanceTimersByTime(30_000);
    expect(ended).toMatchObject([{ message: 'your access expired' }]);
  });

  test('asked again, another end is in force: later, earlier or none', () => {
    const one = rights(standing({ accessUntil: at(60_000) }));
    one.renew(standing({ accessUntil: at(120_000) }));
    vi.advanceTimersByTime(119_999);
    expect(ended).toEqual([]);
    one.renew(standing());
    vi.advanceTimersByTime(86_400_000);
    expect(ended).toEqual([]);
    one.renew(standing({ accessUntil: at(1) }));
    expect(one.problem()).not.toBeNull();
    expect(ended).toHaveLength(1);
  });

  test('the next statement finds out where a timer slept through it', () => {
    const one = rights(standing({ accessUntil: at(60_000) }));
    expect(one.problem()).toBeNull();
    vi.setSystemTime(start + 60_000);
    expect(one.problem()).toMatchObject({ reason: 'terminated' });
    expect(ended).toHaveLength(1);
  });

  test('longer than a timer can wait, and a moment that nobody can read', () => {
    rights(standing({ accessUntil: at(60 * 86_400_000) }));
    vi.advanceTimersByTime(59 * 86_400_000);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(86_400_000);
    expect(ended).toHaveLength(1);
    expect(rights(standing({ accessUntil: 'some day' })).problem()).not.toBeNull();
  });
});
