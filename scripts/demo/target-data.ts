/** The demo target's tables and rows, and pgbench's tables, written straight to the target. */
import pg from 'pg';
import { dice, makeCustomers, makeEmployees } from './people.ts';

export const demoSeed = 20_261_123;
export const demoCustomers = 10_000;
export const demoEmployees = 200;
export const demoOrders = 15_000;
export const pgbenchScale = 10;

const BATCH_ROWS = 1_000;
/** pgbench's own numbers per unit of scale. */
const TELLERS = 10;
const ACCOUNTS = 100_000;

const schema = `
CREATE TABLE employees (
  id integer PRIMARY KEY,
  full_name text NOT NULL,
  email text NOT NULL UNIQUE,
  phone text NOT NULL,
  ssn text NOT NULL,
  department text NOT NULL,
  salary_cents integer NOT NULL,
  manager_id integer REFERENCES employees
);
CREATE TABLE customers (
  id integer PRIMARY KEY,
  full_name text NOT NULL,
  email text NOT NULL,
  phone text NOT NULL,
  ssn text NOT NULL,
  card_number text NOT NULL,
  iban text NOT NULL,
  address text NOT NULL,
  api_key text NOT NULL,
  profile jsonb NOT NULL,
  notes text NOT NULL
);
CREATE TABLE orders (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers,
  handled_by integer REFERENCES employees,
  status text NOT NULL,
  total_cents integer NOT NULL,
  placed_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE TABLE payments (
  id integer PRIMARY KEY,
  order_id integer NOT NULL REFERENCES orders,
  amount_cents integer NOT NULL,
  method text NOT NULL,
  card_number text,
  iban text,
  paid_at timestamptz NOT NULL
);
CREATE VIEW customer_directory AS
  SELECT id, full_name, email, phone, profile ->> 'city' AS city FROM customers;
CREATE FUNCTION order_total(wanted integer) RETURNS numeric LANGUAGE sql STABLE AS
  $$ SELECT coalesce(sum(amount_cents), 0) / 100.0 FROM payments WHERE order_id = wanted $$;
CREATE FUNCTION touch_order() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
`;

/** After the rows: quicker than keeping them up row by row. */
const afterwards = `
CREATE INDEX customers_email ON customers (email);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX payments_order ON payments (order_id);
CREATE TRIGGER orders_touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch_order();
`;

async function insertRows(client: pg.Client, table: string, rows: readonly object[]): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH_ROWS) {
    await client.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`, [
      JSON.stringify(rows.slice(from, from + BATCH_ROWS)),
    ]);
  }
}

function makeOrders(
  seed: number,
  customers: number,
  employees: number,
  count: number,
): { orders: object[]; payments: object[] } {
  const random = dice(seed);
  const people = makeCustomers(demoSeed, customers);
  const begin = Date.UTC(2026, 0, 1);
  const orders: object[] = [];
  const payments: object[] = [];
  for (let id = 1; id <= count; id++) {
    const customer = random.pick(people);
    const total = 500 + random.roll(50_000);
    const placed = new Date(begin + random.roll(300 * 86_400) * 1000).toISOString();
    const status = random.pick(['placed', 'paid', 'paid', 'shipped', 'shipped', 'returned']);
    orders.push({
      id,
      customer_id: customer.id,
      handled_by: random.roll(3) === 0 ? null : 1 + random.roll(employees),
      status,
      total_cents: total,
      placed_at: placed,
      updated_at: placed,
    });
    if (status === 'placed') continue;
    const byCard = random.roll(3) > 0;
    payments.push({
      id: payments.length + 1,
      order_id: id,
      amount_cents: total,
      method: byCard ? 'card' : 'transfer',
      card_number: byCard ? customer.card_number : null,
      iban: byCard ? null : customer.iban,
      paid_at: placed,
    });
  }
  return { orders, payments };
}

async function makePgbench(client: pg.Client, scale: number): Promise<void> {
  await client.query(`
    CREATE TABLE pgbench_branches (bid integer NOT NULL, bbalance integer, filler character(88)) WITH (fillfactor = 100);
    CREATE TABLE pgbench_tellers (tid integer NOT NULL, bid integer, tbalance integer, filler character(84)) WITH (fillfactor = 100);
    CREATE TABLE pgbench_accounts (aid integer NOT NULL, bid integer, abalance integer, filler character(84)) WITH (fillfactor = 100);
    CREATE TABLE pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler character(22));
    INSERT INTO pgbench_branches SELECT i, 0, NULL FROM generate_series(1, ${scale}) AS i;
    INSERT INTO pgbench_tellers SELECT i, (i - 1) / ${TELLERS} + 1, 0, NULL FROM generate_series(1, ${scale * TELLERS}) AS i;
    INSERT INTO pgbench_accounts SELECT i, (i - 1) / ${ACCOUNTS} + 1, 0, '' FROM generate_series(1, ${scale * ACCOUNTS}) AS i;
    ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);
    ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);
    ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)`);
}

export interface TargetSeed {
  /** The role that is to own everything; its database is empty. */
  readonly url: string;
  readonly customers?: number;
  readonly orders?: number;
  readonly scale?: number;
}

/** Fills an empty database in one transaction. */
export async function seedTarget({
  url,
  customers = demoCustomers,
  orders = demoOrders,
  scale = pgbenchScale,
}: TargetSeed): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(schema);
    await insertRows(client, 'employees', makeEmployees(demoSeed + 1, demoEmployees));
    await insertRows(client, 'customers', makeCustomers(demoSeed, customers));
    const made = makeOrders(demoSeed + 2, customers, demoEmployees, orders);
    await insertRows(client, 'orders', made.orders);
    await insertRows(client, 'payments', made.payments);
    await client.query(afterwards);
    await makePgbench(client, scale);
    await client.query('COMMIT');
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export interface TargetRole {
  readonly name: string;
  readonly password: string;
}

/** Makes the role that the gateway uses: no superuser, but the owner of the tables, so that a refusal is what stands before a DROP. */
export async function makeTargetRole(superuserUrl: string, role: TargetRole): Promise<void> {
  await asSuperuser(superuserUrl, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role.name]);
    // One that is there keeps its password: the gateway may have rotated it since.
    if (found.rowCount !== 0) return;
    await client.query(
      `CREATE ROLE ${pg.escapeIdentifier(role.name)} LOGIN NOSUPERUSER PASSWORD ${quote(role.password)}`,
    );
  });
}

/** Lets a role read what another owns in a database, now and later, and nothing more. */
export async function letRead(
  superuserUrl: string,
  database: string,
  owner: TargetRole,
  reader: TargetRole,
): Promise<void> {
  const url = new URL(superuserUrl);
  url.pathname = `/${database}`;
  const [from, to] = [pg.escapeIdentifier(owner.name), pg.escapeIdentifier(reader.name)];
  await asSuperuser(url.href, async (client) => {
    await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${to}`);
    await client.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${from} IN SCHEMA public GRANT SELECT ON TABLES TO ${to}`);
  });
}

/**
 * Makes the demo's databases where they are missing: the first is seeded, the others are copies of it. A database counts as made
 * only when it has its final name, so an interrupted start begins again.
 */
export async function makeDemoDatabases(
  superuserUrl: string,
  role: TargetRole,
  names: readonly string[],
): Promise<void> {
  const [first, ...copies] = names;
  if (first === undefined) return;
  const owner = pg.escapeIdentifier(role.name);
  await asSuperuser(superuserUrl, async (client) => {
    const found = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const have = new Set(found.rows.map((row) => row.datname));
    if (!have.has(first)) {
      await client.query('DROP DATABASE IF EXISTS seeding WITH (FORCE)');
      await client.query(`CREATE DATABASE seeding OWNER ${owner}`);
      const url = new URL(superuserUrl);
      url.username = role.name;
      url.password = encodeURIComponent(role.password);
      url.pathname = '/seeding';
      await seedTarget({ url: url.href });
      await client.query(`ALTER DATABASE seeding RENAME TO ${pg.escapeIdentifier(first)}`);
    }
    for (const name of copies.filter((copy) => !have.has(copy))) {
      await client.query('DROP DATABASE IF EXISTS seeding WITH (FORCE)');
      await client.query(
        `CREATE DATABASE seeding TEMPLATE ${pg.escapeIdentifier(first)} OWNER ${owner} STRATEGY file_copy`,
      );
      await client.query(`ALTER DATABASE seeding RENAME TO ${pg.escapeIdentifier(name)}`);
    }
  });
}

async function asSuperuser(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
