/** psycopg itself, through the gateway and directly: what it prints must be the same. Needs Debian's python3-psycopg2. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayBench, startGatewayBench } from './testing/gateway-bench.ts';
import { runTool } from './testing/real-target.ts';

/** The interpreter that Debian's packages are for. */
const python = '/usr/bin/python3';
const there = existsSync(python) && existsSync('/usr/lib/python3/dist-packages/psycopg2');
if (!there) console.warn(`psycopg: skipped, for ${python} has no psycopg2 (apt-get install python3-psycopg2)`);

const script = String.raw`
import io, select, sys, threading, time
import psycopg2, psycopg2.extras, psycopg2.extensions
from datetime import date
from decimal import Decimal

def attempt(work):
    try:
        print(work())
    except psycopg2.Error as error:
        print(type(error).__name__, error.pgcode, error.diag.message_primary)

connection = psycopg2.connect(sys.argv[1])
cursor = connection.cursor()

cursor.execute('SELECT %s, %s, %s, %s, %s', (1, 'ünïcode ☃', Decimal('1.50'), date(2020, 2, 29), None))
print(cursor.fetchall(), [column.name for column in cursor.description], cursor.statusmessage)
cursor.execute('SELECT %s::int[], %s::jsonb, %s::bytea', ([1, 2], psycopg2.extras.Json({'a': 1}), b'\x00\xff'))
row = cursor.fetchone()
print(row[0], row[1], bytes(row[2]))
connection.commit()

attempt(lambda: cursor.execute('SELECT 1/0'))
attempt(lambda: cursor.execute('SELECT 1'))
connection.rollback()
attempt(lambda: cursor.execute('SELECT nope FROM customers'))
connection.rollback()

with connection, connection.cursor() as inside:
    inside.execute('CREATE TEMP TABLE copied (a int, b text)')
    inside.executemany('INSERT INTO copied VALUES (%s, %s)', [(1, 'one'), (2, 'two')])
    psycopg2.extras.execute_values(inside, 'INSERT INTO copied VALUES %s', [(n, 'many') for n in range(3, 203)])
    inside.copy_expert('COPY copied FROM STDIN (FORMAT csv)', io.StringIO('900,"a, b"\n901,\n'))
    out = io.StringIO()
    inside.copy_expert('COPY (SELECT * FROM copied WHERE a < 3 OR a > 899 ORDER BY a) TO STDOUT', out)
    print(repr(out.getvalue()), inside.rowcount)
attempt(lambda: cursor.copy_from(io.StringIO('x\ty\n'), 'copied'))
connection.rollback()

named = connection.cursor('portions')
named.itersize = 7
named.execute('SELECT id FROM customers ORDER BY id')
print(sum(row[0] for row in named), named.rownumber)
named.close()
scrolled = connection.cursor('scrolled', scrollable=True)
scrolled.execute('SELECT generate_series(1, 10)')
scrolled.scroll(5)
print(scrolled.fetchmany(2), scrolled.fetchone())
scrolled.scroll(0, mode='absolute')
print(scrolled.fetchone())
connection.commit()

prepared = connection.cursor()
prepared.execute('PREPARE p (int) AS SELECT full_name FROM customers WHERE id = $1')
prepared.execute('EXECUTE p (%s)', (3,))
print(prepared.fetchall())
connection.commit()

connection.set_session(isolation_level='SERIALIZABLE', readonly=True)
attempt(lambda: cursor.execute('INSERT INTO notes VALUES (1, %s)', ('x',)))
connection.rollback()
connection.set_session(isolation_level='DEFAULT', readonly=False)

connection.set_session(autocommit=True)
cursor.execute('LISTEN news')
cursor.execute("NOTIFY news, 'own'")
connection.poll()
other = psycopg2.connect(sys.argv[1])
other.autocommit = True
other.cursor().execute("SELECT pg_notify('news', 'other')")
while len(connection.notifies) < 2:
    select.select([connection], [], [], 5)
    connection.poll()
print([(note.channel, note.payload) for note in connection.notifies])

def cancel_when_running():
    watcher = other.cursor()
    while True:
        watcher.execute("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(300)' AND state = 'active'")
        if watcher.fetchone():
            return connection.cancel()
        time.sleep(0.02)

watch = threading.Thread(target=cancel_when_running)
watch.start()
attempt(lambda: cursor.execute('SELECT pg_sleep(300)'))
watch.join()
cursor.execute("DO $$ BEGIN RAISE NOTICE 'heard'; END $$")
print(connection.notices[-1:])
cursor.execute('SELECT count(*) FROM customers; SELECT 2')
print(cursor.fetchall(), connection.encoding, connection.info.transaction_status)
connection.close()
other.close()
print('done')
`;

describe.skipIf(!there)('psycopg2', () => {
  let bench: GatewayBench;
  beforeAll(async () => {
    bench = await startGatewayBench('15');
  });
  afterAll(() => bench?.stop());

  it('prints the same for parameters, errors, COPY, cursors, sessions, notifications and cancelling', async () => {
    const printed = async (port: number): Promise<string> => {
      const { username, password } = bench.target;
      const address = `host=127.0.0.1 port=${port} dbname=app user=${username} password=${password} sslmode=prefer`;
      const { code, stdout, stderr } = await runTool(python, ['-', address], {}, script);
      return `${stdout}${stderr}exit ${code}`;
    };
    const direct = await printed(bench.target.port);
    expect(direct).toMatch(/done\nexit 0$/);
    expect(await printed(bench.gateway.port)).toBe(direct);
  });
});
