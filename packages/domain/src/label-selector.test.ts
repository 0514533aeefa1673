import { describe, expect, test } from 'vitest';
import { describeSelector, type LabelSelector, labelSelectorSchema, matchesLabels } from './label-selector.ts';

describe('a label selector', () => {
  test.each([
    [{}, {}, true],
    [{}, { env: 'prod' }, true],
    [{ env: ['prod'] }, { env: 'prod', team: 'a' }, true],
    [{ env: ['prod'] }, { env: 'staging' }, false],
    [{ env: ['prod'] }, {}, false],
    [{ env: ['prod', 'staging'] }, { env: 'staging' }, true],
    [{ env: ['prod'], team: ['a'] }, { env: 'prod', team: 'b' }, false],
    [{ toString: ['x'] }, {}, false],
    [{ env: ['prod'] }, { env: 'production' }, false],
  ])('%j on %j: %s', (selector, labels, expected) => {
    expect(matchesLabels(selector as LabelSelector, labels as Record<string, string>)).toBe(expected);
  });

  test('lists no values by mistake', () => {
    expect(labelSelectorSchema.safeParse({ env: [] }).success).toBe(false);
    expect(labelSelectorSchema.safeParse({ env: 'prod' }).success).toBe(false);
    expect(labelSelectorSchema.safeParse({ env: { not: 'prod' } }).success).toBe(false);
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`l${index}`, ['x']]));
    expect(labelSelectorSchema.safeParse(many).success).toBe(false);
  });

  test('says itself', () => {
    expect(describeSelector({})).toBe('every connection');
    expect(describeSelector({ env: ['prod', 'staging'], team: ['a'] })).toBe(
      'connections where env is prod or staging and team is a',
    );
  });
});
