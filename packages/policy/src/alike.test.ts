import type { AlikeBounds, Grant, StatementFacts } from '@sluice/domain';
import { unreadableFacts } from '@sluice/domain';
import { describe, expect, test } from 'vitest';
import { alikeOffer } from './alike.ts';
import { alikeCeiling, grantNamesFor } from './grant-cover.ts';

const customers = { type: 'relation', schema: 'public', name: 'customers' } as const;
const column = (name: string) => ({ schema: 'public', relation: 'customers', column: name });

function update(more: Partial<StatementFacts> = {}): StatementFacts {
  return {
    ...unreadableFacts('postgres', '', ''),
    kind: 'write',
    complete: true,
    command: 'UPDATE',
    effects: [{ verb: 'update', object: customers }],
    reads: [customers],
    writes: [customers],
    columns: [column('id'), column('phone')],
    filter: 'present',
    ...more,
  };
}

const place = { connectionRevision: 3, runId: null, database: 'demo', role: null, countsRows: true };
const message = (facts: readonly StatementFacts[] = [update()], more: Partial<typeof place> = {}) => ({
  connectionId: 'c',
  facts,
  place: { ...place, ...more },
});

function grant(more: Partial<AlikeBounds> = {}, facts = [update()]): Grant {
  const offer = alikeOffer(facts, { database: 'demo', role: null });
  if (offer === null) throw new Error('no offer');
  const bounds = {
    ...offer,
    approvalId: 'a',
    connectionId: 'c',
    connectionRevision: 3,
    runId: null,
    rows: 10,
    ...more,
  };
  return {
    id: 'g',
    kind: 'alike',
    name: 'approved-alike',
    bounds,
    startsAt: '2026-11-24T12:00:00Z',
    expiresAt: '2026-11-24T13:00:00Z',
  };
}

describe('a grant for others like it', () => {
  test('covers the same facts, or less of them, and says how many rows', () => {
    expect(grantNamesFor([grant()], message())).toEqual(['approved-alike']);
    expect(alikeCeiling([grant(), grant({ rows: 25 })], message())).toBe(25);
    expect(alikeCeiling([grant()], message([update({ columns: [column('id')] })]))).toBe(10);
    expect(alikeCeiling([grant()], message([update(), update()]))).toBe(10);
  });

  test.each<[string, Partial<StatementFacts>]>([
    ['another object', { writes: [{ ...customers, name: 'payments' }] }],
    ['the same name in another schema', { writes: [{ ...customers, schema: 'evil' }] }],
    ['another column', { columns: [column('id'), column('email')] }],
    ['another verb', { effects: [{ verb: 'delete', object: customers }] }],
    ['an effect more', { effects: [...update().effects, { verb: 'program', object: null }] }],
    ['another read', { reads: [customers, { ...customers, name: 'secrets' }] }],
    ['a function', { functions: ['pg_catalog.pg_sleep'] }],
    ['another command', { command: 'DELETE' }],
    ['no filter', { filter: 'absent', destructive: true }],
    ['a trivial filter', { filter: 'trivial' }],
    ['a filter where there was one, now not applicable', { filter: 'not-applicable' }],
    ['incomplete facts', { complete: false, incompleteBecause: 'it calls something unknown' }],
    ['a statement that destroys', { destructive: true }],
    ['a statement inside a statement', { nested: [update()] }],
    ['another language', { language: 'other' }],
    ['more names than can be described', { columns: Array.from({ length: 51 }, (_, i) => column(`c${i}`)) }],
  ])('does not cover %s', (_name, more) => {
    expect(grantNamesFor([grant()], message([update(more)]))).toEqual([]);
    expect(alikeCeiling([grant()], message([update(), update(more)]))).toBeNull();
  });

  test.each<[string, Partial<typeof place> | null]>([
    ['another revision of the connection', { connectionRevision: 4 }],
    ['another run', { runId: 'r' as unknown as null }],
    ['another database', { database: 'other' }],
    ['another effective role', { role: 'owner' as unknown as null }],
    ['a place where rows cannot be held to a ceiling', { countsRows: false }],
    ['a caller that does not say where', null],
  ])('does not cover %s', (_name, more) => {
    const { place: here, ...rest } = message();
    const asked = more === null ? rest : { ...rest, place: { ...here, ...more } };
    expect(grantNamesFor([grant()], asked)).toEqual([]);
  });

  test('no other kind of grant counts under its name', () => {
    expect(grantNamesFor([{ ...grant(), kind: 'just-in-time', bounds: null }], message())).toEqual([]);
  });

  test('does not cover another connection, nor by bounds that cannot be read whole', () => {
    expect(grantNamesFor([grant()], { ...message(), connectionId: 'other' })).toEqual([]);
    expect(grantNamesFor([{ ...grant(), bounds: { ...grant().bounds, more: 1 } }], message())).toEqual([]);
    expect(grantNamesFor([{ ...grant(), bounds: null }], message())).toEqual([]);
    expect(grantNamesFor([grant()], message([]))).toEqual([]);
  });

  test('nothing that is not proved, destroys or touches every row is offered', () => {
    const here = { database: 'demo', role: null };
    expect(alikeOffer([update()], here)?.statements[0]?.columns).toEqual([
      'public.customers.id',
      'public.customers.phone',
    ]);
    expect(alikeOffer([update({ complete: false })], here)).toBeNull();
    expect(alikeOffer([update(), update({ destructive: true })], here)).toBeNull();
    expect(alikeOffer([update({ filter: 'absent' })], here)).toBeNull();
    expect(alikeOffer([], here)).toBeNull();
    expect(
      alikeOffer(
        Array.from({ length: 9 }, () => update()),
        here,
      ),
    ).toBeNull();
  });
});
