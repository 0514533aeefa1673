/** What setting a connection up says of dangerous roles and other roads, and who else is at the target: on real servers. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listSessions } from './other-sessions.ts';
import { dialTarget } from './target-side.ts';
import { testTarget } from './test-target.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { dialRequestFor } from './testing/test-gateway.ts';

const setUp = `
REVOKE ALL ON SCHEMA public FROM PUBLIC, app;
GRANT USAGE ON SCHEMA public TO PUBLIC;
CREATE ROLE owner_role LOGIN PASSWORD 'p';
CREATE TABLE owned (id int);
ALTER TABLE owned OWNER TO owner_role;
CREATE ROLE member LOGIN PASSWORD 'p' IN ROLE owner_role, pg_monitor, pg_signal_backend, pg_read_server_files;
CREATE ROLE reads LOGIN PASSWORD 'p';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reads;
CREATE ROLE writes_too LOGIN PASSWORD 'p';
GRANT SELECT, UPDATE ON notes TO writes_too;
CREATE ROLE "odd ""name" LOGIN PASSWORD 'p';
`;

describe.each(['15', '18'] as const)('setting up at PostgreSQL %s', (version) => {
  let target: RealTarget;
  let direct: pg.Client;
  const as = (username: string, readOnly = false) => ({
    ...dialRequestFor({ ...target, username, password: username === 'app' ? 'app-password' : 'p' }),
    readOnly,
  });
  const test = (writer: string, reader: string | null) =>
    testTarget({ writer: as(writer), reader: reader === null ? null : as(reader, true) });

  beforeAll(async () => {
    target = await startRealTarget(version);
    direct = new pg.Client({ ...target, user: 'postgres', host: '127.0.0.1' });
    await direct.connect();
    await direct.query(setUp);
  });
  afterAll(async () => {
    await direct?.end();
    await target?.stop();
  });

  it('a plain writer and a plain reader give no warning, and each its steps', async () => {
    const { steps, warnings } = await test('app', 'reads');
    expect(steps.map(({ name, ok }) => `${name} ${ok}`)).toEqual([
      'address true',
      'TLS true',
      'authentication true',
      'database true',
      'rights true',
      'reader authentication true',
      'reader rights true',
    ]);
    expect(warnings).toEqual([]);
  });

  it('without a reader it says what is missing, and how to make one', async () => {
    const { warnings, roads } = await test('app', null);
    expect(warnings).toEqual([expect.stringMatching(/no reader credential/)]);
    expect(roads[0]?.text).toContain('CREATE ROLE sluice_reader LOGIN');
  });

  it('memberships that reach further are named, each with its reason', async () => {
    const { warnings } = await test('member', 'reads');
    const all = warnings.join('\n');
    expect(all).toMatch(/member of owner_role, which own tables/);
    expect(all).toMatch(/member of pg_read_server_files: it can reach files or programs/);
    expect(all).toMatch(/member of pg_monitor: it sees the statements/);
    expect(all).toMatch(/member of pg_signal_backend: it can end the sessions/);
  });

  it('a reader that can write is warned of first and loudly; so is one that is the writer', async () => {
    expect((await test('app', 'writes_too')).warnings[0]).toMatch(
      /THE READER CAN WRITE: writes_too may change 1 tables/,
    );
    expect((await test('app', 'app')).warnings[0]).toMatch(/same role/);
  });

  it('languages, extensions, stored passwords and the right to create are named', async () => {
    await direct.query('GRANT CREATE ON SCHEMA public TO app; ALTER ROLE app SET password_encryption = md5');
    const added: string[] = [];
    for (const name of ['dblink', 'file_fdw', 'postgres_fdw']) {
      const { rowCount } = await direct.query('SELECT 1 FROM pg_available_extensions WHERE name = $1', [name]);
      if (rowCount === 0) continue;
      await direct.query(`CREATE EXTENSION ${name}`);
      added.push(name);
    }
    const all = (await test('app', 'reads')).warnings.join('\n');
    expect(all).toMatch(/app may create in schema public/);
    expect(all).toMatch(/stores new passwords as md5/);
    for (const name of added) expect(all).toContain(`extension ${name} is installed`);
    for (const name of added) await direct.query(`DROP EXTENSION ${name}`);
    await direct.query('REVOKE CREATE ON SCHEMA public FROM app; ALTER ROLE app RESET password_encryption');
  });

  it('the roads name roles, database and the gateway’s address as the target sees it, in lines that PostgreSQL takes', async () => {
    const { roads } = await test('odd "name', 'reads');
    const hba = roads.find(({ title }) => title.startsWith('pg_hba'))?.text ?? '';
    expect(hba).toContain('host    "app" "odd ""name","reads" 127.0.0.1/32 scram-sha-256');
    const { rows } = await direct.query<{ hba_file: string }>('SHOW hba_file');
    await direct.query('CREATE TABLE hba_lines (line text)');
    await direct.query(`COPY hba_lines FROM '${rows[0]?.hba_file}'`);
    const before = (await direct.query<{ line: string }>('SELECT line FROM hba_lines')).rows.map(({ line }) => line);
    const write = async (text: string) => {
      await direct.query('TRUNCATE hba_lines');
      await direct.query('INSERT INTO hba_lines SELECT unnest($1::text[])', [text.split('\n')]);
      await direct.query(`COPY hba_lines TO '${rows[0]?.hba_file}'`);
    };
    await write([hba, ...before].join('\n'));
    const { rows: faults } = await direct.query(
      'SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL',
    );
    await write(before.join('\n'));
    expect(faults).toEqual([]);
    const sql = roads.find(({ title }) => title.startsWith('The right to connect'))?.text ?? '';
    await direct.query(`BEGIN; ${sql}; ROLLBACK`);
  });

  it('sessions under the account are listed, but the asking one, those just opening and anybody else’s', async () => {
    const own = await dialTarget(as('reads'));
    const client = new pg.Client({
      host: '127.0.0.1',
      port: target.port,
      database: 'app',
      user: 'reads',
      password: 'p',
      application_name: 'elsewhere',
    });
    await client.connect();
    expect(await listSessions(as('reads'))).toEqual([]);
    // Older than what counts as opening.
    let found = await listSessions(as('reads'));
    while (found.length < 2) found = await listSessions(as('reads'));
    expect(found).toHaveLength(2);
    expect(found.find(({ claims }) => !claims)).toMatchObject({
      account: 'reads',
      application: 'elsewhere',
      address: '127.0.0.1',
    });
    expect(found.find(({ claims }) => claims)?.application).toMatch(/^\[sluice coding-agent/);
    expect(Date.parse(found[0]?.since ?? '')).toBeGreaterThan(0);
    await client.end();
    await own.close();
  }, 30_000);
});
