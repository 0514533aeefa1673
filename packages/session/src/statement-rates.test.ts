import { describe, expect, it } from 'vitest';
import { maxRateWindows, StatementRates } from './statement-rates.ts';

const pace = (most: number, count = 1, key = 'a') => ({ key, most, count });

describe('statements in a minute', () => {
  it('pass up to the limit, then wait until the oldest is a minute old', () => {
    const rates = new StatementRates();
    expect(rates.take([pace(3)], 0)).toBeNull();
    expect(rates.take([pace(3)], 10_000)).toBeNull();
    expect(rates.take([pace(3)], 10_500)).toBeNull();
    expect(rates.take([pace(3)], 11_000)).toEqual({ pace: 0, retryAfterMs: 50_000 });
    expect(rates.take([pace(3)], 60_999)).toEqual({ pace: 0, retryAfterMs: 1_000 });
    expect(rates.take([pace(3)], 61_000)).toBeNull();
    expect(rates.take([pace(3)], 61_000)).toEqual({ pace: 0, retryAfterMs: 10_000 });
    expect(rates.take([pace(3, 3)], 500_000)).toBeNull();
  });
  it('never hold more in any 60 seconds, whenever they come', () => {
    const rates = new StatementRates();
    const passed: number[] = [];
    // A fixed sequence: a linear congruential generator, so that a failure can be seen again.
    for (let at = 0, seed = 7; at < 400_000; at += seed % 3_000) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      if (rates.take([pace(5)], at) === null) passed.push(at);
    }
    expect(passed.length).toBeGreaterThan(20);
    for (const from of passed) expect(passed.filter((at) => at >= from && at < from + 60_000).length).toBeLessThan(6);
  });
  it('count towards all paces or none', () => {
    const rates = new StatementRates();
    expect(rates.take([pace(10, 1, 'wide'), pace(1, 2, 'narrow')], 0)).toEqual({ pace: 1, retryAfterMs: null });
    expect(rates.take([pace(10, 10, 'wide')], 0)).toBeNull();
  });
  it('a clock that goes back frees nothing', () => {
    const rates = new StatementRates();
    expect(rates.take([pace(1)], 100_000)).toBeNull();
    expect(rates.take([pace(1)], 10_000)).toMatchObject({ pace: 0 });
  });
  it('keep a bounded number of windows: idle ones make room, busy ones refuse a new one', () => {
    const rates = new StatementRates();
    for (let index = 0; index < maxRateWindows; index++) rates.take([pace(1, 1, `k${index}`)], 0);
    expect(rates.take([pace(1, 1, 'more')], 1_000)).toMatchObject({ retryAfterMs: 1_000 });
    expect(rates.take([pace(1, 1, 'more')], 120_000)).toBeNull();
  });
});
