/** Policy at full strength against a running demo: explained without running anything, limited for real, monitored in the record. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { controlPlaneUrl } from './control-plane-url.ts';
import { eventually, type Output, removeData, root, run, type Stack, startStack, targetDigest } from './stack.ts';

let stack: Stack;
let direct: pg.Client;
const connection = 'demo-postgres';
const agent = 'coding-agent';

beforeAll(async () => {
  stack = await startStack();
  direct = await stack.direct();
}, 300_000);

afterAll(async () => {
  await direct?.end();
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
});

const explain = (text: string, more: { as?: string | null; source?: string; grants?: string[] } = {}, who = 'admin') =>
  stack.api(who).policies.explainStatement.mutate({ connection, as: agent, text, ...more });

function sluice(who: string, ...args: string[]): Promise<Output> {
  return run(process.execPath, [join(root, 'apps/cli/dist/sluice.cjs'), ...args], {
    env: {
      ...process.env,
      SLUICE_URL: stack.report.url,
      SLUICE_TOKEN: stack.who(who).apiToken,
      SLUICE_CONFIG: join(stack.report.dataDir, 'no-config.json'),
    },
  });
}

const defaultPolicy = readFileSync(join(root, 'packages/policy/default-policy.yaml'), 'utf8');
const withRules = (rules: string): string => defaultPolicy.replace('\ntests:\n', `\n${rules}\ntests:\n`);

/** Puts a policy in force, and waits until the gateway judges by it. */
async function publish(source: string): Promise<void> {
  const api = stack.api('admin');
  const { version } = (await api.policies.showActivePolicy.query()).version;
  const published = await api.policies.publishPolicy.mutate({ source, note: 'for a test', basedOn: version });
  await eventually('the policy is in force', async () => {
    const { policyVersion } = await explain('SELECT 1');
    return policyVersion === published.version;
  });
}

describe('explaining', () => {
  it('answers what would happen, and runs, records and keeps nothing', async () => {
    const digest = await targetDigest(direct);
    const sessions = (await stack.api('admin').sessions.listSessions.query({})).items.length;
    const secret = 'somebody.typed@example.org';

    const drop = await explain('DROP TABLE orders');
    expect(drop).toMatchObject({ action: 'deny', rule: 'deny-agent-destructive' });
    expect(drop.statements[0]).toMatchObject({ view: { command: 'DROP TABLE', destructive: true, complete: true } });
    expect(drop.rules.find(({ name }) => name === 'deny-agent-destructive')).toMatchObject({
      matched: true,
      sentence: expect.stringContaining('Denies the statement when'),
    });

    const update = await explain(`UPDATE customers SET email = '${secret}' WHERE id = 7`);
    expect(update).toMatchObject({ action: 'hold', rule: 'hold-agent-changes', hold: { count: 1 } });
    expect(update.statements[0]?.view).toMatchObject({ writes: ['public.customers'], filter: 'present' });
    // Literals stand in the answer as they would in the record.
    expect(JSON.stringify(update)).not.toContain(secret);

    const select = await explain('SELECT id, email FROM customers');
    expect(select).toMatchObject({ action: 'allow', rule: 'allow-reads', state: { searchPath: expect.anything() } });
    expect(select.statements[0]?.outputs).toMatchObject([
      { columns: ['customers.id'] },
      { columns: ['customers.email'], plan: 'whole', rule: 'mask-contact' },
    ]);
    const free = await explain('SELECT id, email FROM customers', { as: 'admin' });
    expect(free.statements[0]?.outputs?.map(({ plan }) => plan)).toEqual(['pass', 'pass']);

    expect(await targetDigest(direct)).toBe(digest);
    expect((await stack.api('admin').sessions.listSessions.query({})).items).toHaveLength(sessions);
    const client = new pg.Client({ connectionString: controlPlaneUrl(stack.report.dataDir) });
    await client.connect();
    expect((await client.query('SELECT 1 FROM "ExplainRequest"')).rows).toEqual([]);
    const said = await client.query<{ body: string }>('SELECT body FROM "AuditEvent" ORDER BY index DESC LIMIT 10');
    await client.end();
    expect(JSON.stringify(said.rows)).toContain(`asked what policy says of a statement on connection ${connection}`);
    expect(JSON.stringify(said.rows)).not.toContain(secret);
  });

  it('says what cannot be read and where, judges by a draft, and assumes grants', async () => {
    const broken = await explain('SELECT FROM WHERE');
    expect(broken).toMatchObject({ action: 'deny', unreadable: { position: expect.any(Number) } });
    const source = withRules(
      '  - { name: granted, description: Granted drops are held., action: monitor, when: "\'drops\' in grants", would: allow }',
    );
    const draft = await explain('DROP TABLE orders', { source, grants: ['drops'] });
    expect(draft).toMatchObject({ policyVersion: null, action: 'deny' });
    expect(draft.rules.find(({ name }) => name === 'granted')).toMatchObject({ matched: true, would: 'allow' });
    const ungranted = await explain('DROP TABLE orders', { source });
    expect(ungranted.rules.find(({ name }) => name === 'granted')).toMatchObject({ matched: false });
    await expect(explain('SELECT 1', { source: 'version: 1\nrules: 3\n' })).rejects.toThrow(/Line 2, column 8/);
    await expect(explain('SELECT 1', { as: 'nobody-at-all' })).rejects.toThrow('no person or agent');
  });

  it('is for those who read policies, and for others’ identities only by an admin', async () => {
    await expect(explain('SELECT 1', {}, 'engineer')).rejects.toThrow('may not');
    await expect(explain('SELECT 1', { as: null }, agent)).rejects.toThrow('may not');
    await expect(explain('SELECT 1', {}, 'reviewer')).rejects.toThrow('Only an admin');
    expect(await explain('SELECT 1', { as: null }, 'reviewer')).toMatchObject({ action: 'allow' });
  });
});

describe('the command line', () => {
  const wanted = ['--as', agent, '--connection', connection];

  it('explains', async () => {
    const drop = await sluice('admin', 'policy', 'explain', ...wanted, '--', 'DROP TABLE orders');
    expect([drop.code, drop.err]).toEqual([0, '']);
    expect(drop.out).toMatch(/^DENY {2}for coding-agent on demo-postgres, by policy version \d+\. Nothing was run\.$/m);
    expect(drop.out).toMatch(/^deny +deny-agent-destructive \(line \d+\)$/m);
    const json = await sluice(
      'admin',
      'policy',
      'explain',
      ...wanted,
      '--format',
      'json',
      '--',
      'SELECT email FROM customers',
    );
    expect(JSON.parse(json.out)).toMatchObject({
      action: 'allow',
      statements: [{ outputs: [{ rule: 'mask-contact' }] }],
    });
    expect((await sluice('reviewer', 'policy', 'explain', ...wanted, '--', 'SELECT 1')).code).toBe(4);
    expect((await sluice('admin', 'policy', 'explain', '--', 'SELECT 1')).code).toBe(2);
  });

  it('has tests by text read, and skips them by name without a connection', async () => {
    const file = join(stack.report.dataDir, 'policy.yaml');
    const tests = `
  - { name: an agent may not drop a table, as: { role: agent }, text: DROP TABLE orders, expect: deny }
  - { name: a wrong hope, as: { role: agent }, text: UPDATE customers SET phone = NULL WHERE id = 1, expect: allow }
`;
    writeFileSync(file, `${defaultPolicy.trimEnd()}${tests}`);
    const offline = await sluice('admin', 'policy', 'test', file);
    expect(offline.code).toBe(0);
    expect(offline.out).toMatch(/8 passed, 0 failed, 2 skipped/);
    const junit = join(stack.report.dataDir, 'junit.xml');
    const online = await sluice('admin', 'policy', 'test', file, '--connection', connection, '--junit', junit);
    expect(online.code).toBe(1);
    expect(online.out).toMatch(/9 passed, 1 failed, 0 skipped/);
    expect(online.out).toContain('✓ an agent may not drop a table');
    expect(readFileSync(junit, 'utf8')).toContain('failures="1" errors="0" skipped="0"');
  });
});

describe('in force', () => {
  it('a limit stops rows for psql, node-postgres and COPY, and says so to client and record', async () => {
    await publish(
      withRules(
        "  - { name: few-rows, description: Agents read at most 100 rows at a time., action: limit, when: actor.role == 'agent', rows: 100 }",
      ),
    );
    const psql = await stack.psql(agent, ['SELECT id FROM customers ORDER BY id', 'SELECT count(*) FROM customers']);
    expect(psql.err).toContain('at 100 rows: Agents read at most 100 rows at a time.');
    expect(psql.err).toContain('"code":"limit-exceeded","rule":"few-rows"');
    expect(psql.err).not.toContain('actor.role');
    expect(psql.out.trim().split('\n')).toHaveLength(1);
    const exact = await stack.psql(agent, 'SELECT id FROM customers ORDER BY id LIMIT 100');
    expect([exact.code, exact.out.trim().split('\n').length]).toEqual([0, 100]);
    const copied = await stack.psql(agent, 'COPY customers (id) TO STDOUT');
    expect(copied.err).toContain('at 100 rows');
    expect(copied.out.trim().split('\n').length).toBeLessThanOrEqual(100);

    const client = await stack.driver(agent);
    await expect(client.query('SELECT id FROM customers WHERE id > $1', [0])).rejects.toMatchObject({ code: '54000' });
    expect((await client.query('SELECT id FROM customers WHERE id <= $1', [100])).rows).toHaveLength(100);
    await client.end();
    expect((await stack.psql('engineer', 'SELECT id FROM customers')).out.trim().split('\n').length).toBeGreaterThan(
      100,
    );

    const api = stack.api('admin');
    const failed = await eventually('the stop stands in the record', async () => {
      const { items } = await api.sessions.listSessions.query({});
      for (const { id, actor } of items) {
        if (actor.name !== agent) continue;
        const timeline = await api.sessions.listTimeline.query({ id });
        const entry = timeline.items.find(({ error }) => error?.code === 'limit-exceeded');
        if (entry !== undefined) return entry;
      }
      return null;
    });
    expect(failed.error?.message).toContain('(rule few-rows)');
    expect(failed.matched).toContainEqual({ rule: 'few-rows', action: 'limit' });
    expect(failed.results.reduce((sum, { rows }) => sum + rows.length, 0)).toBeLessThanOrEqual(100);
  });

  it('too many statements in a minute are refused with a time to come back', async () => {
    await publish(
      withRules(
        '  - { name: slowly, description: Agents take their time., action: limit, when: "actor.role == \'agent\'", statements-per-minute: 3 }',
      ),
    );
    const client = await stack.driver(agent);
    await client.query('BEGIN');
    for (let count = 0; count < 3; count++) await client.query('SELECT $1::int', [count]);
    await client.query('COMMIT');
    await expect(client.query('SELECT 4')).rejects.toMatchObject({
      code: '54000',
      hint: expect.stringMatching(/^Try again in \d+ seconds?, /) as string,
      detail: expect.stringContaining('"retry":"later"') as string,
    });
    await client.end();
    // Counted for the actor, not for the session.
    expect((await stack.psql(agent, 'SELECT 5')).err).toContain('at most 3 statements a minute');
    expect((await stack.psql('engineer', 'SELECT 5')).code).toBe(0);
  });

  it('a monitor rule changes nothing and stands in the record', async () => {
    await publish(
      withRules(
        "  - { name: watch-counts, description: Counting would be refused., action: monitor, when: \"'pg_catalog.count' in statement.functions || statement.command == 'SELECT'\", would: deny }",
      ),
    );
    const from = new Date();
    expect((await stack.psql('engineer', 'SELECT count(*) FROM customers')).code).toBe(0);
    const api = stack.api('admin');
    const entry = await eventually('the note stands in the record', async () => {
      const { items } = await api.sessions.listSessions.query({});
      const session = items.find(({ actor, startedAt }) => actor.name === 'engineer' && startedAt >= from);
      if (session === undefined) return null;
      const timeline = await api.sessions.listTimeline.query({ id: session.id });
      return timeline.items.find(({ origin }) => origin === 'client');
    });
    expect(entry).toMatchObject({ verdict: 'allow' });
    expect(entry.matched).toContainEqual({ rule: 'watch-counts', action: 'monitor:deny' });
    await publish(defaultPolicy);
  });
});

describe('a change that people approve', () => {
  /** Has the agent run a text and a reviewer approve it; answers what became of both. */
  async function approved(text: string) {
    const reviewer = stack.api('reviewer').approvals;
    const running = stack.psql(agent, text);
    const { id } = await eventually(
      'it waits',
      async () => (await reviewer.listApprovals.query({ scope: 'all' })).items[0],
    );
    const shown = await eventually('its impact is known', async () => {
      const detail = await reviewer.showApproval.query({ id });
      return detail.impact === null ? null : detail;
    });
    await reviewer.decideApproval.mutate({ id, outcome: 'approve' });
    return { id, shown, output: await running };
  }
  const notes = async () =>
    (await direct.query<{ notes: string }>('SELECT notes FROM customers WHERE id < 4 ORDER BY id')).rows;

  it('is tried beforehand, may change no more rows than its rule says, and can be put back', async () => {
    const api = stack.api('admin');
    const keep = async (on: boolean): Promise<void> => {
      const { id, revision } = await api.connections.showConnection.query({ name: connection });
      await api.connections.updateConnection.mutate({ id, revision, rehearsal: on, undo: on });
    };
    await keep(true);
    await publish(defaultPolicy.replace(/- name: hold-agent-changes[\s\S]*?expires: 30m/, '$&\n    ceiling: 2'));
    const before = await notes();
    const text = "UPDATE customers SET notes = 'rehearsed ' || email WHERE id < 3";
    const { id, shown, output } = await approved(text);
    expect(output).toMatchObject({ code: 0, out: 'UPDATE 2\n' });
    const rehearsal = shown.impact?.rehearsal;
    expect(rehearsal).toMatchObject({ ran: true, rows: 2, touched: 2 });
    const raw = (await direct.query<{ email: string }>('SELECT email FROM customers WHERE id < 3')).rows;
    for (const { email } of raw) expect(JSON.stringify(shown)).not.toContain(email);
    expect((await notes())[0]?.notes).toContain('rehearsed');

    const reviewer = stack.api('reviewer').approvals;
    await eventually('the rows of before are kept', async () => {
      const { mayRevert } = await reviewer.showApproval.query({ id });
      return mayRevert.yes;
    });
    await expect(stack.api(agent).approvals.revertApproval.mutate({ id })).rejects.toThrow();
    await reviewer.revertApproval.mutate({ id });
    await eventually('they are put back', async () => (await reviewer.showApproval.query({ id })).revert?.result);
    expect(await notes()).toEqual(before);

    const many = await approved("UPDATE customers SET notes = 'too many' WHERE id < 4");
    expect(many.output.code).not.toBe(0);
    expect(many.output.err).toMatch(/3 rows/);
    expect(await notes()).toEqual(before);
    await keep(false);
    await publish(defaultPolicy);
  });
});

describe('what recordings keep of results', () => {
  it('is set for each connection: the first rows, an exact count, also of a result that an error cut off', async () => {
    const api = stack.api('admin');
    const keep = async (recordedRows: number): Promise<void> => {
      const { id, revision } = await api.connections.showConnection.query({ name: connection });
      await api.connections.updateConnection.mutate({ id, revision, recordedRows });
    };
    /** What stands in the record of a session that reads; null when the change of the connection ended it. */
    const recorded = async (text: string, code = 0) => {
      const from = new Date();
      if ((await stack.psql('engineer', text)).code !== code) return null;
      return eventually('the result stands in the record', async () => {
        const { items } = await api.sessions.listSessions.query({});
        const session = items.find(({ actor, startedAt }) => actor.name === 'engineer' && startedAt >= from);
        if (session?.state !== 'closed') return null;
        const timeline = await api.sessions.listTimeline.query({ id: session.id });
        return timeline.items.find(({ origin }) => origin === 'client')?.results[0];
      });
    };
    const five = 'SELECT id FROM customers WHERE id <= 5 ORDER BY id';
    await keep(2);
    await eventually('the gateway has it', async () => (await recorded(five))?.rows.length === 2);
    expect(await recorded(five)).toMatchObject({ rows: [['1'], ['2']], rowCount: 5, omittedRows: 3 });
    const failing = 'SELECT 1 / (4 - id) AS n FROM generate_series(1, 5) AS id';
    expect(await recorded(failing, 1)).toMatchObject({ rows: [['0'], ['0']], omittedRows: 1, tag: 'cut off' });
    await keep(0);
    await eventually('the gateway has it', async () => (await recorded(five))?.rows.length === 0);
    expect(await recorded(five)).toMatchObject({ rows: [], rowCount: 5, omittedRows: 5 });
    await keep(1_000);
  });
});
