/** What issue order calls "done": an AI agent's ordinary client, with no Sluice software, against a running demo. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelined } from './pipeline.ts';
import { eventually, removeData, root, run, type Stack, startStack, targetDigest } from './stack.ts';

let stack: Stack;
let direct: pg.Client;
/** Raw personal values as seeded, by column. */
let seeded: Record<string, string>[];
const personal = ['email', 'phone', 'ssn', 'card_number', 'iban', 'api_key'] as const;

beforeAll(async () => {
  stack = await startStack();
  direct = await stack.direct();
  seeded = (await direct.query<Record<string, string>>(`SELECT ${personal.join(', ')} FROM customers ORDER BY id`))
    .rows;
}, 300_000);

afterAll(async () => {
  await direct?.end();
  if (stack === undefined) return;
  await stack.stop();
  removeData(stack);
});

/** Fails when any raw value of the first customers stands in the text. */
function expectMasked(text: string, rows = 50): void {
  const leaked = seeded
    .slice(0, rows)
    .flatMap((row) =>
      personal.map((column) => row[column] ?? '').filter((value) => value.length > 3 && text.includes(value)),
    );
  expect(leaked).toEqual([]);
}

describe('reading as an agent', () => {
  const columns = 'id, full_name, email, phone, ssn, card_number, iban, api_key, profile, notes';

  it.each(['port', 'relay'] as const)('rows come back masked through the %s', async (via) => {
    const { code, out, err } = await stack.psql(
      'coding-agent',
      `SELECT ${columns} FROM customers WHERE id <= 50 ORDER BY id`,
      { via },
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out.trim().split('\n').length).toBeGreaterThanOrEqual(50);
    expectMasked(out);
  });

  it.each([
    ['COPY … TO STDOUT', 'COPY (SELECT * FROM customers WHERE id <= 50) TO STDOUT'],
    ['COPY as csv', 'COPY (SELECT * FROM customers WHERE id <= 50) TO STDOUT (FORMAT csv, HEADER)'],
    ['a cursor', 'BEGIN; DECLARE k CURSOR FOR SELECT * FROM customers ORDER BY id; FETCH 50 FROM k; COMMIT'],
    ['to_jsonb', 'SELECT to_jsonb(c) FROM customers c WHERE id <= 50'],
    ['a row as text', 'SELECT c::text FROM customers c WHERE id <= 50'],
    ['a row', 'SELECT c FROM customers c WHERE id <= 50'],
    ['an alias', 'SELECT ssn AS id, email AS full_name, card_number AS n FROM customers WHERE id <= 50'],
    [
      'an expression',
      "SELECT ssn || '', substr(iban, 1, 30), lower(email), upper(api_key), phone::varchar FROM customers WHERE id <= 50",
    ],
    [
      'an aggregate',
      "SELECT string_agg(email, ','), array_agg(ssn), json_agg(card_number) FROM customers WHERE id <= 50",
    ],
    [
      'a subquery and a CTE',
      'WITH x AS (SELECT email e, ssn s FROM customers WHERE id <= 50) SELECT y.* FROM (SELECT e, s FROM x) y',
    ],
    ['a view', 'SELECT * FROM customer_directory WHERE id <= 50'],
  ])('%s is masked', async (_name, sql) => {
    const { out, code, err } = await stack.psql('coding-agent', sql, { script: true });
    expect([code, err]).toEqual([0, '']);
    expect(out.length).toBeGreaterThan(20);
    expectMasked(out);
  });

  it('a prepared statement with binary results is masked', async () => {
    const client = await stack.driver('coding-agent');
    try {
      const query = { name: 'q', text: 'SELECT * FROM customers WHERE id <= $1', values: [50], binary: true };
      const result = await client.query(query);
      expect(result.rows).toHaveLength(50);
      expectMasked(JSON.stringify(result.rows.map((row: Record<string, unknown>) => Object.values(row).map(String))));
    } finally {
      await client.end();
    }
  });

  it('an error message that quotes a value is masked', async () => {
    const { err, code } = await stack.psql('coding-agent', 'SELECT ssn::int FROM customers WHERE id = 1');
    expect(code).not.toBe(0);
    expect(err).toContain('invalid input syntax');
    expectMasked(err);
  });

  it('joins and filters on ids work', async () => {
    const { out, code } = await stack.psql(
      'coding-agent',
      'SELECT count(*) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id BETWEEN 1 AND 100',
    );
    expect(code).toBe(0);
    const real = await direct.query<{ count: string }>(
      'SELECT count(*) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id BETWEEN 1 AND 100',
    );
    expect(out.trim()).toBe(real.rows[0]?.count);
  });

  it('an admin reads unmasked', async () => {
    const { out } = await stack.psql('admin', 'SELECT email FROM customers WHERE id = 1');
    expect(out.trim()).toBe(seeded[0]?.email);
  });
});

const destructive = [
  'DROP TABLE customers',
  'TRUNCATE customers',
  'DELETE FROM customers',
  '/* x */ DELETE FROM customers',
  'WITH d AS (DELETE FROM customers RETURNING *) SELECT count(*) FROM d',
  `DO $$BEGIN EXECUTE 'DR'||'OP TABLE customers'; END$$`,
  'EXPLAIN ANALYZE DELETE FROM customers',
  'SELECT 1; DROP TABLE customers',
] as const;

describe('destruction as an agent', () => {
  it.each(destructive)('refuses %s, and nothing changes', async (sql) => {
    const before = await targetDigest(direct);
    const alone = await stack.psql('coding-agent', ['SELECT 1', sql, 'SELECT 2'], {
      script: false,
      args: ['-At', '-v', 'VERBOSITY=verbose'],
    });
    expect(alone.err).toContain('42501');
    expect(alone.err).toMatch(/DETAIL: {2}\{"sluice":1/);
    expect(alone.err).toMatch(/HINT: {2}\S/);
    // psql stops at the first failing -c; a script goes on, in the same session.
    const script = await stack.psql('coding-agent', [`${sql};`, "SELECT 'still here';"], { script: true });
    expect(script.out).toContain('still here');
    const inside = await stack.psql(
      'coding-agent',
      ['BEGIN;', `${sql};`, 'SELECT 1;', 'COMMIT;', "SELECT 'still here';"],
      { script: true },
    );
    expect(inside.err).toContain('current transaction is aborted');
    expect(inside.out).toContain('ROLLBACK');
    expect(inside.out).toContain('still here');
    expect(await targetDigest(direct)).toBe(before);
  });

  it('refuses it behind a pipelined INSERT that a person approved, and rolls the INSERT back', async () => {
    const before = await targetDigest(direct);
    const insert = "INSERT INTO orders VALUES (9000001, 1, NULL, 'new', 1, now(), now())";
    for (const sql of ['DROP TABLE customers', 'DELETE FROM customers', 'SELECT 1; DROP TABLE customers']) {
      const answer = pipelined(stack, 'coding-agent', 'demo-postgres', [insert, sql]);
      const approval = await eventually('the INSERT waits', waiting);
      await stack.api('reviewer').approvals.decideApproval.mutate({ id: approval.id, outcome: 'approve' });
      expect(await answer).toEqual({ error: '42501', tags: ['INSERT 0 1'] });
      expect(await targetDigest(direct)).toBe(before);
    }
  });
});

async function waiting() {
  const page = await stack.api('reviewer').approvals.listApprovals.query({ scope: 'mine' });
  return page.items.find((approval) => approval.state === 'waiting');
}

describe('a held UPDATE', () => {
  const update = (value: string) => `UPDATE customers SET notes = '${value}' WHERE id = 1`;

  it('runs once after a reviewer approves', async () => {
    const running = stack.psql('coding-agent', update('approved by a person'));
    const approval = await eventually('an approval waits', waiting);
    const shown = await stack.api('reviewer').approvals.showApproval.query({ id: approval.id });
    expect(shown.canonicalText.toLowerCase()).toContain('update customers');
    expect(shown.mayDecide.yes).toBe(true);
    await stack.api('reviewer').approvals.decideApproval.mutate({ id: approval.id, outcome: 'approve' });
    const { code, out, err } = await running;
    expect([code, out.trim()]).toEqual([0, 'UPDATE 1']);
    expect(err).toContain('NOTICE');
    expect(err).toContain(`/approvals/${approval.id}`);
    const after = await direct.query<{ notes: string }>('SELECT notes FROM customers WHERE id = 1');
    expect(after.rows[0]?.notes).toBe('approved by a person');
    const done = await eventually('its outcome is known', async () => {
      const now = await stack.api('reviewer').approvals.showApproval.query({ id: approval.id });
      return now.state === 'succeeded' ? now : null;
    });
    expect(done.outcome?.rows).toBe(1);
  });

  it('runs as the writer, while the agent itself only ever reads', async () => {
    const who = await stack.psql('coding-agent', ['SELECT current_user', 'SHOW transaction_read_only']);
    expect(who.out.trim().split('\n')).toEqual(['sluice_reader', 'on']);
    const running = stack.psql('coding-agent', 'UPDATE customers SET notes = current_user WHERE id = 2');
    const approval = await eventually('an approval waits', waiting);
    await stack.api('reviewer').approvals.decideApproval.mutate({ id: approval.id, outcome: 'approve' });
    expect((await running).out.trim()).toBe('UPDATE 1');
    const after = await direct.query<{ notes: string }>('SELECT notes FROM customers WHERE id = 2');
    expect(after.rows[0]?.notes).toBe('sluice_app');
  });

  it('a denial returns the comment and runs nothing', async () => {
    const running = stack.psql('coding-agent', update('denied'));
    const approval = await eventually('an approval waits', waiting);
    await stack
      .api('reviewer')
      .approvals.decideApproval.mutate({ id: approval.id, outcome: 'deny', comment: 'use the staging copy first' });
    const { code, err } = await running;
    expect(code).not.toBe(0);
    expect(err).toContain('use the staging copy first');
    const after = await direct.query<{ notes: string }>('SELECT notes FROM customers WHERE id = 1');
    expect(after.rows[0]?.notes).not.toBe('denied');
  });

  it('neither the agent nor its owner can approve; two reviewers at once give one result', async () => {
    const running = stack.psql('coding-agent', update('decided once'));
    const approval = await eventually('an approval waits', waiting);
    const decide = (who: string, outcome: 'approve' | 'deny') =>
      stack.api(who).approvals.decideApproval.mutate({ id: approval.id, outcome });
    await expect(decide('coding-agent', 'approve')).rejects.toThrow();
    await expect(decide('engineer', 'approve')).rejects.toThrow();
    const both = await Promise.allSettled([decide('reviewer', 'approve'), decide('reviewer-two', 'deny')]);
    expect(both.filter((settled) => settled.status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    const { out, code } = await running;
    const { state } = await stack.api('reviewer').approvals.showApproval.query({ id: approval.id });
    if (state === 'denied') expect(code).not.toBe(0);
    else expect(out.trim()).toBe('UPDATE 1');
  });

  it('Ctrl-C cancels the approval', async () => {
    const interrupt = new AbortController();
    const running = stack.psql('coding-agent', update('cancelled'), { signal: interrupt.signal });
    const approval = await eventually('an approval waits', waiting);
    interrupt.abort();
    await running;
    await eventually('it is cancelled', async () => {
      const { state } = await stack.api('reviewer').approvals.showApproval.query({ id: approval.id });
      return state === 'cancelled';
    });
    await expect(
      stack.api('reviewer').approvals.decideApproval.mutate({ id: approval.id, outcome: 'approve' }),
    ).rejects.toThrow();
  });
});

describe('the record', () => {
  it('shows every statement with verdict and masked result, and verifies', async () => {
    const from = new Date();
    await stack.psql('coding-agent', ['SELECT id, email FROM customers WHERE id < 4', 'DROP TABLE orders']);
    const api = stack.api('admin');
    const session = await eventually('the session is closed', async () => {
      const page = await api.sessions.listSessions.query({});
      return page.items.find(
        (s) => s.startedAt >= from && s.actor.name === 'coding-agent' && s.state === 'closed' && s.denied === 1,
      );
    });
    const timeline = await api.sessions.listTimeline.query({ id: session.id });
    const client = timeline.items.filter((entry) => entry.origin === 'client');
    expect(client.map((entry) => entry.verdict)).toEqual(['allow', 'deny']);
    expect(client[0]?.results[0]?.columns.map((column) => column.masked !== null)).toEqual([false, true]);
    expect(client[0]?.results[0]?.rows).toHaveLength(3);
    expect((await api.sessions.verifySession.query({ id: session.id })).ok).toBe(true);

    const exported = await fetch(`${stack.report.url}/api/sessions/${session.id}/recording`, {
      headers: { authorization: `Bearer ${stack.who('admin').apiToken}` },
    });
    expect(exported.status).toBe(200);
    const bytes = Buffer.from(await exported.arrayBuffer());
    const file = join(stack.report.dataDir, 'export.slr');
    writeFileSync(file, bytes);
    const sluice = (args: string[]) => run(process.execPath, [join(root, 'apps/cli/dist/sluice.cjs'), ...args]);
    const whole = await sluice(['recordings', 'verify', file]);
    expect([whole.code, whole.out]).toEqual([0, expect.stringContaining('whole')]);
    const changed = Buffer.from(bytes);
    const at = Math.floor(bytes.length * 0.6);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(file, changed);
    const damaged = await sluice(['recordings', 'verify', file]);
    expect(damaged.code).toBe(8);
    expect(damaged.out).toMatch(/(chunk|container) \d+/);
  });

  it('no raw value stands in the spool, the logs, the control plane’s data files or its dump', async () => {
    // A session that reads everything as the agent, so that there is something to leak.
    await stack.psql('coding-agent', 'SELECT * FROM customers WHERE id <= 500');
    await stack.psql(
      'coding-agent',
      `SELECT id FROM customers WHERE email = '${seeded[3]?.email}' OR ssn = '${seeded[3]?.ssn}'`,
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const needles = seeded
      .slice(0, 500)
      .flatMap((row) => personal.map((column) => row[column] ?? ''))
      .filter((value) => value.length > 6);
    const wanted = prefixes(needles);
    // The search itself is proved on a value that is there.
    expect(leaks(Buffer.from(`x${Buffer.from(needles[0] ?? '').toString('hex')}`), wanted)).toEqual([needles[0]]);
    const dump = await controlPlaneDump();
    const haystacks: [string, Buffer][] = [
      ['stderr of every process', Buffer.from(stack.log)],
      ['dump', dump],
      ...filesUnder(stack.report.dataDir, ['target']),
    ];
    for (const [name, bytes] of haystacks) {
      for (const form of [bytes, ...inflated(bytes)]) expect(leaks(form, wanted), name).toEqual([]);
    }
  });
});

async function controlPlaneDump(): Promise<Buffer> {
  const { controlPlaneUrl } = await import('./control-plane-url.ts');
  const { out, code, err } = await run('pg_dump', ['--version']);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('pg_dump');
  const pgModule = (await import('pg')).default;
  const client = new pgModule.Client({ connectionString: controlPlaneUrl(stack.report.dataDir) });
  await client.connect();
  const tables = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  const parts: Buffer[] = [];
  for (const { name } of tables.rows) {
    const rows = await client.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
    for (const row of rows.rows) {
      for (const value of Object.values(row))
        parts.push(
          Buffer.isBuffer(value)
            ? value
            : Buffer.from(`${typeof value === 'object' ? JSON.stringify(value) : String(value)}\n`),
        );
      for (const value of Object.values(row)) if (Buffer.isBuffer(value)) parts.push(...inflated(value));
    }
  }
  await client.end();
  return Buffer.concat(parts);
}

function filesUnder(folder: string, without: readonly string[]): [string, Buffer][] {
  const files: [string, Buffer][] = [];
  const walk = (path: string): void => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const entry of readdirSync(path)) if (!without.includes(entry)) walk(join(path, entry));
    } else if (statSync(path).isFile()) files.push([path, readFileSync(path)]);
  };
  walk(folder);
  return files;
}

/** Every gzip member found in the bytes, decompressed. */
function inflated(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (
    let at = bytes.indexOf('\x1f\x8b\x08', 0, 'latin1');
    at >= 0;
    at = bytes.indexOf('\x1f\x8b\x08', at + 3, 'latin1')
  ) {
    try {
      found.push(gunzipSync(bytes.subarray(at), { finishFlush: 2 }));
    } catch {
      // Not a gzip member.
    }
  }
  return found;
}

/** Needles by the first four bytes of each form they may take: raw, base64, hex and UTF-16. */
function prefixes(
  needles: readonly string[],
): ReadonlyMap<number, readonly { readonly needle: string; readonly form: Buffer }[]> {
  const found = new Map<number, { needle: string; form: Buffer }[]>();
  for (const needle of needles) {
    const raw = Buffer.from(needle);
    const base64 = raw.toString('base64').replace(/=+$/, '').slice(0, -1);
    for (const form of [raw, Buffer.from(needle, 'utf16le'), Buffer.from(base64), Buffer.from(raw.toString('hex'))]) {
      const key = form.readUInt32LE(0);
      found.set(key, [...(found.get(key) ?? []), { needle, form }]);
    }
  }
  return found;
}

/** One pass over the bytes, whatever the number of needles. */
function leaks(bytes: Buffer, wanted: ReturnType<typeof prefixes>): string[] {
  const hits = new Set<string>();
  for (let at = 0; at + 4 <= bytes.length; at++) {
    const value = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
    for (const { needle, form } of wanted.get(value) ?? []) {
      if (bytes.subarray(at, at + form.length).equals(form)) hits.add(needle);
    }
  }
  return [...hits];
}
