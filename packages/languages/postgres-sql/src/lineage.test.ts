import { beforeAll, describe, expect, it } from 'vitest';
import { demoCatalogue, factsOf, lineageOf } from './fixtures/demo-target.ts';
import { postgresSql } from './language.ts';

beforeAll(() => postgresSql.load());

/** A row that has lost its columns' names. */
const everyColumn =
  '~customers.id+customers.full_name+customers.email+customers.phone+customers.ssn+customers.card_number+customers.iban+customers.address+customers.api_key+customers.profile+customers.notes+*customers';
const cases: readonly (readonly [text: string, lineage: readonly string[] | null])[] = [
  ['SELECT id, ssn FROM customers', ['=customers.id', '=customers.ssn']],
  ['SELECT ssn AS id FROM customers', ['=customers.ssn']],
  ['SELECT * FROM payments', ['=payments.id', '=payments.order_id', '=payments.card_number', '=payments.amount']],
  [
    'SELECT * FROM ONLY payments p(a, b)',
    ['=payments.id', '=payments.order_id', '=payments.card_number', '=payments.amount'],
  ],
  ['TABLE events', ['=events_2024.id+events.id', '=events_2024.at+events.at']],
  ['SELECT * FROM events_2024', ['=events.id+events_2024.id', '=events.at+events_2024.at']],
  [
    'SELECT p.*, o.id FROM payments p JOIN orders o ON o.id = p.order_id',
    ['=payments.id', '=payments.order_id', '=payments.card_number', '=payments.amount', '=orders.id'],
  ],
  ['SELECT c FROM customers c', ['~*customers']],
  ['SELECT customers FROM customers', ['~*customers']],
  ['SELECT c.* IS NULL, ROW(c.*)::text FROM customers c', ['~', everyColumn]],
  ['SELECT to_jsonb(c), row_to_json(c), c::text FROM customers c', ['~*customers', '~*customers', everyColumn]],
  [
    'SELECT (c).amount, (c).* FROM (SELECT id, amount FROM payments) c',
    ['~payments.amount', '=payments.id', '=payments.amount'],
  ],
  ['SELECT (profile).* FROM customers', null],
  ['SELECT (c).ssn FROM customers c', ['~customers.ssn']],
  ['SELECT (p).* FROM payments p', ['=payments.id', '=payments.order_id', '=payments.card_number', '=payments.amount']],
  ["SELECT ssn || '' FROM customers", ['~customers.ssn']],
  ['SELECT substr(ssn, 1, 5), substr(ssn, 6) FROM customers', ['~customers.ssn', '~customers.ssn']],
  [
    'SELECT ssn::text, CAST(ssn AS varchar), ssn COLLATE "C" FROM customers',
    ['~customers.ssn', '~customers.ssn', '~customers.ssn'],
  ],
  [
    'SELECT min(ssn), max(email), string_agg(phone, $1), array_agg(iban), json_agg(c) FROM customers c',
    ['~customers.ssn', '~customers.email', '~customers.phone', '~customers.iban', '~*customers'],
  ],
  ['SELECT count(*), count(ssn), count(DISTINCT email) FROM customers', ['~', '~', '~']],
  ["SELECT ssn = 'x', ssn LIKE '1%', ssn IS NULL, ssn IN ('a'), ssn > 'b' FROM customers", ['~', '~', '~', '~', '~']],
  ["SELECT CASE WHEN ssn = 'x' THEN email ELSE phone END FROM customers", ['~customers.email+customers.phone']],
  [
    'SELECT COALESCE(ssn, email), GREATEST(phone, iban), NULLIF(ssn, email) FROM customers',
    ['~customers.ssn+customers.email', '~customers.phone+customers.iban', '~customers.ssn'],
  ],
  [
    'SELECT ARRAY[ssn, email], ROW(phone, iban), (ARRAY[ssn])[1] FROM customers',
    ['~customers.ssn+customers.email', '~customers.phone+customers.iban', '~customers.ssn'],
  ],
  [
    "SELECT profile->>'x', profile #> '{a}', profile @> '{}' FROM customers",
    ['~customers.profile', '~customers.profile', '~'],
  ],
  ['SELECT mode() WITHIN GROUP (ORDER BY ssn) FROM customers', ['~customers.ssn']],
  ['SELECT lag(ssn) OVER (ORDER BY id), row_number() OVER (ORDER BY ssn) FROM customers', ['~customers.ssn', '~']],
  [
    'SELECT (SELECT ssn FROM customers LIMIT 1), ARRAY(SELECT email FROM customers), EXISTS (SELECT ssn FROM customers)',
    ['~customers.ssn', '~customers.email', '~'],
  ],
  ['SELECT (SELECT c.ssn) FROM customers c', ['~customers.ssn']],
  ['SELECT x.ssn FROM (SELECT ssn FROM customers) x', ['=customers.ssn']],
  ['SELECT a FROM (SELECT id, ssn FROM customers) x(b, a)', ['=customers.ssn']],
  ['SELECT x FROM (SELECT id, ssn FROM customers) x', ['~customers.id+customers.ssn']],
  ['WITH x AS (SELECT ssn FROM customers) SELECT * FROM x', ['=customers.ssn']],
  ['WITH customers AS (SELECT 1 AS ssn) SELECT ssn FROM customers', ['~']],
  ['WITH x(a) AS (SELECT ssn FROM customers), y AS (SELECT a AS b FROM x) SELECT b FROM y', ['=customers.ssn']],
  ['WITH d AS (DELETE FROM payments RETURNING *) SELECT card_number FROM d', ['=payments.card_number']],
  ['SELECT ssn FROM customers UNION SELECT email FROM employees', ['~customers.ssn+employees.email']],
  ['SELECT id FROM customers UNION ALL VALUES (1)', ['~customers.id']],
  ['SELECT id FROM orders JOIN payments USING (id)', ['~orders.id+payments.id']],
  [
    'SELECT * FROM orders JOIN payments USING (id)',
    [
      '~orders.id+payments.id',
      '=orders.customer_id',
      '=orders.total',
      '=orders.placed_at',
      '=payments.order_id',
      '=payments.card_number',
      '=payments.amount',
    ],
  ],
  [
    'SELECT * FROM (SELECT id, ssn FROM customers) a NATURAL JOIN (SELECT id, email FROM employees) b',
    ['~customers.id+employees.id', '=customers.ssn', '=employees.email'],
  ],
  ['SELECT j.a FROM (orders JOIN payments USING (id)) AS j(a)', ['~orders.id+payments.id']],
  ['SELECT l.x FROM customers c CROSS JOIN LATERAL (SELECT c.ssn AS x) l', ['=customers.ssn']],
  ['SELECT e.value FROM customers c CROSS JOIN LATERAL jsonb_array_elements(c.profile) e', ['~customers.profile']],
  ['SELECT e.value FROM customers, jsonb_array_elements(profile) e', ['~customers.profile']],
  ['SELECT value, e FROM customers, jsonb_array_elements(profile) e', ['~customers.profile', '~customers.profile']],
  ["SELECT jsonb_path_query(profile, '$.x') FROM customers", ['~customers.profile']],
  ['SELECT r.ssn FROM customers, json_to_recordset(profile::json) AS r(ssn text, x int)', ['~customers.profile']],
  ['SELECT key, value FROM customers, jsonb_each(profile)', ['~customers.profile', '~customers.profile']],
  ['SELECT u.x FROM customers c, unnest(ARRAY[c.ssn]) AS u(x)', ['~customers.ssn']],
  ['SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(n, o)', ['~', '~']],
  ["SELECT t.x FROM customers, JSON_TABLE(profile, '$' COLUMNS (x text PATH '$.x')) t", ['~customers.profile']],
  ['VALUES (1, 2)', ['~', '~']],
  ['SELECT 1, $1, now(), current_user', ['~', '~', '~', '~']],
  ['SELECT ctid, tableoid, id FROM customers', ['~', '~', '=customers.id']],
  ['UPDATE customers SET notes = 1 WHERE id = 1 RETURNING ssn, lower(email)', ['=customers.ssn', '~customers.email']],
  [
    'UPDATE customers c SET notes = 1 FROM orders o WHERE o.customer_id = c.id RETURNING o.total, c.ssn',
    ['=orders.total', '=customers.ssn'],
  ],
  [
    'DELETE FROM payments WHERE id = 1 RETURNING *',
    ['=payments.id', '=payments.order_id', '=payments.card_number', '=payments.amount'],
  ],
  ['INSERT INTO customers (email) VALUES ($1) RETURNING id, ssn', ['=customers.id', '=customers.ssn']],
  ['UPDATE customers SET ssn = $1 WHERE id = 1 RETURNING old.ssn, new.ssn', ['=customers.ssn', '=customers.ssn']],
  ['UPDATE customers SET ssn = $1 WHERE id = 1 RETURNING WITH (OLD AS o) o.ssn', ['=customers.ssn']],
  ['UPDATE customers SET notes = 1 WHERE id = 1', null],
  ['COPY customers (ssn, id) TO STDOUT', ['=customers.ssn', '=customers.id']],
  ['COPY payments TO STDOUT', ['=payments.id', '=payments.order_id', '=payments.card_number', '=payments.amount']],
  ['COPY (SELECT id, lower(ssn) FROM customers) TO STDOUT', ['=customers.id', '~customers.ssn']],
  ['COPY customers FROM STDIN', null],
  ['EXPLAIN SELECT ssn FROM customers', ['~']],
  ['SHOW search_path', ['~']],
  ['SELECT nowhere FROM customers', ['?']],
  ['SELECT order_total(1)', ['?']],
  ['SELECT c.order_total, (c).order_total FROM customers c', ['?', '?']],
  ['SELECT most_common_vals FROM pg_stats', ['=pg_stats.most_common_vals']],
  ['SELECT lo_get(1)', ['~pg_largeobject.data']],
  ['SELECT query FROM pg_stat_activity', ['=pg_stat_activity.query']],
  ['BEGIN', null],
];

describe('lineage of result columns', () => {
  it.each(cases)('%s', (text, lineage) => {
    expect(lineageOf(text)).toEqual(lineage);
  });

  it('follows columns that a recursive query moves about', () => {
    const text = `WITH RECURSIVE r(a, b) AS (SELECT ssn, email FROM customers UNION ALL SELECT b, a FROM r) SELECT a, b FROM r`;
    expect(lineageOf(text)).toEqual(
      ['=customers.ssn+customers.email', '=customers.email+customers.ssn'].map((item) => item.replace('=', '~')),
    );
  });

  it('resolves a name in the query around only when no nearer one has it', () => {
    expect(lineageOf('SELECT (SELECT email FROM orders LIMIT 1) FROM customers')).toEqual(['~customers.email']);
    expect(lineageOf('SELECT (SELECT x.ssn FROM orders, (SELECT 1 AS ssn) x) FROM customers')).toEqual(['~']);
  });
});

describe('views', () => {
  it('carry everything behind them unless the catalogue knows better', () => {
    expect(lineageOf('SELECT id FROM customer_directory')).toEqual([
      '~customer_directory.id+customers.id+customers.full_name+customers.email',
    ]);
    expect(factsOf('SELECT id FROM customer_directory').reads.map((object) => object.name)).toEqual([
      'customer_directory',
      'customers',
    ]);
    expect(
      factsOf('UPDATE customer_directory SET email = $1 WHERE id = 1').writes.map((object) => object.name),
    ).toEqual(['customer_directory', 'customers']);
  });

  it('are exact where each column has its origin', () => {
    const customers = demoCatalogue.relations.find((relation) => relation.name === 'customers');
    const relations = demoCatalogue.relations.map((relation) =>
      relation.name !== 'customer_directory'
        ? relation
        : {
            ...relation,
            columns: relation.columns.map((column) => ({
              ...column,
              origin: { relation: customers?.oid ?? 0, attribute: column.attribute },
            })),
          },
    );
    expect(lineageOf('SELECT * FROM customer_directory', { catalogue: { ...demoCatalogue, relations } })).toEqual([
      '=customer_directory.id+customers.id',
      '=customer_directory.full_name+customers.full_name',
      '=customer_directory.email+customers.email',
    ]);
  });
});

describe('columns and reads', () => {
  it('lists every column that is mentioned, wherever', () => {
    const facts = factsOf("SELECT id FROM customers WHERE ssn LIKE '1%' ORDER BY email");
    expect(facts.columns.map((column) => column.column).sort()).toEqual(['email', 'id', 'ssn']);
  });

  it('counts the written relation as read where RETURNING shows it', () => {
    expect(factsOf('DELETE FROM payments WHERE id = 1 RETURNING id').reads.map((object) => object.name)).toEqual([
      'payments',
    ]);
    expect(factsOf('DELETE FROM payments WHERE id = 1').reads).toEqual([]);
  });

  it('leaves common table expressions out of the reads', () => {
    expect(factsOf('WITH orders AS (SELECT 1) SELECT * FROM orders').reads).toEqual([]);
    expect(
      factsOf('WITH x AS (SELECT * FROM orders) SELECT * FROM x, (SELECT * FROM x) y').reads.map(
        (object) => object.name,
      ),
    ).toEqual(['orders']);
    expect(
      factsOf('SELECT * FROM (WITH orders AS (SELECT 1) SELECT * FROM orders) x, orders').reads.map(
        (object) => object.name,
      ),
    ).toEqual(['orders']);
  });
});
