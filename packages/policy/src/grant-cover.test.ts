import type { Grant } from '@sluice/domain';
import { expect, test } from 'vitest';
import { grantNamesAtOpening, grantNamesFor } from './grant-cover.ts';

const grant = (name: string, more: Partial<Grant> = {}): Grant => ({
  id: name,
  kind: 'just-in-time',
  name,
  bounds: null,
  startsAt: '2026-11-24T12:00:00Z',
  expiresAt: '2026-11-24T13:00:00Z',
  ...more,
});
const message = { connectionId: 'c', facts: [] };

test('grants without bounds count for every statement, each name once', () => {
  const held = [grant('b'), grant('a'), grant('b', { id: 'other' })];
  expect(grantNamesFor(held, message)).toEqual(['a', 'b']);
  expect(grantNamesAtOpening(held)).toEqual(['a', 'b']);
});

test('one with bounds is not known at opening, and bounds that cannot be read cover nothing', () => {
  const held = [grant('approved-alike', { kind: 'alike', bounds: { anything: true } })];
  expect(grantNamesAtOpening(held)).toEqual([]);
  expect(grantNamesFor(held, message)).toEqual([]);
});

test('an alike grant without bounds would be leave for everything: it counts for nothing', () => {
  expect(grantNamesFor([grant('approved-alike', { kind: 'alike' })], message)).toEqual([]);
});
