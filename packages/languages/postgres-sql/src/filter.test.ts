import type { FilterShape } from '@sluice/domain';
import { beforeAll, describe, expect, it } from 'vitest';
import { factsOf } from './fixtures/demo-target.ts';
import { postgresSql } from './language.ts';

beforeAll(() => postgresSql.load());

const conditions: Readonly<Record<Exclude<FilterShape, 'absent' | 'not-applicable'>, readonly string[]>> = {
  trivial: [
    'true',
    "'t'::boolean",
    '1 = 1',
    "'a' = 'a'",
    '1 < 2',
    '1 IN (1, 2)',
    'id = id',
    'c.id = id',
    'customers_alias_free OR true',
    'id >= id',
    'id IS NOT DISTINCT FROM id',
    'NOT false',
    'NOT (1 = 2)',
    'NOT (id <> id)',
    'NOT (id IS NULL AND false)',
    'phone IS NULL OR phone IS NOT NULL',
    'id = 1 OR id <> 1',
    'id < 5 OR id >= 5',
    'id = 1 OR NOT (id = 1)',
    'id = 1 OR true',
    'true AND 1 = 1 AND id = id',
    '(id = 1) IS TRUE OR (id = 1) IS NOT TRUE',
    'true IS TRUE',
    'EXISTS (SELECT 1)',
    'EXISTS (SELECT 1 FROM orders)',
    'EXISTS (SELECT 1 FROM customers c2 WHERE c2.id = c.id)',
    'id IN (SELECT id FROM customers)',
    'id IN (SELECT id FROM customers WHERE true)',
    'id IN (SELECT c2.id FROM customers c2 WHERE c2.id IS NOT NULL)',
    'id = ANY (SELECT id FROM customers)',
    'id = ANY (ARRAY(SELECT id FROM customers))',
    'id IN (id, 7)',
    'id BETWEEN 1 AND 2 OR 1 = 1',
    'id BETWEEN id AND id',
    'id IS NOT NULL',
    'c IS NOT NULL',
    'ctid IS NOT NULL',
    "email LIKE '%'",
    "email ~ '.*'",
    "email ILIKE '%%'",
    'length(email) >= 0',
    'length(email) > -1',
    'CASE WHEN id = 1 THEN true ELSE true END',
    'COALESCE(true, false)',
    'now() > current_date',
    'random() >= 0',
    '$1',
    '$1 = 5',
    'id = 1 OR $1',
    '(SELECT true)',
    'lower(email) = lower(email)',
  ],
  present: [
    'id = 1',
    'id = $1',
    'id IN (1, 2)',
    'id = ANY ($1)',
    "email = 'x' AND true",
    'id = 1 OR id = 2',
    'NOT id = 1',
    'phone IS NULL',
    'phone IS NOT NULL',
    "email LIKE 'a%'",
    'id BETWEEN 1 AND 2',
    'id IN (SELECT customer_id FROM orders)',
    'id IN (SELECT id FROM customers WHERE email = $1)',
    'id IN (SELECT id FROM customers LIMIT 10)',
    'EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)',
    'NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)',
    'id <> 5',
    'id > 100 AND EXISTS (SELECT 1)',
    "ctid = '(0,1)'",
    "profile->>'plan' = 'free'",
    '(id, email) = ($1, $2)',
    'id = 1 AND $1',
    'CURRENT OF k',
  ],
};

describe.each(Object.entries(conditions))('%s', (shape, texts) => {
  it.each(texts)('DELETE FROM customers c WHERE %s', (condition) => {
    const facts = factsOf(`DELETE FROM customers c WHERE ${condition}`);
    expect(facts.filter).toBe(shape);
    expect(facts.destructive).toBe(shape !== 'present');
  });

  it.each(texts)('UPDATE customers c SET notes = 1 WHERE %s', (condition) => {
    expect(factsOf(`UPDATE customers c SET notes = 1 WHERE ${condition}`).filter).toBe(shape);
  });
});

describe('joins', () => {
  it.each([
    ['DELETE FROM customers USING customers c2', 'absent'],
    ['DELETE FROM customers USING customers c2 WHERE true', 'trivial'],
    ['DELETE FROM customers c USING orders o WHERE o.total > 5', 'trivial'],
    ['DELETE FROM customers c USING customers c2 WHERE c.id = c2.id', 'trivial'],
    ['DELETE FROM customers c USING customers c2 WHERE c.id = c2.id AND c2.email = $1', 'present'],
    ['DELETE FROM customers c USING orders o WHERE o.customer_id = c.id', 'present'],
    ['UPDATE customers c SET notes = 1 FROM orders o', 'absent'],
    ['UPDATE customers c SET notes = 1 FROM orders o WHERE o.id = 7', 'trivial'],
    ['UPDATE customers c SET notes = 1 FROM orders o WHERE o.customer_id = c.id AND o.id = 7', 'present'],
    ['MERGE INTO customers c USING orders o ON true WHEN MATCHED THEN DELETE', 'trivial'],
    ['MERGE INTO customers c USING orders o ON o.customer_id = c.id WHEN MATCHED THEN DELETE', 'present'],
    ['MERGE INTO customers c USING orders o ON true WHEN MATCHED AND c.id = 5 THEN DELETE', 'present'],
    ['MERGE INTO customers c USING orders o ON o.customer_id = c.id WHEN NOT MATCHED BY SOURCE THEN DELETE', 'absent'],
    [
      'MERGE INTO customers c USING orders o ON o.customer_id = c.id WHEN NOT MATCHED THEN INSERT (email) VALUES (1)',
      'not-applicable',
    ],
    ['INSERT INTO customers (id) VALUES (1)', 'not-applicable'],
    ['INSERT INTO customers (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET notes = 1', 'present'],
    ['WITH a AS (DELETE FROM orders WHERE id = 1) UPDATE customers SET notes = 1', 'absent'],
    ['SELECT 1 FROM customers', 'not-applicable'],
  ] as const)('%s → %s', (text, shape) => {
    expect(factsOf(text).filter).toBe(shape);
  });
});
